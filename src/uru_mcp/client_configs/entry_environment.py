"""The variables that an entry sets: which key, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uru_mcp.config.settings import KEY_VARIABLES, PREFIX

WITH_THE_KEY = ("URU_PROXY_URL", "URU_WORKSPACE_ID")  # a key is checked against these
CARRIED = (*WITH_THE_KEY, "URU_PERMISSIONS")


def given(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    """Those of these variables that are set, and not to nothing."""
    return {name: environ[name].strip() for name in names if environ.get(name, "").strip()}


def keys_given(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that say where the key is; more than one is for the settings to refuse."""
    return given(environ, *KEY_VARIABLES)


def left_behind(environ: Mapping[str, str]) -> list[str]:
    """The settings that are set here and do not come into a configuration."""
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in (*KEY_VARIABLES, *CARRIED))


def with_key(
    old: Mapping[str, Any], environ: Mapping[str, str], key: Mapping[str, str], permissions: str | None
) -> dict[str, Any]:
    """The key, what an old entry sets beside one, and what is carried over from here; `permissions` come first."""
    kept = {name: value for name, value in old.items() if name not in KEY_VARIABLES}
    return {**key, **kept, **given(environ, *CARRIED), **_ceiling(permissions)}


def of_sandbox(old: Mapping[str, Any], permissions: str | None) -> dict[str, Any]:
    """What an old entry sets, without what only the real Uru needs."""
    kept = {name: value for name, value in old.items() if name not in (*KEY_VARIABLES, *WITH_THE_KEY)}
    return {**kept, **_ceiling(permissions)}


def as_variables(env: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """The `URU_*` variables as a server would see them that this entry starts here, misspelt ones included."""
    here = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in KEY_VARIABLES}
    return {**here, **{name: str(value) for name, value in env.items() if name.startswith(PREFIX)}}


def _ceiling(permissions: str | None) -> dict[str, str]:
    return {} if permissions is None else {"URU_PERMISSIONS": permissions}
