"""Settings from an environment mapping; the only reader of the environment but for `early_stdin.py`.

Which unknown variables are errors is decided in `variable_names.py`. Each start waits for this, so it is read by hand:
to import `pydantic-settings` would take longer than all else before the first request.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from uru_mcp import variables
from uru_mcp.errors import Code, SettingsError, SettingsProblem
from uru_mcp.key import Key
from uru_mcp.permissions import Permissions
from uru_mcp.variable_names import meant_variable

PREFIX = "URU_"

NODE_CLIENT_ONLY = frozenset(
    {
        "URU_DEBUG",
        "URU_TOOL_SYNC_POLL_MS",
        "URU_ENABLE_TOOL_LIST_CHANGED",
        "URU_MAX_TOOLS_PER_PAGE",
        "URU_MAX_NAMESPACES",
        "URU_PRELOAD_NAMESPACES",
        "URU_ENABLE_PARALLEL_LOADING",
        "URU_ENABLE_PREDICTIVE_LOADING",
    }
)


def _setting(read: Callable[[str], Any], default: Any, description: str, *, is_shown: bool = True) -> Any:
    """A field that is read of a variable by `read`, which raises ValueError with what is wrong with the text."""
    return field(default=default, repr=is_shown, metadata={"read": read, "description": description})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user set, each field as the variable `URU_` + its name in capitals. See `read_settings`."""

    api_key: Key | None = _setting(Key, None, "the API key, `uru_…`")
    api_key_file: Path | None = _setting(
        variables.absolute_path,
        None,
        "a file whose first line is the key; read again when it changes and when Uru rejects the key",
    )
    api_key_command: tuple[str, ...] | None = _setting(
        variables.split_command,
        None,
        "a command whose first line of output is the key; run without a shell, for 20 seconds at most",
        is_shown=False,  # its arguments may say where a secret is kept
    )
    proxy_url: str = _setting(
        variables.base_url,
        "https://mcp.uruintelligence.com",
        "where Uru answers: https, or http on this machine",
    )
    workspace_id: str | None = _setting(variables.uuid, None, "the workspace to work in, a UUID")
    permissions: Permissions | None = _setting(
        variables.permissions,
        None,
        "what the key has, such as `read,execute`, where Uru does not tell it; otherwise a ceiling",
    )
    namespaces: tuple[str, ...] = _setting(
        variables.patterns, (), "only these namespaces, as comma-separated patterns such as `platform,gmail_*`"
    )
    direct_tools: Literal["auto", "all", "none"] = _setting(
        variables.one_of("auto", "all", "none"),
        "auto",
        "which of Uru's tools are listed one by one: `auto` as many as fit the budget, `all`, `none`",
    )
    tool_tokens: int = _setting(
        variables.whole_number(0, 1_000_000), 10_000, "that budget, in tokens of about four characters"
    )
    call_deadline: float = _setting(variables.number(1, 3600), 50, "seconds until a call is answered, at the latest")
    execute_timeout: float = _setting(
        variables.number(1, 3600),
        180,
        "seconds that a run may take in Uru; what a call cannot wait for goes on",
    )
    result_chars: int = _setting(
        variables.whole_number(1_000, 10_000_000), 80_000, "characters of a result before it is cut"
    )
    sync_interval: float = _setting(
        variables.interval,
        60,
        "seconds between looks whether the tools have changed; 0 turns them off",
    )
    audit_log: Path | None = _setting(
        variables.absolute_path, None, "a file that gets a line of JSON for each call, such as `~/uru-audit.jsonl`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        variables.one_of("debug", "info", "warning", "error"), "warning", "what is logged to stderr"
    )

    given: frozenset[str] = frozenset()
    """The names of the fields that a variable set."""
    ignored: tuple[str, ...] = ()
    """Variables given that only the Node client reads."""
    foreign: tuple[str, ...] = ()
    """Variables given that other programs of Uru's read."""
    cache: Path | None = None
    """The directory for what may be lost, where there is one."""

    @property
    def fixed_workspace(self) -> str | None:
        """The id of the workspace that the user has fixed, as Uru writes it."""
        return self.workspace_id


