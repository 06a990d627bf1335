"""Lays out text for a terminal of any width: tables, wrapped lines, shortened lines. It prints nothing.

A table that does not fit becomes a block for each row. The library `rich` would wrap inside the cells instead, which
breaks names apart, and its import takes longer than most commands. Widths are in columns of a terminal, of which wide
characters take two and combining ones none.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence

UNLIMITED = 10**6
NARROWEST = 20
GAP = "  "
WORD = re.compile(r" *[^ ]+")
FREE_TEXT = 30  # columns that the last column needs in a table, where it is prose


def terminal_width() -> int:
    """The columns of the terminal, or of `COLUMNS`; `UNLIMITED` where the output goes elsewhere."""
    return max(NARROWEST, shutil.get_terminal_size((UNLIMITED, 24)).columns)


def width_of(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int, *, to_the_right: bool = False) -> str:
    blanks = " " * (width - width_of(text))
    return f"{blanks}{text}" if to_the_right else f"{text}{blanks}"


def shortened(line: str, width: int) -> str:
    """The line, cut to this width."""
    if width_of(line) <= width:
        return line
    return f"{_head(line, width - 1).rstrip()}…"


def shortened_in_the_middle(name: str, width: int) -> str:
    """A name, cut in the middle, since its ends tell it from others."""
    if width_of(name) <= width:
        return name
    end = _head(name[::-1], width // 2)[::-1]
    return f"{_head(name, width - 1 - width_of(end))}…{end}"


def wrapped(line: str, width: int, *, indent: int = 0) -> list[str]:
    """A line as several, the later ones indented. Long words, such as paths, stay whole; wide characters may part."""
    lines = [""]
    for word in _words(line.rstrip(), width - indent):
        if width_of(lines[-1]) + width_of(word.rstrip()) > width and lines[-1].strip():
            lines.append(" " * indent)
            word = word.lstrip()
        lines[-1] += word
    return [one.rstrip() for one in lines]


def _words(line: str, width: int) -> Iterator[str]:
    """The words of a line, each with the blanks before it."""
    for word in WORD.findall(line):
        while width_of(word) > width and width_of(word) > len(word):
            head = _head(word, width)
            yield head
            word = word[len(head) :]
        yield word


def _head(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    taken = 0
    for place, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return text[:place]
    return text


def table(
    rows: Sequence[Sequence[str]],
    *,
    width: int,
    heading: Sequence[str] | None = None,
    right: frozenset[int] = frozenset(),
) -> list[str]:
    """The rows with aligned columns, those in `right` to the right; where that is too wide, a block for each row."""
    lines = [heading, *rows] if heading else [*rows]
    if not lines:
        return []
    widths = [max(map(width_of, column)) for column in zip(*lines, strict=True)]
    if sum(widths) + len(GAP) * (len(widths) - 1) <= width:
        return [_aligned(line, widths, right) for line in lines]
    if not heading and sum(widths[:-1]) + len(GAP) * (len(widths) - 1) + FREE_TEXT <= width:
        return [one for line in lines for one in _with_free_text(line, widths, width)]
    return [one for row in rows for one in _block(row, heading, width)]


def _aligned(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    placed = (
        padded(cell, width, to_the_right=place in right)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return GAP.join(placed).rstrip()


def _with_free_text(cells: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    """A row whose last cell is wrapped inside its column."""
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    return wrapped(_aligned(cells, widths, frozenset()), width, indent=before)


def _block(cells: Sequence[str], heading: Sequence[str] | None, width: int) -> Iterator[str]:
    """The first cell, and the others below it, each after its column's name."""
    first, *others = cells
    yield first.rstrip()
    names = [name.lower() for name in heading[1:]] if heading else [""] * len(others)
    indent = len(first) - len(first.lstrip()) + len(GAP)
    names_width = max(map(width_of, names), default=0)
    for name, cell in zip(names, others, strict=True):
        lead = f"{' ' * indent}{padded(name, names_width)}{GAP if names_width else ''}"
        yield from wrapped(f"{lead}{cell}", width, indent=width_of(lead))
