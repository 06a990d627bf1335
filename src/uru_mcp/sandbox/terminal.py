"""Printing that nothing stops: what the terminal's encoding lacks becomes a question mark.

Names may be anybody's, as those in a file that came from elsewhere; what a terminal would obey in them is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

# Controls but tab and line feed, line separators, bidirectional and unseen format characters, halves of pairs.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def say(text: str, *, err: bool = False) -> None:
    """Print a line. A key is shown only once, so no letter of its name may end the program before it."""
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(_OBEYED.sub("\ufffd", text).encode(encoding, "replace").decode(encoding), err=err)


def in_one_line(name: str) -> str:
    """A name that must not look like several lines."""
    return _OBEYED.sub("\ufffd", name).replace("\n", "\ufffd")


def say_table(heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    lines = [*([heading] if heading else []), *([in_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
