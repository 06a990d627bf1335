"""Asks which boxes were ticked when an API key was made, or says what to add where nobody can be asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import confirm, say, say_line
from uru_mcp.permissions import Permission, in_order, in_words

if TYPE_CHECKING:
    from uru_mcp.permissions import Grant

UNDECLARED = 3  # the exit code where a configuration was written with which nothing, or only Read, works

BOXES = {
    Permission.READ: "Read: view resources",
    Permission.WRITE: "Write: create and edit resources",
    Permission.EXECUTE: "Execute: run tools and automations",
}
"""Source: Uru's user guide on API keys, in whose words the boxes stand beside each other there."""


def ticked(grant: Grant) -> str | None:
    """The value of `URU_PERMISSIONS`, asked of the person; None where nobody can be asked, or no box was ticked.

    Raises: `Abort` when the person stops.
    """
    if not sys.stdin.isatty():
        return None
    say_line("Which boxes were ticked when the key was made? Settings → API Keys in Uru may show them.")
    answers = {one: click.confirm(f"  {box}?", default=one in grant.effective) for one, box in BOXES.items()}
    chosen = in_order(one for one, answer in answers.items() if answer)
    if not chosen:
        say_line("With a key that has none of them, nothing will work.")
        confirm("Write it into the configuration all the same?")
    return ",".join(chosen) or None


def say_what_to_add(grant: Grant, name: str, path: Path) -> None:
    """The line that is missing, where it goes, and what works before it is there."""
    possible = [one for one in Permission if grant.known(one).answer != "no"]
    say("")
    say_line("Uru does not tell what this key may do, and nobody has said it.")
    say_line(f"Add this line to the “env” of the server “{name}” in {path}:")
    say(f'  "URU_PERMISSIONS": "{",".join(in_order(possible))}"')
    say_line("Leave out what was not ticked when the key was made: Read, Write or Execute.")
    seen = f"Until then {in_words(grant.effective)} works, and nothing will work that needs more."
    say_line(seen if grant.effective else "Nothing will work before that.")
