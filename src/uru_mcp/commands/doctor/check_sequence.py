"""Runs all checks in order: the settings of this terminal, the service, each key, and each client's configuration.

If no key is set in this terminal, the settings are those of the first configuration that starts uru-mcp, which is
what a user means who has installed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

from uru_mcp.commands.doctor.backup_check import examine_backups
from uru_mcp.commands.doctor.checks import Examination, skipped
from uru_mcp.commands.doctor.configuration_checks import (
    Found,
    examine_configuration,
    found_on,
    serves_sandbox,
)
from uru_mcp.commands.doctor.desktop_environment import is_network
from uru_mcp.commands.doctor.key_checks import examine_keys
from uru_mcp.commands.doctor.service_checks import examine_service
from uru_mcp.commands.doctor.settings_checks import (
    CONFIGURATION,
    examine_audit_log,
    examine_policy,
    examine_variables,
    given,
)
from uru_mcp.commands.doctor.telemetry_check import examine_telemetry
from uru_mcp.config.environment import replaced_variables
from uru_mcp.config.settings import KEY_VARIABLES, Settings
from uru_mcp.credentials.api_key import read_key
from uru_mcp.untrusted_input.redaction import Redaction


async def examine(
    examination: Examination, redaction: Redaction, environ: Mapping[str, str], *, platform: str, home: Path
) -> Settings | None:
    """Run all checks and return the checked settings if they are valid. Changes nothing in Uru or on this machine."""
    found = found_on(platform, home, environ)
    for variables in (environ, *(server.env for one in found for server in one.servers)):
        with suppress(ValueError):  # nothing else registers unused keys for redaction
            redaction.remember(read_key(variables.get("URU_API_KEY", "").strip()).reveal())
    examine_policy(examination)
    chosen, of = _chosen(environ, found)
    sandboxed = [one.name(server) for one in found for server in one.ours if serves_sandbox(server)]
    if sandboxed and not given(chosen):
        seen = f"none is set in this terminal; {sandboxed[0]} serves a sandbox, which needs none"
        examination.tell(CONFIGURATION, skipped(seen))
        settings = None
    else:
        settings = examine_variables(examination, chosen, of=of)
    if settings is not None:
        examine_audit_log(examination, "audit log", settings)
    if chosen is environ:  # otherwise it is examined with its configuration
        await examine_telemetry(examination, environ)
    with replaced_variables(is_network, chosen) if chosen is not environ else nullcontext():
        await examine_service(examination, settings, redaction)
    await examine_keys(examination, found, environ)
    for one in found:
        await examine_configuration(examination, one, environ)
    examine_backups(examination, platform, home, environ)
    return settings


def _chosen(environ: Mapping[str, str], found: Iterable[Found]) -> tuple[Mapping[str, str], str]:
    """The environment to check, and where it is from."""
    if given(environ).keys() & {*KEY_VARIABLES}:
        return environ, "in this terminal"
    for one in found:
        for server in one.ours:
            if given(server.env) and not serves_sandbox(server) and not one.has_placeholder(server):
                where = f"in {one.name(server)}, since no key is set in this terminal"
                return one.environment_of(server, environ), where
    return environ, "in this terminal"
