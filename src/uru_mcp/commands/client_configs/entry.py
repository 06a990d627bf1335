"""Builds the server entry for a client's configuration that starts this installation of uru-mcp.

The command is an absolute path, since desktop programs have a short PATH. `launch.py` chooses it and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uru_mcp.commands.client_configs.entry_shape import PLAIN, Shape
from uru_mcp.commands.client_configs.launch import current_command
from uru_mcp.untrusted_input.terminal_escaping import as_json

OWN_WORDS = ("-P", "-m", "uru_mcp", "--sandbox")  # the arguments that `uru-mcp install` writes
KEY = ("URU_API_KEY", "paste your uru_ key here")
PERMISSIONS = ("URU_PERMISSIONS", "what you ticked: Read, Write, Execute")  # invalid on purpose, so users replace it


def entry(
    *arguments: str,
    env: Mapping[str, Any],
    old: Any = None,
    shape: Shape = PLAIN,
    name: str = "uru",
) -> dict[str, Any]:
    """The entry that starts this installation with these arguments, as a client of this shape has it.

    `env` is its complete environment. Unknown fields of an old entry stay.
    """
    return shape.entry([*current_command(), *arguments], env, old, name)


def configuration(*arguments: str, key: tuple[str, str] = KEY) -> str:
    """The JSON of `claude_desktop_config.json` for this installation, with placeholders for the key and its
    permissions unless it serves a sandbox.

    `key` is the key variable and the value to show for it.
    """
    server = entry(*arguments, env={} if "--sandbox" in arguments else dict([key, PERMISSIONS]))
    return as_json({"mcpServers": {"uru": server}})
