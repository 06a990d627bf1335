"""`uru-mcp demo`."""

from __future__ import annotations

import click


@click.command()
def demo() -> None:
    """Show the gate at work, without an account."""
    from uru_mcp.demo import run_demo

    run_demo(click.echo)
