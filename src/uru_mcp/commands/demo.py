"""`uru-mcp demo`: a tour of permissions and approvals against a local sandbox, without an account."""

from __future__ import annotations

import sys

import click


@click.command()
def demo() -> None:
    """Show how permissions work, without an account.

    The demo takes a few seconds. It runs an Uru sandbox on this machine and starts uru-mcp as Claude Desktop would,
    with one key after another. Nothing is kept. At the end, it prints the configuration for Claude Desktop.
    In a terminal, it also prints a link to the pages of the sandbox, which stay available until Enter is pressed.
    """
    from uru_mcp.commands.claude_view import InstalledServer
    from uru_mcp.commands.demo_steps import run_demo
    from uru_mcp.commands.output import say

    run_demo(say, InstalledServer(), stays=sys.stdin.isatty() and sys.stdout.isatty())
