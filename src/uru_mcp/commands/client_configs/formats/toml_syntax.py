"""Finds the tables and key/value pairs of TOML with their positions, and writes values.

Python's own `tomllib` supports neither. It reads all values and headers here; this module only finds where they are, in
a text that `tomllib` accepts. Of the libraries that edit TOML, `tomlkit` keeps the style of a file but not every byte:
what it adds to a file with CRLF has other line ends, and a removed table leaves its blank lines.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from uru_mcp.commands.client_configs.formats.text_entries import NotEditable

Path = tuple[str, ...]

TOKEN = re.compile(
    r'"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'  # up to two quotation marks may stand before those that end a string
    r"|'{3}(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|\#[^\n]*+|\n|[=\[\]{}]|[^\"'\#\n=\[\]{}]++",
    re.DOTALL,
)
BLANKS = re.compile(r"[ \t]*+")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """`key = value` on a line of its own: the whole of it at `start`, with its line's end before `end`."""

    path: Path
    start: int
    end: int
    value_start: int
    value_end: int


@dataclass(frozen=True, slots=True)
class Table:
    """The pairs below a header at `start`; before the first header, `start` and `header_end` are 0."""

    path: Path
    start: int
    header_end: int
    is_array: bool = False
    pairs: list[Pair] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The position after the last pair, or after the header."""
        return self.pairs[-1].end if self.pairs else self.header_end


def tables(text: str) -> list[Table]:
    """The tables of a text that `tomllib` accepts, in their order."""
    found = [Table((), 0, 0)]
    for start, end, equals, value_end in _lines(text):
        if equals is None:
            path, is_array = _path_of(text[start:value_end])
            found.append(Table(path, start, end, is_array))
            continue
        path, _ = _path_of(f"{text[start:equals]} = 0")
        blanks = BLANKS.match(text, equals + 1)
        value_start = blanks.end() if blanks else equals + 1
        found[-1].pairs.append(Pair((*found[-1].path, *path), start, end, value_start, value_end))
    return found


def _lines(text: str) -> Iterator[tuple[int, int, int | None, int]]:
    """The lines with a header or a pair: start and end, the position of `=`, and the end without a comment.

    A value may continue on further lines of the text.
    """
    start, depth, said, equals = 0, 0, 0, None
    for token in TOKEN.finditer(text):
        word = token[0]
        depth += (word in ("[", "{")) - (word in ("]", "}"))
        if word == "=" and equals is None:
            equals = token.start()
        if word == "\n" and depth == 0:
            if said:
                yield start, token.end(), equals, said
            start, said, equals = token.end(), 0, None
        elif not word.startswith("#") and word.strip():
            said = token.start() + len(word.rstrip())
    if said:
        yield start, len(text), equals, said


def _path_of(text: str) -> tuple[Path, bool]:
    """The keys of a header or a pair, and whether it is the header of an array of tables."""
    path: list[str] = []
    found: Any = tomllib.loads(text)
    while isinstance(found, dict) and found:
        ((name, found),) = found.items()
        path.append(name)
    return tuple(path), isinstance(found, list)


def header(path: Path) -> str:
    return f"[{'.'.join(map(key, path))}]"


def key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else _string(name)


def value(found: Any) -> str:
    """The value on one line. Raises: `NotEditable` if TOML has no such value."""
    if isinstance(found, str):
        return _string(found)
    if isinstance(found, bool | int | float):
        return str(found).lower()
    if isinstance(found, date | time):  # a datetime is a date
        return found.isoformat()
    if isinstance(found, list):
        return f"[{', '.join(map(value, found))}]"
    if isinstance(found, dict):
        members = ", ".join(f"{key(name)} = {value(inner)}" for name, inner in found.items())
        return f"{{ {members} }}" if members else "{}"
    raise NotEditable("the entry has a value that TOML cannot hold")


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotEditable("the entry has a character that TOML cannot hold")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
