"""The MCP clients that `uru-mcp install` supports: their configuration format, and what to do after a change.

`locations.py` knows where the files are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A program that starts MCP servers.

    `member` is the object in its file that contains the servers by name. `is_relaxed` is whether the file may contain
    comments and trailing commas. `is_typed` is whether an entry needs `"type": "stdio"`. `opens` is how a user opens
    the file, and `next_step` what the user must do to apply a change.
    """

    name: str
    title: str
    member: str
    opens: str
    next_step: str
    is_relaxed: bool = False
    is_typed: bool = False


# Source: each vendor's documentation of MCP servers. Zed has dropped `"source": "custom"` since November 2025 and
# removes it (zed-industries/zed#62818). Cursor rejects trailing commas (upstash/context7#563).
CLIENTS = {
    client.name: client
    for client in (
        Client(
            "claude-desktop",
            "Claude Desktop",
            "mcpServers",
            opens="Settings → Developer → Edit Config",
            next_step="Quit Claude Desktop fully (closing its window is not enough) and open it again.",
        ),
        Client(
            "claude-code",
            "Claude Code",
            "mcpServers",
            opens="any text editor",
            next_step="Restart Claude Code; /mcp shows the server.",
            is_typed=True,
        ),
        Client(
            "cursor",
            "Cursor",
            "mcpServers",
            opens="Cursor Settings → MCP",
            next_step="Restart Cursor; Cursor Settings → MCP shows the server.",
        ),
        Client(
            "vscode",
            "VS Code",
            "servers",
            opens="the command “MCP: Open User Configuration”",
            next_step="In VS Code, run “MCP: List Servers”, choose the server, and start it.",
            is_relaxed=True,
            is_typed=True,
        ),
        Client(
            "windsurf",
            "Windsurf",
            "mcpServers",
            opens="Cascade → MCPs → Configure",
            next_step="In Windsurf, refresh the list of MCP servers in Cascade, or restart Windsurf.",
        ),
        Client(
            "zed",
            "Zed",
            "context_servers",
            opens="the command “zed: open settings file”",
            next_step="Zed starts the server automatically; the settings of its Agent Panel show it.",
            is_relaxed=True,
        ),
    )
}
