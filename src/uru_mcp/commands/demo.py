"""`uru-mcp demo`."""

from __future__ import annotations

import sys

import click


@click.command()
def demo() -> None:
    """Show the gate at work, without an account.

    It takes a few seconds: an Uru sandbox runs on this machine, and uru-mcp is started as Claude Desktop would, with
    one key after another. Nothing of it is kept. At the end stands what to put into Claude Desktop's configuration,
    and in a terminal a link to the sandbox's pages, which are there until Enter is pressed.
    """
    from uru_mcp.commands.claude_view import InstalledServer
    from uru_mcp.commands.screen import decide_colours, say
    from uru_mcp.demo import run_demo
    from uru_mcp.settings import read_environment

    decide_colours(read_environment())
    run_demo(say, InstalledServer(), stays=sys.stdin.isatty() and sys.stdout.isatty())
