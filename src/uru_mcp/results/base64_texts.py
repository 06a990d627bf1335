"""Replaces long base64 data inside texts by its type and size, since a model cannot read it.

Runs in linear time, since a match can only begin where the previous character is not base64.
"""

from __future__ import annotations

import re
from typing import Any

from uru_mcp.messages import access_messages, report_messages
from uru_mcp.results.media import kind_of, size_of

LEAST = 1_000  # characters; shorter data is left as it is

LETTER = r"[A-Za-z0-9+/_\-]"
BREAK = r"(?:\r?\n|\\r\\n|\\n)"
CANDIDATE = re.compile(rf"{LETTER}{{{LEAST}}}|{LETTER}{{60,76}}{BREAK}{LETTER}{{60,76}}{BREAK}")
STRETCH = re.compile(
    rf"(?:data:([a-z]+/[a-z0-9.+-]{{1,60}})(?:;[a-z0-9=_-]{{1,60}}){{0,4}};base64,|(?<![A-Za-z0-9+/_\-]))"
    rf"({LETTER}{{60,}}+(?:\r?\n{LETTER}{{60,}}+)*+(?:\r?\n{LETTER}{{1,75}}+=+|={{0,2}}))"
)
MIX = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"), re.compile("[g-zG-Z]"))
NOTE = access_messages.NOT_SHOWN


def has_encoded(text: str) -> bool:
    """Whether the text may hold long base64: a cheap check with false positives."""
    return len(text) >= LEAST and CANDIDATE.search(text) is not None


class Naming:
    """Replaces base64 by a description. `count` is the number of replacements."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.count:
            return ()
        what, it = ("stretch", "it") if self.count == 1 else ("stretches", "them")
        return (NOTE.format(count=self.count, what=what, it=it),)

    def value(self, value: Any) -> Any:
        """The JSON value with base64 replaced in all its strings."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        return value

    def text(self, text: str) -> str:
        return STRETCH.sub(self._named, text) if len(text) >= LEAST else text

    def _named(self, found: re.Match[str]) -> str:
        data = "".join(found[2].split())
        if len(data) < LEAST or not all(kind.search(data) for kind in MIX):
            return found[0]
        self.count += 1
        kind = kind_of(data[:64], found[1] or "") or "unknown type"
        return report_messages.NOT_SHOWN_HERE.format(kind=kind, data=size_of(data))
