"""`uru-mcp demo`."""

from __future__ import annotations

import click


@click.command()
def demo() -> None:
    """Show the gate at work, without an account.

    It takes a few seconds: an Uru sandbox runs on this machine, and uru-mcp is started as Claude Desktop would, with
    one key after another. Nothing of it is kept. At the end stands what to put into Claude Desktop's configuration.
    """
    from uru_mcp.commands.demo_steps import run_demo
    from uru_mcp.commands.output import decide_colours, say
    from uru_mcp.config.settings import read_environment

    decide_colours(read_environment())
    run_demo(say)
