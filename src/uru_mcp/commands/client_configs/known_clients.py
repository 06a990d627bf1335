"""The table of MCP clients that `uru-mcp install` supports. A new client is a row here, and a line in the README.

A row says where the client's file is, in which format, under which member it lists servers, how an entry looks, and
what the user must do after a change. Facts about Claude Desktop, Claude Code, Cursor, VS Code, Windsurf and Zed are
from each vendor's documentation of MCP servers; those of the others name their source. `docs/clients.md` says which
clients have been tested with uru-mcp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from uru_mcp.commands.client_configs import client_files
from uru_mcp.commands.client_configs.entry_shape import PLAIN, Shape
from uru_mcp.commands.client_configs.formats.parsing import Syntax
from uru_mcp.commands.client_configs.machine import Machine

# What a server inherits: all variables of the terminal that its client runs in; its PATH and those of the session, but
# no proxies; or what a desktop program has, whose PATH is short.
Inherited = Literal["terminal", "path", "desktop"]

STDIO = {"type": "stdio"}


@dataclass(frozen=True, slots=True)
class Client:
    """A program that starts MCP servers.

    `member` is the object in its file that contains the servers by name. `opens` is how a user opens the file, and
    `next_step` what the user must do to apply a change. `call_timeout` is how many seconds the client waits for a call
    unless it is configured otherwise, if that is known. `placeholder` starts what the client replaces in values.
    `program` is its name on the PATH if that is not `name`, and `inherited` what its servers inherit. `managed` is an
    administrator's file: if there is one, the client ignores the servers of all others.
    """

    name: str
    title: str
    place: Callable[[Machine], Path]
    member: str
    opens: str
    next_step: str
    syntax: Syntax = "json"
    shape: Shape = PLAIN
    call_timeout: int | None = None
    placeholder: str | None = "${"
    program: str = ""
    inherited: Inherited = "desktop"
    managed: Callable[[Machine], Path] | None = None


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "claude-desktop",
            "Claude Desktop",
            client_files.claude_desktop,
            "mcpServers",
            opens="Settings → Developer → Edit Config",
            next_step="Quit Claude Desktop fully (closing its window is not enough) and open it again.",
            call_timeout=60,
            placeholder=None,
        ),
        Client(
            "claude-code",
            "Claude Code",
            client_files.claude_code,
            "mcpServers",
            opens="any text editor",
            next_step="Restart Claude Code; /mcp shows the server.",
            shape=Shape(always=STDIO),
            program="claude",
            inherited="terminal",
            managed=client_files.claude_code_managed,
        ),
        Client(
            "cursor",  # rejects trailing commas (upstash/context7#563)
            "Cursor",
            client_files.cursor,
            "mcpServers",
            opens="Cursor Settings → MCP",
            next_step="Restart Cursor; Cursor Settings → MCP shows the server.",
        ),
        Client(
            "vscode",
            "VS Code",
            client_files.vscode,
            "servers",
            opens="the command “MCP: Open User Configuration”",
            next_step="In VS Code, run “MCP: List Servers”, choose the server, and start it.",
            syntax="jsonc",
            shape=Shape(always=STDIO),
            program="code",
        ),
        Client(
            "windsurf",
            "Windsurf",
            client_files.windsurf,
            "mcpServers",
            opens="Cascade → MCPs → Configure",
            next_step="In Windsurf, refresh the list of MCP servers in Cascade, or restart Windsurf.",
        ),
        Client(
            "zed",  # has dropped `"source": "custom"` since November 2025, and removes it (zed-industries/zed#62818)
            "Zed",
            client_files.zed,
            "context_servers",
            opens="the command “zed: open settings file”",
            next_step="Zed starts the server automatically; the settings of its Agent Panel show it.",
            syntax="jsonc",
        ),
        # Source: openai/codex, codex-rs/config/src/mcp_types.rs, and its documentation of MCP. It waits 10 seconds for
        # a server's start and first list of tools by default, and uru-mcp may need as long. Version 0.171 passes a
        # server HOME, PATH and a few others, SSL_CERT_FILE among them, but no proxy.
        Client(
            "codex",
            "Codex",
            client_files.codex,
            "mcp_servers",
            opens="any text editor",
            next_step="Restart Codex; /mcp shows the server.",
            syntax="toml",
            shape=Shape(unless_set={"startup_timeout_sec": 30}),
            call_timeout=60,
            placeholder=None,
            inherited="path",
        ),
        # Source: google-gemini/gemini-cli, docs/tools/mcp-server.md and packages/core/src/tools/mcp-client.ts; it
        # allows comments, and replaces $NAME and ${NAME}.
        Client(
            "gemini-cli",
            "Gemini CLI",
            client_files.gemini_cli,
            "mcpServers",
            opens="any text editor",
            next_step="Restart Gemini CLI in a folder that it trusts; /mcp shows the server.",
            syntax="jsonc",
            call_timeout=600,
            placeholder="$",
            program="gemini",
            inherited="terminal",
        ),
        # Source: anomalyco/opencode, packages/opencode/src/config/mcp.ts. It waits 5 seconds for the first list of
        # tools by default, in newer versions 30; uru-mcp may need 10, and up to 50 for a call. `timeout` is in
        # milliseconds.
        Client(
            "opencode",
            "opencode",
            client_files.opencode,
            "mcp",
            opens="any text editor",
            next_step="Restart opencode; “opencode mcp list” shows the server.",
            syntax="jsonc",
            shape=Shape(
                args=None,
                env="environment",
                always={"type": "local"},
                unless_set={"enabled": True, "timeout": 60_000},
            ),
            call_timeout=60,
            placeholder="{env:",
            inherited="terminal",
        ),
        # Source: cline/cline, apps/vscode/src/services/mcp/schemas.ts and sdk/packages/shared/src/mcp.ts.
        Client(
            "cline",
            "Cline",
            client_files.cline,
            "mcpServers",
            opens="MCP Servers → Configure → Configure MCP Servers",
            next_step="In Cline, MCP Servers → Configure shows the server; restart the editor if it does not.",
            call_timeout=60,
        ),
        # Source: aaif-goose/goose (formerly block/goose), crates/goose/src/agents/extension.rs and
        # config/extensions.rs. Versions differ in which fields they require, so all are written.
        Client(
            "goose",
            "Goose",
            client_files.goose,
            "extensions",
            opens="any text editor",
            next_step="Start a new Goose session; Extensions in Goose Desktop shows the server.",
            syntax="yaml",
            shape=Shape(
                command="cmd",
                env="envs",
                name="name",
                always=STDIO,
                unless_set={"description": "Your Uru workspace", "timeout": 300, "enabled": True},
            ),
            call_timeout=300,
            placeholder=None,
        ),
        # Source: lmstudio-ai/docs, 0_app/2_mcp/index.mdx, which follows Cursor's notation; the timeout is that of
        # lmstudio-ai/lmstudio-bug-tracker#727. Whether it replaces placeholders is not documented.
        Client(
            "lm-studio",
            "LM Studio",
            client_files.lm_studio,
            "mcpServers",
            opens="Program → Install → Edit mcp.json",
            next_step="In LM Studio, switch the server on in the list of integrations; restart it if it is not there.",
            call_timeout=60,
        ),
    )
}
