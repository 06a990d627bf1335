"""The entry that starts this installation of uru-mcp, as a client's configuration has it.

The command is an absolute path, since a desktop program's PATH is short. Which one, and why, is in `launch.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from uru_mcp.client_configs.launch import command_of
from uru_mcp.untrusted_input.terminal_escaping import as_json

OWN_WORDS = ("-P", "-m", "uru_mcp", "--sandbox")  # the arguments that `uru-mcp install` writes
KEY = ("URU_API_KEY", "paste your uru_ key here")
PERMISSIONS = ("URU_PERMISSIONS", "what you ticked: Read, Write, Execute")  # which is no value, so that it is changed

# Source: the names of directories in uv's cache, which itself may be anywhere; astral-sh/uv#4784 put `uvx` there.
CACHED = re.compile(r"(?:archive|builds|environments)-v[0-9]+")


def is_fleeting(python: str) -> bool:
    """Whether this Python lies in uv's cache, as that of `uvx` does, and may be gone tomorrow."""
    return any(CACHED.fullmatch(part) for part in re.split(r"[/\\]", python))


def entry(
    python: str, *arguments: str, env: Mapping[str, Any], old: Any = None, is_typed: bool = False
) -> dict[str, Any]:
    """The entry that starts the uru-mcp of this Python with these arguments; `env` is all that it sets.

    Of an old one that is a command, unknown fields stay. `args` is always there, since some clients want it.
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
    """The JSON of `claude_desktop_config.json` for this installation, with places for the key and what was ticked
    for it, unless it needs none.

    `key` is the variable that says where the key is, and what to show as its value.
    """
    server = entry(python, *arguments, env={} if "--sandbox" in arguments else dict([key, PERMISSIONS]))
    return as_json({"mcpServers": {"uru": server}})
