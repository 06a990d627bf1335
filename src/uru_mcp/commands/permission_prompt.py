"""Asks for the key's permissions, or prints how to state them if nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import confirm, say, say_line
from uru_mcp.commands.own_command import own_command
from uru_mcp.permissions import Permission, in_order, in_words

if TYPE_CHECKING:
    from uru_mcp.permissions import Grant

BOXES = {
    Permission.READ: "Read: view resources",
    Permission.WRITE: "Write: create and edit resources",
    Permission.EXECUTE: "Execute: run tools and automations",
}
"""The labels of the check boxes in Uru. Source: Uru's user guide on API keys."""


def ticked(grant: Grant, *, asks: bool) -> str | None:
    """Ask for the value of `URU_PERMISSIONS`; None if nobody is asked, or no permission was selected.

    Raises: `Abort` if the user cancels.
    """
    if not asks:
        return None
    say_line("Which permissions were selected when the key was created? Settings → API Keys in Uru may show them.")
    answers = {one: click.confirm(f"  {box}?", default=one in grant.effective, err=True) for one, box in BOXES.items()}
    chosen = in_order(one for one, answer in answers.items() if answer)
    if not chosen:
        say_line("With a key that has none of them, nothing will work.")
        confirm("Write it to the configuration anyway?")
    return ",".join(chosen) or None


def say_what_to_add(grant: Grant, name: str, client: str) -> None:
    """Print the missing setting, how to add it, and what works without it."""
    possible = [one for one in Permission if grant.known(one).answer != "no"]
    named = [] if name == "uru" else ["--name", name]
    say("")
    say_line("Uru does not report the permissions of this key, and you have not stated them. Run this:")
    say(f"  {own_command('install', client, *named, '--permissions', ','.join(in_order(possible)))}")
    say_line("Leave out what was not selected when the key was created: Read, Write or Execute.")
    seen = f"Until then, only tools that need no more than {in_words(grant.effective)} will work."
    say_line(seen if grant.effective else "Until then, nothing will work.")
