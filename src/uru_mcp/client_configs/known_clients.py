"""The MCP clients that `uru-mcp install` knows: what their configurations look like, and what a person does with them.

Where the files lie is in `locations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A program that starts MCP servers.

    `member` is the object of its file in which servers stand by name. `is_relaxed` is whether the file may have
    comments and trailing commas. `is_typed` is whether a server says that it is one on stdio. `opens` is how a person
    gets at the file, and `next_step` what makes the client see a change.
    """

    name: str
    title: str
    member: str
    opens: str
    next_step: str
    is_relaxed: bool = False
    is_typed: bool = False


# Source: each vendor's documentation of MCP servers. Zed's `"source": "custom"` is gone since November 2025, and Zed
# removes it (zed-industries/zed#62818); that Cursor takes no trailing comma is in upstash/context7#563.
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
            next_step="Start Claude Code anew; /mcp shows the server.",
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
            next_step="Zed starts the server by itself; the settings of its Agent Panel show it.",
            is_relaxed=True,
        ),
    )
}
