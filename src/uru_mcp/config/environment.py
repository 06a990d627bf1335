"""Reads the settings from the environment, and cuts them with the administrator's policy; the only reader of both.

The plain values that nearly all users set need no validation, so that pydantic-settings, whose import takes longer than
the rest of the start, is imported only for others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from uru_mcp.config.policy_file import INSTALLED, PolicyFile

if TYPE_CHECKING:
    from uru_mcp.config.settings import Settings

PLAIN = {
    "URU_API_KEY": r"uru_[A-Za-z0-9_.+/~-]{8,}={0,2}",
    "URU_PROXY_URL": r"https://[a-z0-9.-]+\.[a-z]{2,}/?|http://(?:127\.0\.0\.1|localhost)(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?/?",
    "URU_WORKSPACE_ID": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "URU_PERMISSIONS": r"(?:read|write|execute)(?:, ?(?:read|write|execute))*",
    "URU_NAMESPACES": r"[a-z0-9_*]+(?:, ?[a-z0-9_*]+)*",
    "URU_LOG_LEVEL": r"debug|info|warning|error",
    "URU_IN_EXTENSION": "1",
}
"""Values that are certainly valid, and that mean what they say."""


def read_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


@contextmanager
def replaced_variables(which: Callable[[str], bool], environ: Mapping[str, str]) -> Iterator[None]:
    """For a while, this process has certain variables of another environment, and no others of that kind."""
    before = {name: value for name, value in os.environ.items() if which(name)}
    try:
        for name in before:
            del os.environ[name]
        os.environ.update({name: value for name, value in environ.items() if which(name)})
        yield
    finally:
        for name in [name for name in os.environ if which(name)]:
            del os.environ[name]
        os.environ.update(before)


def is_plain(environ: Mapping[str, str]) -> bool:
    """Whether the settings are certainly valid: the key is set, and all `URU_*` variables have plain values."""
    ours = {name: value for name, value in environ.items() if name.startswith("URU_")}
    return "URU_API_KEY" in ours and all(
        name in PLAIN and re.fullmatch(PLAIN[name], value) for name, value in ours.items()
    )


def read_settings(
    environ: Mapping[str, str], policy_file: PolicyFile = INSTALLED, *, is_remote: bool = True
) -> Settings:
    """The settings of an environment, within the policy. `is_remote` is whether anything is sent over a network.

    Raises:
        SettingsError: A setting is missing, invalid or not allowed, or the policy cannot be used; the error lists every
            problem, not only the first.
    """
    from uru_mcp.config.settings import Managed, cut
    from uru_mcp.errors import SettingsError, SettingsProblem

    mark = policy_file.mark()  # before it is read, so that a change meanwhile shows as one
    policy, problems = None, list[SettingsProblem]()
    if mark is not None:
        from uru_mcp.config.managed_policy import read_policy

        try:
            policy = read_policy(policy_file)
        except SettingsError as error:
            problems += error.problems
    try:
        given = _given(environ)
    except SettingsError as error:
        every = [*problems, *error.problems]
        raise SettingsError(every, key_source=error.key_source, last4=error.last4) from None
    if problems:
        raise SettingsError(problems)
    return cut(Managed(policy, policy_file, mark, given, is_remote))


def _given(environ: Mapping[str, str]) -> Settings:
    """The settings of the environment alone. Raises: SettingsError."""
    if is_plain(environ):
        return _plain(environ)
    from uru_mcp.config.variables import validated

    return validated(environ)


def _plain(environ: Mapping[str, str]) -> Settings:
    from uru_mcp.config import parsing
    from uru_mcp.config.settings import Settings
    from uru_mcp.credentials.api_key import Key

    parsers: Mapping[str, Callable[[str], object]] = {
        "URU_API_KEY": Key,
        "URU_PROXY_URL": parsing.base_url,
        "URU_PERMISSIONS": parsing.permissions,
        "URU_NAMESPACES": parsing.patterns,
        "URU_IN_EXTENSION": bool,
    }
    values: dict[str, Any] = {
        name.removeprefix("URU_").lower(): parsers.get(name, str)(environ[name]) for name in PLAIN if name in environ
    }
    return Settings(**values, cache=parsing.cache_directory(environ))
