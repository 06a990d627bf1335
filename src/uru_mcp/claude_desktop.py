"""What a person pastes into Claude Desktop's configuration."""

from __future__ import annotations

import json


def configuration(python: str, *arguments: str) -> str:
    """The JSON of `claude_desktop_config.json` for this installation, with a place for the key unless it needs none.

    The command is an absolute path, since a desktop program's PATH is short.
    """
    server: dict[str, object] = {"command": python, "args": ["-m", "uru_mcp", *arguments]}
    if "--sandbox" not in arguments:
        server["env"] = {"URU_API_KEY": "paste your uru_ key here"}
    return json.dumps({"mcpServers": {"uru": server}}, indent=2)
