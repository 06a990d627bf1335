"""What a person pastes into Claude Desktop's configuration."""

from __future__ import annotations

import json

KEY = ("URU_API_KEY", "paste your uru_ key here")


def configuration(python: str, *arguments: str, key: tuple[str, str] = KEY) -> str:
    """The JSON of `claude_desktop_config.json` for this installation, with a place for the key unless it needs none.

    The command is an absolute path, since a desktop program's PATH is short. `key` is the variable that says where the
    key is, and what to show as its value.
    """
    server: dict[str, object] = {"command": python, "args": ["-m", "uru_mcp", *arguments]}
    if "--sandbox" not in arguments:
        server["env"] = dict([key])
    return json.dumps({"mcpServers": {"uru": server}}, indent=2, ensure_ascii=False)
