"""`uru-mcp sandbox`, whose pages can then say what uru-mcp itself shows for a key.

The sandbox imports nothing of the server, so it is handed what asks it.
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