EXAMPLES: Mapping[str, str] = {
    "URU_API_KEY": "Copy the key from Uru (Settings → API Keys) into URU_API_KEY; it starts with uru_.",
    "URU_API_KEY_FILE": "Set URU_API_KEY_FILE to an absolute path, such as ~/.config/uru/key, or remove it.",
    "URU_API_KEY_COMMAND": "Set URU_API_KEY_COMMAND to a command as you would type it, such as pass show uru/key; give"
    " a program that is not on the PATH with its absolute path.",
    "URU_PROXY_URL": "Remove URU_PROXY_URL, or set it to an https:// address such as https://mcp.uruintelligence.com.",
    "URU_WORKSPACE_ID": "Set URU_WORKSPACE_ID to the workspace's UUID, or remove it.",
    "URU_PERMISSIONS": "Set URU_PERMISSIONS to any of read, write and execute, separated by commas.",
    "URU_DIRECT_TOOLS": "Set URU_DIRECT_TOOLS to auto, all or none, or remove it.",
    "URU_TOOL_TOKENS": "Set URU_TOOL_TOKENS to a whole number from 0 to 1000000, or remove it.",
    "URU_CALL_DEADLINE": "Set URU_CALL_DEADLINE to a number of seconds from 1 to 3600, or remove it.",
    "URU_EXECUTE_TIMEOUT": "Set URU_EXECUTE_TIMEOUT to a number of seconds from 1 to 3600, or remove it.",
    "URU_RESULT_CHARS": "Set URU_RESULT_CHARS to a whole number from 1000 to 10000000, or remove it.",
    "URU_SYNC_INTERVAL": "Set URU_SYNC_INTERVAL to a number of seconds from 0.1 to 86400, to 0, or remove it.",
    "URU_AUDIT_LOG": "Set URU_AUDIT_LOG to an absolute path, such as ~/uru-audit.jsonl, or remove it.",
    "URU_LOG_LEVEL": "Set URU_LOG_LEVEL to debug, info, warning or error, or remove it.",
}

KEY_VARIABLES = ("URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND")  # exactly one of them is set

FIELDS = {PREFIX + one.name.upper(): one for one in fields(Settings) if one.metadata}
VARIABLES = tuple(FIELDS)


def read_environment() -> Mapping[str, str]:
    """The process's own environment."""
    return os.environ


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the `URU_*` variables of `environ`, an environment mapping.

    Blanks and quotation marks around a value are taken off, and a blank value counts as unset. Variables that only the
    Node client reads are accepted, and named in `ignored`; those of other programs in `foreign`.

    Raises:
        SettingsError: Something is missing or wrong; it carries every problem found, not only the first.
    """
    stripped = {name: variables.unquoted(value) for name, value in environ.items() if name.startswith(PREFIX)}
    given = {name: value for name, value in stripped.items() if value}
    ours = {name: value for name, value in given.items() if name in VARIABLES}
    problems = [*_misspelt(given), *_unexpanded(ours), *_not_one_key(ours)]
    said = {problem.details["variable"] for problem in problems}
    values: dict[str, Any] = {}
    for name in VARIABLES:
        if name in ours and name not in said:
            try:
                values[FIELDS[name].name] = FIELDS[name].metadata["read"](ours[name])
            except ValueError as error:
                problems.append(_invalid(name, error))
    if problems:
        raise SettingsError(problems)
    return Settings(
        **values,
        given=frozenset(values),
        ignored=tuple(sorted(NODE_CLIENT_ONLY & given.keys())),
        foreign=tuple(sorted(given.keys() - NODE_CLIENT_ONLY - ours.keys())),
        cache=variables.cache_directory(environ),
    )


def _misspelt(given: Mapping[str, str]) -> Iterator[SettingsProblem]:
    """Those that were meant for us: ignoring them could open what the user wanted closed."""
    for name in sorted(given.keys() - NODE_CLIENT_ONLY - set(VARIABLES)):
        near = meant_variable(name, VARIABLES)
        if near is not None:
            fix = f"Did you mean {near}? Rename it, or remove it."
            yield SettingsProblem(f"{name} is not a variable that uru-mcp knows.", fix=fix, variable=name)


def _unexpanded(ours: Mapping[str, str]) -> Iterator[SettingsProblem]:
    for name, value in ours.items():
        if "${" in value:
            message = f"{name} holds a placeholder, ${{…}}, that the program which starts uru-mcp did not fill in."
            fix = f"Write the value itself into {name}, or set the variable that the placeholder names."
            yield SettingsProblem(message, fix=fix, variable=name)


def _not_one_key(ours: Mapping[str, str]) -> Iterator[SettingsProblem]:
    ways = [name for name in KEY_VARIABLES if name in ours]
    if not ways:
        fix = (
            f"{EXAMPLES['URU_API_KEY']} Or set URU_API_KEY_FILE to a file whose first line is the key, or"
            " URU_API_KEY_COMMAND to a command that prints it."
        )
        yield SettingsProblem("URU_API_KEY is not set.", fix=fix, variable="URU_API_KEY")
    if len(ways) > 1:
        message = f"{' and '.join(ways)} are set together, and the key can come from one place only."
        yield SettingsProblem(message, fix="Keep one of them and remove the rest.", variable=ways[0])


def _invalid(name: str, error: ValueError) -> SettingsProblem:
    code: Code = "malformed_key" if name == "URU_API_KEY" else "not_configured"
    return SettingsProblem(f"{name} cannot be used: {error}.", fix=EXAMPLES[name], code=code, variable=name)
