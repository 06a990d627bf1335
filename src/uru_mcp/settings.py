"""Settings from an environment mapping; the only reader of the environment.

Which unknown variables are errors is decided in `variable_names.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from uru_mcp import variables
from uru_mcp.errors import Code, SettingsError, SettingsProblem
from uru_mcp.key import Key
from uru_mcp.permissions import Permission
from uru_mcp.tool_patterns import Pattern, Rules, UserRules, read_confirmed, read_patterns
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


def _key(text: str) -> Key:
    return Key(text)


LowerCase = BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text)


class Settings(BaseSettings):
    """What the user set, each field as the variable `URU_` + its name in capitals. See `read_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, arbitrary_types_allowed=True, validate_default=False
    )

    api_key: Annotated[Key | None, BeforeValidator(_key)] = Field(default=None, description="the API key, `uru_…`")
    api_key_file: Annotated[Path | None, BeforeValidator(variables.absolute_path)] = Field(
        default=None,
        description="a file whose first line is the key; read again when it changes and when Uru rejects the key",
    )
    api_key_command: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(variables.split_command)] = Field(
        default=None,
        repr=False,  # its arguments may say where a secret is kept
        description="a command whose first line of output is the key; run without a shell, for 20 seconds at most",
    )
    proxy_url: Annotated[str, BeforeValidator(variables.base_url)] = Field(
        default="https://mcp.uruintelligence.com",
        description="where Uru answers: https, or http on this machine",
    )
    workspace_id: UUID | None = Field(default=None, description="the workspace to work in, a UUID")
    permissions: Annotated[frozenset[Permission] | None, NoDecode, BeforeValidator(variables.permissions)] = Field(
        default=None,
        description="what the key has, such as `read,execute`, where Uru does not tell it; otherwise a ceiling",
    )
    namespaces: Annotated[tuple[str, ...], NoDecode, BeforeValidator(variables.patterns)] = Field(
        default=(), description="only these namespaces, as comma-separated patterns such as `platform,gmail_*`"
    )
    tools: Annotated[tuple[Pattern, ...], NoDecode, BeforeValidator(read_patterns)] = Field(
        default=(),
        description="only these tools, as patterns over `<namespace>__<tool>`; `!` takes away, and the last that fits"
        " decides: `*,!stripe_*,!*__*DELETE*`",
    )
    confirm: Annotated[tuple[Pattern, ...] | None, NoDecode, BeforeValidator(read_confirmed)] = Field(
        default=None,
        description="tools that run only after a person's yes: such patterns, `destructive`, `execute`; or `never`",
    )
    approvals: Annotated[Literal["ask", "person"], LowerCase] = Field(
        default="ask",
        description="who decides what a run of an automation waits for: with `ask` also the model, once the user said"
        " so in the chat; with `person` only a person, whom the client asks",
    )
    direct_tools: Annotated[Literal["auto", "all", "none"], LowerCase] = Field(
        default="auto",
        description="which of Uru's tools are listed one by one: `auto` as many as fit the budget, `all`, `none`",
    )
    tool_tokens: int = Field(
        default=10_000, ge=0, le=1_000_000, description="that budget, in tokens of about four characters"
    )
    call_deadline: float = Field(
        default=50, ge=1, le=3600, description="seconds until a call is answered, at the latest"
    )
    execute_timeout: float = Field(
        default=180,
        ge=1,
        le=3600,
        description="seconds that a run may take in Uru; what a call cannot wait for goes on",
    )
    result_chars: int = Field(
        default=80_000, ge=1_000, le=10_000_000, description="characters of a result before it is cut"
    )
    sync_interval: Annotated[float, AfterValidator(variables.interval)] = Field(
        default=60,
        ge=0,
        le=86_400,
        description="seconds between looks whether the tools have changed; 0 turns them off",
    )
    audit_log: Annotated[Path | None, BeforeValidator(variables.absolute_path)] = Field(
        default=None, description="a file that gets a line of JSON for each call, such as `~/uru-audit.jsonl`"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], LowerCase] = Field(
        default="warning", description="what is logged to stderr"
    )

    ignored: tuple[str, ...] = Field(default=(), description="variables given that only the Node client reads")
    foreign: tuple[str, ...] = Field(default=(), description="variables given that other programs of Uru's read")
    cache: Path | None = Field(default=None, description="the directory for what may be lost, where there is one")

    @property
    def fixed_workspace(self) -> str | None:
        """The id of the workspace that the user has fixed, as Uru writes it."""
        return None if self.workspace_id is None else str(self.workspace_id)

    @property
    def rules(self) -> UserRules:
        """What the user has set about tools, for every gate alike."""
        confirmed = Rules(self.confirm or (), is_closing_by_exception=False)
        return UserRules(Rules(self.tools), confirmed, self.approvals == "person")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # the environment comes in through `read_settings`, once and whole


EXAMPLES: Mapping[str, str] = {
    "URU_API_KEY": "Copy the key from Uru (Settings → API Keys) into URU_API_KEY; it starts with uru_.",
    "URU_API_KEY_FILE": "Set URU_API_KEY_FILE to an absolute path, such as ~/.config/uru/key, or remove it.",
    "URU_API_KEY_COMMAND": "Set URU_API_KEY_COMMAND to a command as you would type it, such as pass show uru/key; give"
    " a program that is not on the PATH with its absolute path.",
    "URU_PROXY_URL": "Remove URU_PROXY_URL, or set it to an https:// address such as https://mcp.uruintelligence.com.",
    "URU_WORKSPACE_ID": "Set URU_WORKSPACE_ID to the workspace's UUID, or remove it.",
    "URU_PERMISSIONS": "Set URU_PERMISSIONS to any of read, write and execute, separated by commas.",
    "URU_TOOLS": "Set URU_TOOLS to patterns such as *,!stripe_*,!*__*DELETE*, or remove it.",
    "URU_CONFIRM": "Set URU_CONFIRM to never, to destructive, to execute or to patterns such as gmail_*__*SEND*, or"
    " remove it.",
    "URU_APPROVALS": "Set URU_APPROVALS to ask or person, or remove it.",
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

VARIABLES: tuple[str, ...] = tuple(
    PREFIX + name.upper() for name in Settings.model_fields if name not in ("ignored", "foreign", "cache")
)


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
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in ours.items()}
    values = {name: value for name, value in source().items() if value is not None}
    try:
        ignored = tuple(sorted(NODE_CLIENT_ONLY & given.keys()))
        foreign = tuple(sorted(given.keys() - NODE_CLIENT_ONLY - ours.keys()))
        cache = variables.cache_directory(environ)
        settings = Settings(**values, ignored=ignored, foreign=foreign, cache=cache)
    except ValidationError as error:
        said = {problem.details["variable"] for problem in problems}
        problems += [problem for problem in _invalid(error) if problem.details["variable"] not in said]
        raise SettingsError(problems) from None  # the cause would hold the values
    if problems:
        raise SettingsError(problems)
    return settings


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


def _invalid(error: ValidationError) -> Iterator[SettingsProblem]:
    for item in error.errors(include_url=False, include_input=False):
        name = PREFIX + str(item["loc"][0]).upper()
        fix = EXAMPLES.get(name, f"Mend or remove {name}.")
        why = str(item.get("ctx", {}).get("error", item["msg"][:1].lower() + item["msg"][1:]))
        code: Code = "malformed_key" if name == "URU_API_KEY" else "not_configured"
        yield SettingsProblem(f"{name} cannot be used: {why}.", fix=fix, code=code, variable=name)
