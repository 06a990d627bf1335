"""Computes the environment variables of a server entry: the key and its related settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uru_mcp.config.settings import KEY_VARIABLES, PREFIX

WITH_THE_KEY = ("URU_PROXY_URL", "URU_WORKSPACE_ID")  # the settings that a key is checked with
CARRIED = (*WITH_THE_KEY, "URU_PERMISSIONS")


def given(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    """The given variables that are set and not blank."""
    return {name: environ[name].strip() for name in names if environ.get(name, "").strip()}


def keys_given(environ: Mapping[str, str]) -> dict[str, str]:
    """The key variables that are set; the settings refuse more than one."""
    return given(environ, *KEY_VARIABLES)


def left_behind(environ: Mapping[str, str]) -> list[str]:
    """The settings that are set in this terminal but not written to a configuration."""
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in (*KEY_VARIABLES, *CARRIED))


def with_key(
    old: Mapping[str, Any], environ: Mapping[str, str], key: Mapping[str, str], permissions: str | None
) -> dict[str, Any]:
    """The key, an old entry's other variables, and settings of this terminal; `permissions` takes precedence."""
    kept = {name: value for name, value in old.items() if name not in KEY_VARIABLES}
    return {**key, **kept, **given(environ, *CARRIED), **_ceiling(permissions)}


def of_sandbox(old: Mapping[str, Any], permissions: str | None) -> dict[str, Any]:
    """An old entry's variables without those that only the real Uru needs."""
    kept = {name: value for name, value in old.items() if name not in (*KEY_VARIABLES, *WITH_THE_KEY)}
    return {**kept, **_ceiling(permissions)}


def as_variables(env: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """The `URU_*` variables that the entry's server would see if started here, including misspelt ones."""
    here = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in KEY_VARIABLES}
    return {**here, **{name: str(value) for name, value in env.items() if name.startswith(PREFIX)}}


def _ceiling(permissions: str | None) -> dict[str, str]:
    return {} if permissions is None else {"URU_PERMISSIONS": permissions}
