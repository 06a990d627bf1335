"""Truncates long text and JSON: finds where to cut, and the brackets that make a truncated JSON text valid.

Each piece is a slice of the original, so that the pieces concatenate to the original. It does not know what a text
means.
"""

from __future__ import annotations

import json
import re
from typing import Any

from uru_mcp.untrusted_input.json_fields import compact, is_larger

PROSE = 500  # characters; a shorter string may be an id or a name, and half of one would be wrong

SEARCHED = 1_000_000  # characters of a text in which an excerpt is looked for

SMALL = 200  # characters of a member's JSON

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
TOKEN = re.compile(rf'{STRING}|[\[\]{{}},:]|[^\[\]{{}},:"]+')
BEGUN = re.compile(r'"[^"\\]*(?:\\(?:u[0-9a-f]{4}|[^u])[^"\\]*)*')

ELLIPSES = ("…", "...")
PARENTHESES = str.maketrans("[]", "()")

CLOSING = {"[": "]", "{": "}"}


def cut_json(text: str, room: int) -> tuple[int, str]:
    """Where to cut compact JSON that is longer than `room` characters, and what to append there: `(end, closers)`.

    `text[:end] + closers` is valid JSON of at most `room` characters, and holds the first members of the lists and
    objects that are still open. Short strings and list items are not cut, unless that leaves half the room empty.
    """
    open_brackets: list[str] = []
    end = item_end = position = 0
    in_name = False  # whether the next string is the name of a member
    while token := TOKEN.match(text, position, room + 1):
        position, mark = token.end(), token[0]
        if mark in CLOSING:
            open_brackets.append(CLOSING[mark])
        elif mark in ("]", "}"):
            open_brackets.pop()
        is_name, in_name = in_name and mark[0] == '"', mark == "{" or (mark == "," and open_brackets[-1] == "}")
        if position + len(open_brackets) > room:
            return _closed(text, item_end if item_end > room / 2 else end)
        if mark in (",", ":") or is_name:
            continue
        end = position
        if mark not in CLOSING and open_brackets[-1:] == ["]"]:
            item_end = end
    if not in_name and not TOKEN.match(text, position, position + PROSE + 2):
        ends = '"' + "".join(reversed(open_brackets))
        if begun := BEGUN.match(text, position, room - len(ends)):
            return begun.end(), ends
    return _closed(text, item_end if item_end > room / 2 else end)


def _closed(text: str, end: int) -> tuple[int, str]:
    """The end, and the brackets that close the lists and objects open there."""
    open_brackets: list[str] = []
    for token in TOKEN.finditer(text, 0, end):
        if token[0] in CLOSING:
            open_brackets.append(CLOSING[token[0]])
        elif token[0] in ("]", "}"):
            open_brackets.pop()
    return end, "".join(reversed(open_brackets))


def shortened_json(value: Any, room: int) -> Any:
    """The value, truncated to `room` characters as JSON; None if nothing of it fits."""
    if len(compact(value)) <= room:
        return value
    text = compact(small_first(value))
    end, closers = cut_json(text, room)
    return json.loads(text[:end] + closers) if end else None


def stretch_of(excerpt: str, text: str) -> tuple[int, int] | None:
    """Where an excerpt stands in a text; None where it does not, or several times, or where the text is very long.

    An excerpt may have "…" or "..." at its ends, and other white space or kinds of brackets than the text.
    """
    if len(text) > SEARCHED:
        return None
    bare = excerpt.strip()
    for dots in ELLIPSES:
        bare = bare.removeprefix(dots).removesuffix(dots).strip()
    wanted = " ".join(bare.translate(PARENTHESES).split())
    starts = [word.start() for word in re.finditer(r"\S+", text)]
    joined = " ".join(text.translate(PARENTHESES).split())

    def place(at: int) -> int:
        return starts[joined.count(" ", 0, at)] + at - (joined.rfind(" ", 0, at) + 1)

    start = joined.find(wanted)
    if not wanted or start < 0 or joined.find(wanted, start + 1) >= 0:
        return None
    return place(start), place(start + len(wanted) - 1) + 1


def small_first(value: Any) -> Any:
    """The JSON value with long members of objects after short ones, so that truncation keeps totals and cursors."""
    if not isinstance(value, dict):
        return value
    long = {name: small_first(member) for name, member in value.items() if _is_long(member)}
    return {name: member for name, member in value.items() if name not in long} | long


def _is_long(value: Any) -> bool:
    return isinstance(value, (dict, list, str)) and is_larger(value, SMALL)
