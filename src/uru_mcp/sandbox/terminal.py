"""Printing that nothing stops: what the terminal's encoding lacks becomes a question mark."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click


def say(text: str) -> None:
    """Print a line. A key is shown only once, so no letter of its name may end the program before it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


def say_table(heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    lines = [*([heading] if heading else []), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
