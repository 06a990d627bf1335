"""What an administrator has decided that concerns `uru-mcp install`: the policy, and the audit log that it requires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.output import say_line

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.machine import Machine
    from uru_mcp.commands.key_selection import Wish
    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import AuditUnavailable

AUDIT_LOG = "URU_AUDIT_LOG"
FILE = "uru-audit.jsonl"  # in the home directory


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
