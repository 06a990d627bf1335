"""Validates the `URU_*` variables with pydantic-settings, and describes each.

`settings.py` holds the values, with the defaults. `misspelt_variables.py` decides which unknown variables are errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from uru_mcp.config import parsing
from uru_mcp.config.misspelt_variables import meant_variable
from uru_mcp.config.parsing import SHORTEST_INTERVAL, one_of, seconds, whole_number
from uru_mcp.config.settings import KEY_VARIABLES, PREFIX, VARIABLES, Settings
from uru_mcp.config.tool_patterns import Pattern, read_confirmed, read_patterns
from uru_mcp.credentials.api_key import Key, read_key
from uru_mcp.errors import Code, SettingsError, SettingsProblem
from uru_mcp.messages.extension_form import IN_EXTENSION, in_extension
from uru_mcp.permissions import Permission

NO_KEY = "URU_API_KEY is not set."
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


def _key(text: str) -> Key:
    return read_key(text)


def _variable(description: str) -> Any:
    """A field that is None if the variable is not set; `Settings` has the default."""
    return Field(default=None, description=description)


class Variables(BaseSettings):
    """What may be set. Each field is the variable `URU_` + its name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, arbitrary_types_allowed=True, validate_default=False
    )

    api_key: Annotated[Key, BeforeValidator(_key)] = _variable("the API key, `uru_…`")
    api_key_file: Annotated[Path, BeforeValidator(parsing.absolute_path)] = _variable(
        "a file whose first line is the key; read again when it changes and when Uru rejects the key"
    )
    api_key_command: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parsing.split_command)] = _variable(
        "a command whose first line of output is the key; run without a shell, for 20 seconds at most"
    )
    proxy_url: Annotated[str, BeforeValidator(parsing.base_url)] = _variable(
        "the URL of Uru: https, or http on this machine"
    )
    workspace_id: Annotated[str, BeforeValidator(parsing.uuid)] = _variable("the workspace to work in, a UUID")
    permissions: Annotated[frozenset[Permission], NoDecode, BeforeValidator(parsing.permissions)] = _variable(
        "the key's permissions, such as `read,execute`, if Uru does not report them; otherwise a limit"
    )
    namespaces: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parsing.patterns)] = _variable(
        "only these namespaces, as comma-separated patterns such as `platform,gmail_*`"
    )
    tools: Annotated[tuple[Pattern, ...], NoDecode, BeforeValidator(read_patterns)] = _variable(
        "only these tools, as patterns over `<namespace>__<tool>`; `!` takes away, and the last that fits"
        " decides: `*,!stripe_*,!*__*DELETE*`"
    )
    confirm: Annotated[tuple[Pattern, ...], NoDecode, BeforeValidator(read_confirmed)] = _variable(
        "tools that run only after a person's yes: such patterns, `destructive`, `execute`; or `never`"
    )
    approvals: Annotated[str, BeforeValidator(one_of("ask", "person"))] = _variable(
        "who decides what a run of an automation waits for: with `ask` also the model, once the user said"
        " so in the chat; with `person` only a person, whom the client asks"
    )
    direct_tools: Annotated[str, BeforeValidator(one_of("auto", "all", "none"))] = _variable(
        "which of Uru's tools are listed individually: `auto` (as many as fit the budget), `all` or `none`"
    )
    tool_tokens: Annotated[int, BeforeValidator(whole_number(0, 1_000_000))] = _variable(
        "the budget for `auto`, in tokens of about four characters"
    )
    call_deadline: Annotated[float, BeforeValidator(seconds(1, 3600))] = _variable(
        "the maximum number of seconds until a call is answered"
    )
    execute_timeout: Annotated[float, BeforeValidator(seconds(1, 3600))] = _variable(
        "the maximum number of seconds for a run in Uru; it continues in the background after its call"
    )
    result_chars: Annotated[int, BeforeValidator(whole_number(1_000, 10_000_000))] = _variable(
        "the maximum length of a result in characters; longer ones are truncated"
    )
    sync_interval: Annotated[float, BeforeValidator(seconds(SHORTEST_INTERVAL, 86_400, or_none=True))] = _variable(
        "seconds between checks for changed tools; 0 disables the checks"
    )
    audit_log: Annotated[Path, BeforeValidator(parsing.log_path)] = _variable(
        "a file to which each call is logged as a line of JSON, such as `~/uru-audit.jsonl`"
    )
    audit_log_required: Annotated[bool, BeforeValidator(parsing.yes_or_no)] = _variable(
        "with `true`, calls are refused while the audit log cannot be written"
    )
    log_level: Annotated[str, BeforeValidator(one_of("debug", "info", "warning", "error"))] = _variable(
        "the log level on stderr"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # `read_settings` passes the environment in, once and completely


EXAMPLES: Mapping[str, str] = {
    "URU_API_KEY": "Copy the key from Uru (Settings → API Keys) into URU_API_KEY; it starts with uru_.",
    "URU_API_KEY_FILE": "Set URU_API_KEY_FILE to an absolute path, such as ~/.config/uru/key, or remove it.",
    "URU_API_KEY_COMMAND": "Set URU_API_KEY_COMMAND to a command as you would type it, such as pass show uru/key; use"
    " an absolute path for a program that is not on the PATH.",
    "URU_PROXY_URL": "Remove URU_PROXY_URL, or set it to an https:// address such as https://mcp.uruintelligence.com.",
    "URU_WORKSPACE_ID": "Set URU_WORKSPACE_ID to the workspace's UUID, or remove it. A UUID looks like"
    " 7b9f3c1e-2a4d-4e6f-8a1b-0c2d3e4f5a6b.",
    "URU_PERMISSIONS": "Set URU_PERMISSIONS to any of read, write and execute, separated by commas, such as"
    " read,execute.",
    "URU_TOOLS": "Set URU_TOOLS to patterns such as *,!stripe_*,!*__*DELETE*, or remove it.",
    "URU_CONFIRM": "Set URU_CONFIRM to never, to destructive, to execute or to patterns such as gmail_*__*SEND*, or"
    " remove it.",
    "URU_APPROVALS": "Set URU_APPROVALS to ask or person, or remove it.",
    "URU_DIRECT_TOOLS": "Set URU_DIRECT_TOOLS to auto, all or none, or remove it.",
    "URU_TOOL_TOKENS": "Set URU_TOOL_TOKENS to a whole number from 0 to 1000000, such as 10000, or remove it.",
    "URU_CALL_DEADLINE": "Set URU_CALL_DEADLINE to a number of seconds from 1 to 3600, such as 50, or remove it.",
    "URU_EXECUTE_TIMEOUT": "Set URU_EXECUTE_TIMEOUT to a number of seconds from 1 to 3600, such as 180, or remove it.",
    "URU_RESULT_CHARS": "Set URU_RESULT_CHARS to a whole number from 1000 to 10000000, such as 80000, or remove it.",
    "URU_SYNC_INTERVAL": "Set URU_SYNC_INTERVAL to a number of seconds from 0.1 to 86400, such as 60, to 0, or remove"
    " it.",
    "URU_AUDIT_LOG": "Set URU_AUDIT_LOG to an absolute path, such as ~/uru-audit.jsonl, or remove it.",
    "URU_AUDIT_LOG_REQUIRED": "Set URU_AUDIT_LOG_REQUIRED to true or false, or remove it.",
    "URU_LOG_LEVEL": "Set URU_LOG_LEVEL to debug, info, warning or error, or remove it.",
}


def validated(environ: Mapping[str, str]) -> Settings:
    """Read the `URU_*` variables of `environ`, an environment mapping.

    Blanks and quotation marks around a value are removed, and a blank value counts as unset. Variables that only the
    Node client reads are accepted and listed in `ignored`, those of other programs in `foreign`.

    Raises:
        SettingsError: A setting is missing or invalid; the error lists every problem, not only the first.
    """
    is_extension = bool(environ.get(IN_EXTENSION))
    stripped = {name: parsing.unquoted(value) for name, value in environ.items() if name.startswith(PREFIX)}
    given = {name: value for name, value in stripped.items() if value and name != IN_EXTENSION}
    ours = {name: value for name, value in given.items() if name in VARIABLES}
    problems = [*_misspelt(given), *_unexpanded(ours), *_not_one_key(ours)]
    source = EnvSettingsSource(Variables)
    source.env_vars = {name.lower(): value for name, value in ours.items()}
    values = {name: value for name, value in source().items() if value is not None}
    try:
        found = Variables(**values)
    except ValidationError as error:
        said = {problem.details["variable"] for problem in problems}
        problems += [problem for problem in _invalid(error) if problem.details["variable"] not in said]
        raise _together(problems, ours, is_extension=is_extension) from None  # the cause would contain the values
    if problems:
        raise _together(problems, ours, is_extension=is_extension)
    return Settings(
        **{name: getattr(found, name) for name in found.model_fields_set},
        ignored=tuple(sorted(NODE_CLIENT_ONLY & given.keys())),
        foreign=tuple(sorted(given.keys() - NODE_CLIENT_ONLY - ours.keys())),
        cache=parsing.cache_directory(environ),
        in_extension=is_extension,
    )


def _together(problems: list[SettingsProblem], ours: Mapping[str, str], *, is_extension: bool) -> SettingsError:
    if is_extension:
        problems = [
            SettingsProblem(in_extension(one.own_message), fix=in_extension(one.fix), code=one.code, **one.details)
            for one in problems
        ]
    about = {problem.details["variable"] for problem in problems}
    source = next((name for name in KEY_VARIABLES if name in ours), None)
    if source is None or about & {*KEY_VARIABLES}:
        return SettingsError(problems)
    last4 = Key(ours[source]).last4 if source == "URU_API_KEY" else None
    return SettingsError(problems, key_source=source, last4=last4)


def _misspelt(given: Mapping[str, str]) -> Iterator[SettingsProblem]:
    """Unknown variables meant for uru-mcp: ignoring them could allow what the user wanted to restrict."""
    for name in sorted(given.keys() - NODE_CLIENT_ONLY - set(VARIABLES)):
        near = meant_variable(name, VARIABLES)
        if near is not None:
            fix = f"Did you mean {near}? Rename it, or remove it."
            yield SettingsProblem(f"{name} is not a variable that uru-mcp knows.", fix=fix, variable=name)


def _unexpanded(ours: Mapping[str, str]) -> Iterator[SettingsProblem]:
    for name, value in ours.items():
        if "${" in value:
            message = f"{name} contains a placeholder, ${{…}}, that the program that starts uru-mcp did not replace."
            fix = f"Set {name} to the value itself, or set the variable that the placeholder names."
            yield SettingsProblem(message, fix=fix, variable=name)


def _not_one_key(ours: Mapping[str, str]) -> Iterator[SettingsProblem]:
    ways = [name for name in KEY_VARIABLES if name in ours]
    if not ways:
        fix = (
            f"{EXAMPLES['URU_API_KEY']} Or set URU_API_KEY_FILE to a file whose first line is the key, or"
            " URU_API_KEY_COMMAND to a command that prints it."
        )
        yield SettingsProblem(NO_KEY, fix=fix, variable="URU_API_KEY")
    if len(ways) > 1:
        message = f"{' and '.join(ways)} are set at the same time, but the key can come from only one source."
        yield SettingsProblem(message, fix="Keep one of them and remove the others.", variable=ways[0])


def _invalid(error: ValidationError) -> Iterator[SettingsProblem]:
    for item in error.errors(include_url=False, include_input=False):
        name = PREFIX + str(item["loc"][0]).upper()
        fix = EXAMPLES.get(name, f"Correct or remove {name}.")
        why = str(item.get("ctx", {}).get("error", "it is not valid"))  # each parser raises its own
        code: Code = "malformed_key" if name == "URU_API_KEY" else "not_configured"
        yield SettingsProblem(f"{name} cannot be used: {why}.", fix=fix, code=code, variable=name)
