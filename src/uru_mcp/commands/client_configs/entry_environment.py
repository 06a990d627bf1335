"""Computes the environment variables of a server entry: the key and its related settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from uru_mcp.commands.client_configs.network_environment import network_variables
from uru_mcp.config.misspelt_variables import meant_variable
from uru_mcp.config.settings import KEY_VARIABLES, PREFIX, VARIABLES, Settings
from uru_mcp.errors import SettingsError

WITH_THE_KEY = ("URU_PROXY_URL", "URU_WORKSPACE_ID")  # the settings that a key is checked with
OPTIONS = {
    "URU_API_KEY": "--key-file",
    "URU_API_KEY_FILE": "--key-file",
    "URU_API_KEY_COMMAND": "--key-command",
    "URU_PERMISSIONS": "--permissions",
}
CARRIED = (*WITH_THE_KEY, "URU_PERMISSIONS")
UNCHECKED_KEY = {KEY_VARIABLES[0]: "uru_not_checked_here"}  # to validate settings without a key
DEFAULT_URL = Settings().proxy_url


def given(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    """The given variables that are set and not blank."""
    return {name: environ[name].strip() for name in names if environ.get(name, "").strip()}


def keys_given(environ: Mapping[str, str]) -> dict[str, str]:
    """The key variables that are set; the settings refuse more than one."""
    return given(environ, *KEY_VARIABLES)


def assigned(assignments: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The settings in `NAME=VALUE`, in `NAME=`, which removes one, or in `NAME`, with its value in this terminal.

    The policy is not applied, since it concerns the whole entry.

    Raises: ValueError for what is not a setting, belongs to another option, or cannot be used.
    """
    found = {}
    for assignment in assignments:
        name, has_value, value = assignment.partition("=")
        name = name.strip().upper()
        if name in OPTIONS:
            raise ValueError(f"{name} has an option of its own, {OPTIONS[name]}.")
        if name not in VARIABLES:
            near = meant_variable(name, VARIABLES)
            raise ValueError(f"{name[:80]} is not a setting." + (f" Did you mean {near}?" if near else ""))
        if not has_value and not given(environ, name):
            raise ValueError(f"{name} is not set in this terminal; write {name}=VALUE.")
        found[name] = value.strip() if has_value else given(environ, name)[name]
    from uru_mcp.config.variables import validated

    try:
        validated({**UNCHECKED_KEY, **found})
    except SettingsError as error:
        raise ValueError(error.message) from None
    return found


def left_behind(environ: Mapping[str, str], written: Mapping[str, Any]) -> list[str]:
    """The settings that are set in this terminal but not as they were written to a configuration."""
    others = set(VARIABLES) - {*KEY_VARIABLES, *CARRIED}
    return sorted(name for name, value in given(environ, *others).items() if written.get(name) != value)


def with_key(
    old: Mapping[str, Any],
    environ: Mapping[str, str],
    key: Mapping[str, str],
    settings: Mapping[str, str],
) -> dict[str, Any]:
    """The key, an old entry's other variables, what the connection of this terminal needs, and the chosen settings."""
    kept = {name: value for name, value in old.items() if name not in KEY_VARIABLES}
    beside = {**kept, **given(environ, *CARRIED)}
    network = network_variables(environ, url_of({**beside, **settings}))
    return {**key, **beside, **network, **settings}


def without_blank(env: Mapping[str, Any]) -> dict[str, Any]:
    """The variables without those of ours that `--set NAME=` has made blank, which takes them out of the entry."""
    return {name: value for name, value in env.items() if value != "" or name not in VARIABLES}


def url_of(env: Mapping[str, Any]) -> str:
    """The address that an entry with these variables connects to."""
    return str(env.get("URU_PROXY_URL") or DEFAULT_URL)


def of_sandbox(old: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """An old entry's variables without those that only the real Uru needs."""
    kept = {name: value for name, value in old.items() if name not in (*KEY_VARIABLES, *WITH_THE_KEY)}
    return without_blank({**kept, **settings})


def as_variables(env: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """The `URU_*` variables that the entry's server would see if started here, including misspelt ones."""
    here = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in KEY_VARIABLES}
    return {**here, **{name: str(value) for name, value in env.items() if name.startswith(PREFIX)}}
