"""Opens the bridge: sends the first requests to Uru, and imports the rest while they are in progress."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

from uru_mcp.config.environment import read_environment
from uru_mcp.errors import SettingsError
from uru_mcp.lazy_imports import BRIDGE, JSON_CODECS, SESSION, in_parts, load_codecs
from uru_mcp.tools.definitions import OWN
from uru_mcp.uru.connect import connect

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

    from uru_mcp.audit.telemetry import Telemetry
    from uru_mcp.bridge import Bridge
    from uru_mcp.config.settings import Settings
    from uru_mcp.server.unconfigured import Unconfigured
    from uru_mcp.untrusted_input.redaction import Redaction

Opener: TypeAlias = "Callable[[Callable[[], None]], AbstractAsyncContextManager[Bridge | Unconfigured]]"
"""Opens what is to be served, and closes it. It calls the function between the steps of opening."""


def opener(
    settings: Settings | SettingsError, redaction: Redaction, transport: AsyncBaseTransport | None = None
) -> Opener:
    """Opens the bridge for these settings, or what stands in for it. `transport` replaces the network."""
    if isinstance(settings, SettingsError):
        return _stand_in(settings, redaction)

    @asynccontextmanager
    async def opened(between: Callable[[], None]) -> AsyncIterator[Bridge]:
        connection = connect(settings, redaction, transport)
        async with connection.sending_ahead():
            load_codecs(JSON_CODECS)
            await in_parts(SESSION, between)
            from uru_mcp.session.wiring import Parts

            parts = Parts(settings, redaction, connection)
            async with parts.running():
                await in_parts(BRIDGE, between)
                from uru_mcp.bridge import Bridge

                telemetry = _telemetry(redaction)
                bridge = Bridge(settings, redaction, parts=parts, telemetry=telemetry)
                _look_ahead(redaction)
                async with telemetry.running(), bridge.running():
                    yield bridge

    return opened


def _stand_in(error: SettingsError, redaction: Redaction) -> Opener:
    @asynccontextmanager
    async def opened(_: Callable[[], None]) -> AsyncIterator[Unconfigured]:
        from uru_mcp.server.unconfigured import Unconfigured

        telemetry = _telemetry(redaction)
        unconfigured = Unconfigured(error, redaction, telemetry)
        async with telemetry.running(), unconfigured.running():
            yield unconfigured

    return opened


def _look_ahead(redaction: Redaction) -> None:
    """Redact what every list begins with, while responses are awaited; the redaction remembers that it is clean."""
    for definition in OWN.values():
        redaction.value(definition._asdict())


def _telemetry(redaction: Redaction) -> Telemetry:
    from uru_mcp.audit.telemetry import Telemetry
    from uru_mcp.config.otel_variables import read_otel_variables

    return Telemetry(read_otel_variables(read_environment()), redaction)
