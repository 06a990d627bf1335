"""Runs all checks in order: the settings of this terminal, the service, each key, and each client's configuration.

If no key is set in this terminal, the settings are those of the first configuration that starts uru-mcp, which is
what a user means who has installed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress

from uru_mcp.commands.client_configs.machine import Machine
from uru_mcp.commands.doctor.backup_check import examine_backups
from uru_mcp.commands.doctor.checks import Examination, skipped
from uru_mcp.commands.doctor.configuration_checks import examine_configuration
from uru_mcp.commands.doctor.desktop_environment import is_network
from uru_mcp.commands.doctor.found_configurations import Found, found_on, serves_sandbox
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


async def examine(examination: Examination, redaction: Redaction, machine: Machine) -> Settings | None:
    """Run all checks and return the checked settings if they are valid. Changes nothing in Uru or on this machine."""
    environ, found = machine.environ, found_on(machine)
    heeded = [one for one in found if one.overruled_by is None]
    for variables in (environ, *(server.env for one in found for server in one.servers)):
        with suppress(ValueError):  # nothing else registers unused keys for redaction
            redaction.remember(read_key(variables.get("URU_API_KEY", "").strip()).reveal())
    examine_policy(examination)
    chosen, of = _chosen(environ, heeded)
    needless = _without_key(heeded)
    if needless is not None and not given(chosen):
        seen = f"none is set in this terminal; {needless}"
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
    await examine_keys(examination, heeded, environ)
    for one in found:
        await examine_configuration(examination, one, environ)
    examine_backups(examination, machine.platform, machine.home, environ)
    return settings


def _without_key(found: Iterable[Found]) -> str | None:
    """Why no key is needed in this terminal; None if no entry says that."""
    for one in found:
        if one.is_miswritten:
            return f"see {one.title}"
        for server in one.ours:
            if serves_sandbox(server):
                return f"{one.name(server)} serves a sandbox, which needs none"
            if one.has_placeholder(server):
                return f"{one.name(server)} has a placeholder, which {one.title} replaces"
    return None


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
