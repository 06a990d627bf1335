"""The `uru-mcp sandbox` command, with web pages that can show what uru-mcp lists for a key.

The sandbox imports nothing from the server, so the object that queries it is passed in.
"""

from __future__ import annotations

import click

from uru_mcp.sandbox.cli import commands as own


@click.group(
    cls=type(own.sandbox),
    commands=own.sandbox.commands,
    help=own.sandbox.help,
    context_settings=own.sandbox.context_settings,
)
@click.pass_context
def sandbox(ctx: click.Context) -> None:
    from uru_mcp.commands.claude_view import InstalledServer

    ctx.meta[own.MCP_SERVER] = InstalledServer()
