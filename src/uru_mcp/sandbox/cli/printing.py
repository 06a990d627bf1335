"""Safe printing to a terminal: characters that its encoding lacks become question marks.

Names are untrusted, since a sandbox file can come from elsewhere; their control characters are replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

from uru_mcp.text_layout import table, terminal_width

# Controls except tab and line feed, line separators, bidirectional and invisible format characters, lone surrogates.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def say(text: str, *, err: bool = False) -> None:
    """Print a line. A key is shown only once, so no character in its name may stop the program before that."""
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(_OBEYED.sub("\ufffd", text).encode(encoding, "replace").decode(encoding), err=err)


def in_one_line(name: str) -> str:
    """The name with line breaks and control characters replaced."""
    return _OBEYED.sub("\ufffd", name).replace("\n", "\ufffd")


def say_table(heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; in a terminal that is too narrow for them, as a block for each row."""
    cells = [[in_one_line(cell) for cell in row] for row in rows]
    for line in table(cells, heading=heading, width=terminal_width()):
        say(line)
