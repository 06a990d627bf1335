"""A stand-in for the bridge when the settings are invalid: every call returns the configuration error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from uru_mcp.access.key_status import KeyStatus
from uru_mcp.audit.call_recorder import CallContext, CallRecorder
from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.bridge import Answer
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import SettingsError, UruError
from uru_mcp.resources.resource_requests import ResourceHandlers
from uru_mcp.results.consent import Consent, Way
from uru_mcp.results.render import Rendered, Renderer
from uru_mcp.session.list_changes import List, ignore_change
from uru_mcp.tools import shown_tools
from uru_mcp.tools.definitions import Definition
from uru_mcp.tools.whoami import Facts, report
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.resource_uris import ResourceUri


class Unconfigured:
    """Sends nothing, and tells the user how to fix the configuration."""

    def __init__(self, error: SettingsError, redaction: Redaction, telemetry: Telemetry | None = None) -> None:
        self._error = error
        self._key_status = KeyStatus(trouble=error)
        self._renderer = Renderer(redaction, budget=0)  # the budget limits results, and there are none
        self.call_within = 0.0  # no call waits for anything
        self.recorder = CallRecorder(None, _call_context, telemetry=telemetry)
        self.on_change: Callable[[List], Awaitable[None]] = ignore_change

    @property
    def blocking_error(self) -> UruError:
        return self._error

    def key_in_use(self) -> Key | None:
        return None

    async def accepted_key(self, within: float) -> Key | None:
        """Raises: SettingsError, always."""
        raise self._error.with_traceback(None)

    async def title_of(self, run: ResourceUri, within: float) -> str | None:
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def list_tools(self) -> list[Definition]:
        return shown_tools.listed(Catalog(), self._key_status, direct="none", budget=0)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        *,
        within: float | None = None,
        way: Way = "none",
        consent: Consent | None = None,
    ) -> Rendered:
        """The configuration error, as the report of `uru_whoami` or as the result of any other call."""
        with self.recorder.recording(name, arguments) as seen:
            seen.rendered = self._report() if name == "uru_whoami" else self.refusal(self._error)
            return seen.rendered

    def _report(self) -> Rendered:
        now, status = datetime.now(UTC), self.recorder.telemetry.status
        facts = Facts(self._key_status, Catalog(), None, {}, None, None, now, telemetry=status)
        return self._renderer.answer(*report(facts))

    def declined(self, name: str, arguments: dict[str, Any], consent: Consent) -> Rendered:
        return self.refusal(self._error)

    def answer(self, structure: dict[str, Any], note: str) -> Rendered:
        return self.refusal(self._error)

    def recorded(self, name: str, rendered: Rendered) -> Rendered:
        return rendered

    @property
    def rules(self) -> UserRules:
        return UserRules()

    def waits_for_a_yes(self, name: str) -> bool:
        return False

    async def resource_request(self, name: List, ask: Callable[[ResourceHandlers, float], Awaitable[Answer]]) -> Answer:
        """Raises: SettingsError, always."""
        raise self._error.with_traceback(None)

    def refusal(self, error: UruError) -> Rendered:
        return self._renderer.error(error)


def _call_context(tool: str) -> CallContext:
    return CallContext(shown_tools.needs_of(tool, Catalog()), None, None)
