"""The entry that starts this installation of uru-mcp, as a client's configuration has it.

The command is the absolute path of the Python that runs now, since a desktop program's PATH is short; `-m uru_mcp`
works wherever pip has put the script, and where it has put none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

OWN_WORDS = ("-m", "uru_mcp", "--sandbox")  # the arguments that `uru-mcp install` writes
KEY = ("URU_API_KEY", "paste your uru_ key here")

# Source: the names of directories in uv's cache, which itself may be anywhere; astral-sh/uv#4784 put `uvx` there.
CACHED = re.compile(r"(?:archive|builds|environments)-v[0-9]+")


def is_fleeting(python: str) -> bool:
    """Whether this Python lies in uv's cache, as that of `uvx` does, and may be gone tomorrow."""
    return any(CACHED.fullmatch(part) for part in re.split(r"[/\\]", python))


def entry(
    python: str, *arguments: str, env: Mapping[str, Any], old: Any = None, is_typed: bool = False
) -> dict[str, Any]:
    """The server's entry; `env` is all that it sets. Of an old one that is a command, unknown fields stay."""
    found: dict[str, Any] = {"type": "stdio"} if is_typed else {}
    found |= {"command": python, "args": ["-m", "uru_mcp", *arguments]}
    found |= {"env": dict(env)} if env else {}
    is_command = isinstance(old, dict) and "command" in old
    return {**({name: value for name, value in old.items() if name != "env"} if is_command else {}), **found}


def environment_of(old: Any) -> dict[str, Any]:
    """The variables that an old entry sets."""
    env = old.get("env") if isinstance(old, dict) else None
    return env if isinstance(env, dict) else {}


def configuration(python: str, *arguments: str, key: tuple[str, str] = KEY) -> str:
    """The JSON of `claude_desktop_config.json` for this installation, with a place for the key unless it needs none.

    `key` is the variable that says where the key is, and what to show as its value.
    """
    server = entry(python, *arguments, env={} if "--sandbox" in arguments else dict([key]))
    return json.dumps({"mcpServers": {"uru": server}}, indent=2, ensure_ascii=False)
