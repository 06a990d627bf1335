"""Asks for the key's permissions, or prints how to state them if nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import confirm, say, say_line
from uru_mcp.commands.own_command import own_command
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.permissions import NOTHING, Permission, in_order, in_words

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
    if not possible:
        _say_that_nothing_is_left(grant, ["install", client, *named])
        return
    say_line("Uru does not report the permissions of this key, and you have not stated them. Run this:")
    say(f"  {own_command('install', client, *named, '--permissions', ','.join(in_order(possible)))}")
    say_line("Leave out what was not selected when the key was created: Read, Write or Execute.")
    seen = f"Until then, only tools that need no more than {in_words(grant.effective)} will work."
    say_line(seen if grant.effective else "Until then, nothing will work.")


def _say_that_nothing_is_left(grant: Grant, words: list[str]) -> None:
    """Print why the key has no permission that could be used, and what to do."""
    held = grant.held or NOTHING
    if held & grant.allowed:
        say_line(f"Nothing will work: the key has {in_words(held)}, which --permissions or URU_PERMISSIONS leaves out.")
        say(f"Run this:\n  {own_command(*words, '--permissions', ','.join(in_order(held & grant.allowed)))}")
        return
    has = f"has {in_words(held)}, which the policy of this machine does not allow" if held else "has no permission"
    say_line(f"Nothing will work: the key {has}.")
    if grant.allowed:
        say_line(f"Create a key in {KEYS_PAGE} with what you need of {in_words(grant.allowed)}, and run this with it:")
        say(f"  {own_command(*words)}")
