"""`uru-mcp demo`: a tour of permissions and approvals against a local sandbox, without an account."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import say
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.config.policy_file import PolicyFile


@click.command()
def demo() -> None:
    """Show how permissions work, without an account.

    The demo takes a few seconds. It runs an Uru sandbox on this machine and starts uru-mcp as Claude Desktop would,
    with one key after another. Nothing is kept. At the end, it prints the configuration for Claude Desktop.
    In a terminal, it also prints a link to the pages of the sandbox, which stay available until Enter is pressed.
    Ctrl-C ends it at any time.
    """
    try:
        from uru_mcp.commands.claude_view import InstalledServer
        from uru_mcp.commands.demo_steps import run_demo
        from uru_mcp.config.policy_file import INSTALLED

        require_no_policy(INSTALLED)
        run_demo(_say, InstalledServer(), stays=sys.stdin.isatty() and sys.stdout.isatty())
    except KeyboardInterrupt:
        say("")  # the shell's prompt begins a line of its own


def _say(text: str, /, *, bold: bool = False) -> None:
    """Print prose so that it fits the terminal. What is indented or JSON is for copying, and stays as it is."""
    from uru_mcp.commands.output import say
    from uru_mcp.text_layout import terminal_width, wrapped

    width = terminal_width()
    lines = (wrapped(line, width) if line[:1] not in (" ", "{", "}") else [line] for line in text.split("\n"))
    say("\n".join(one for shown in lines for one in shown), bold=bold)


def require_no_policy(file: PolicyFile) -> None:
    """Raises: click.ClickException, if an administrator's policy limits what the demo shows."""
    from uru_mcp.config.managed_policy import read_policy
    from uru_mcp.errors import SettingsError
    from uru_mcp.messages import policy_messages

    try:
        policy = read_policy(file)
    except SettingsError as error:
        raise click.ClickException(in_one_line(f"{error.message} {error.fix}")) from error
    if policy is not None and policy.limits:
        raise click.ClickException(policy_messages.NO_DEMO.format(path=policy.path))
