"""Builds the server entry for a client's configuration that starts this installation of uru-mcp.

The command is an absolute path, since desktop programs have a short PATH. `launch.py` chooses it and says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from uru_mcp.commands.client_configs.launch import command_of
from uru_mcp.untrusted_input.terminal_escaping import as_json

OWN_WORDS = ("-P", "-m", "uru_mcp", "--sandbox")  # the arguments that `uru-mcp install` writes
KEY = ("URU_API_KEY", "paste your uru_ key here")
PERMISSIONS = ("URU_PERMISSIONS", "what you ticked: Read, Write, Execute")  # invalid on purpose, so users replace it

# Source: directory names in uv's cache, which may be anywhere; since astral-sh/uv#4784, `uvx` runs from there.
CACHED = re.compile(r"(?:archive|builds|environments)-v[0-9]+")


def is_in_uv_cache(python: str) -> bool:
    """Whether this Python is in uv's cache, like that of `uvx`, and may be deleted at any time."""
    return any(CACHED.fullmatch(part) for part in re.split(r"[/\\]", python))


def entry(
    python: str, *arguments: str, env: Mapping[str, Any], old: Any = None, is_typed: bool = False
) -> dict[str, Any]:
    """The entry that starts this Python's uru-mcp with these arguments; `env` is its complete environment.

    Unknown fields of an old entry stay if it has a command. `args` is always included, since some clients require it.
    """
    command, *words = command_of(python)
    found: dict[str, Any] = {"type": "stdio"} if is_typed else {}
    found |= {"command": command, "args": [*words, *arguments]}
    found |= {"env": dict(env)} if env else {}
    is_command = isinstance(old, dict) and "command" in old
    return {**({name: value for name, value in old.items() if name != "env"} if is_command else {}), **found}


def environment_of(old: Any) -> dict[str, Any]:
    """The variables that an old entry sets."""
    env = old.get("env") if isinstance(old, dict) else None
    return env if isinstance(env, dict) else {}


def configuration(python: str, *arguments: str, key: tuple[str, str] = KEY) -> str:
    """The JSON of `claude_desktop_config.json` for this installation, with placeholders for the key and its
    permissions unless it serves a sandbox.

    `key` is the key variable and the value to show for it.
    """
    server = entry(python, *arguments, env={} if "--sandbox" in arguments else dict([key, PERMISSIONS]))
    return as_json({"mcpServers": {"uru": server}})
