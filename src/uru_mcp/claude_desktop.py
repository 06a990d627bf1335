"""What a person pastes into Claude Desktop's configuration."""

from __future__ import annotations

import json


def configuration(python: str, *, key: str = "paste your uru_ key here") -> str:
    """The JSON of `claude_desktop_config.json` for this installation.

    The command is an absolute path, since a desktop program's PATH is short.
    """
    server = {"command": python, "args": ["-m", "uru_mcp"], "env": {"URU_API_KEY": key}}
    return json.dumps({"mcpServers": {"uru": server}}, indent=2)
