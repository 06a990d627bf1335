"""Runs all checks in order: the settings of this terminal, the service, and then each client's configuration.

If no variable is set in this terminal, the settings are those of the first configuration that starts uru-mcp, which is
what a user means who has installed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from uru_mcp.commands.doctor.checks import Examination, skipped
from uru_mcp.commands.doctor.configuration_checks import (
    Found,
    environment_of,
    examine_configuration,
    found_on,
    serves_sandbox,
)
from uru_mcp.commands.doctor.service_checks import examine_service
from uru_mcp.commands.doctor.settings_checks import CONFIGURATION, examine_variables, given
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.api_key import Key
from uru_mcp.untrusted_input.redaction import Redaction


async def examine(
    examination: Examination, redaction: Redaction, environ: Mapping[str, str], *, platform: str, home: Path
) -> Settings | None:
    """Run all checks and return the checked settings if they are valid. Changes nothing in Uru or on this machine."""
    found = found_on(platform, home, environ)
    for variables in (environ, *(server.env for one in found for server in one.servers)):
        with suppress(ValueError):  # nothing else registers unused keys for redaction
            redaction.remember(Key(variables.get("URU_API_KEY", "").strip()).reveal())
    chosen, of = _chosen(environ, found)
    sandboxed = [one.name(server) for one in found for server in one.ours if serves_sandbox(server)]
    if sandboxed and not given(chosen):
        seen = f"none is set in this terminal; {sandboxed[0]} serves a sandbox, which needs none"
        examination.tell(CONFIGURATION, skipped(seen))
        settings = None
    else:
        settings = examine_variables(examination, chosen, of=of)
    await examine_service(examination, settings, redaction)
    for one in found:
        await examine_configuration(examination, one, environ)
    return settings


def _chosen(environ: Mapping[str, str], found: Iterable[Found]) -> tuple[Mapping[str, str], str]:
    """The environment to check, and where it is from."""
    if given(environ):
        return environ, "in this terminal"
    for one in found:
        for server in one.ours:
            if given(server.env) and not serves_sandbox(server):
                return environment_of(server, environ), f"in {one.name(server)}, since none is set in this terminal"
    return environ, "in this terminal"
