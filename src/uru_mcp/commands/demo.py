"""`uru-mcp demo`: a tour of permissions and approvals against a local sandbox, without an account."""

from __future__ import annotations

import click


@click.command()
def demo() -> None:
    """Show how permissions work, without an account.

    The demo takes a few seconds. It runs an Uru sandbox on this machine and starts uru-mcp as Claude Desktop would,
    with one key after another. Nothing is kept. At the end, it prints the configuration for Claude Desktop.
    """
    from uru_mcp.commands.demo_steps import run_demo
    from uru_mcp.commands.output import decide_colours, say
    from uru_mcp.config.settings import read_environment

    decide_colours(read_environment())
    run_demo(say)
