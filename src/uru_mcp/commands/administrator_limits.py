"""What an administrator has decided that concerns `uru-mcp install`.

That is the policy with the audit log that it may require, and a client's managed configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.install_errors import ExitCode, Failure
from uru_mcp.commands.output import say_line
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.locations import Configuration
    from uru_mcp.commands.client_configs.machine import Machine
    from uru_mcp.commands.key_selection import Wish
    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import AuditUnavailable

AUDIT_LOG = "URU_AUDIT_LOG"
FILE = "uru-audit.jsonl"  # in the home directory


def refuse_if_managed(configuration: Configuration, machine: Machine) -> None:
    """Raises: `Failure` if the client ignores what users add, since it has a configuration of an administrator."""
    from uru_mcp.commands.client_configs.locations import managed_configuration

    client = configuration.client
    managed = managed_configuration(client, machine)
    if managed is not None:
        path = in_one_line(str(managed.path))
        raise Failure(
            f"{client.title} uses only the servers in {path}, which an administrator of this machine has written, and"
            f" ignores those that users add. Nothing was written.\n  Fix: Ask the administrator to add uru-mcp to"
            f" {path}, if it is not there.",
            ExitCode.MANAGED,
        )


def within_limits(old: Mapping[str, Any], wish: Wish, machine: Machine) -> tuple[Wish, AuditUnavailable | None]:
    """The wish with an audit log, if one is required and the entry would have none; and why it cannot be written.

    `old` are the variables of the old entry. Nothing is written, and no key is needed.

    Raises: `SettingsError` if the entry's server would not start with these settings within the policy.
    """
    from uru_mcp.audit.call_recorder import audit_trouble
    from uru_mcp.commands.client_configs.entry_environment import given

    settings = _settings(old, wish, machine)
    if not settings.audit_log_required:
        return wish, None
    if settings.audit_log is None:
        log = given(machine.environ, AUDIT_LOG).get(AUDIT_LOG, str(machine.home / FILE))
        wish = replace(wish, settings={**wish.settings, AUDIT_LOG: log})
        settings = _settings(old, wish, machine)
        say_line(f"An audit log is required on this machine: calls are logged in {settings.audit_log}")
    return wish, audit_trouble(settings)


def _settings(old: Mapping[str, Any], wish: Wish, machine: Machine) -> Settings:
    """The settings of the entry's server, with any key."""
    from uru_mcp.commands.client_configs.entry_environment import UNCHECKED_KEY, as_variables, with_key
    from uru_mcp.config.environment import read_settings

    if wish.sandbox:  # what else an old entry has is not checked
        logged = {name: old[name] for name in (AUDIT_LOG, f"{AUDIT_LOG}_REQUIRED") if name in old}
        env = {**UNCHECKED_KEY, **logged, **wish.with_permissions}
    else:
        env = with_key(old, machine.environ, UNCHECKED_KEY, wish.with_permissions)
    return read_settings(as_variables(env, {}), machine.system.policy, is_remote=not wish.sandbox)
