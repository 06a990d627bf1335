"""Parses JSON with the position of each value, and with comments and trailing commas if allowed.

Python's own `json` supports neither positions nor comments, and configurations are edited in place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from uru_mcp.commands.client_configs.formats.text_entries import Malformed

DEEPEST = 100  # levels of nesting; far more than any configuration has

BLANK = re.compile(r"[ \t\r\n]*+")
COMMENT = re.compile(r"//[^\r\n]*+|/\*(?s:.*?)\*/")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"')
SCALAR = re.compile(r"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)(?![\w.+-])")


@dataclass(frozen=True, slots=True)
class Node:
    """A value at `text[start:end]`, and its members if it is an object."""

    start: int
    end: int
    value: Any
    members: tuple[Member, ...] = ()

    def named(self, name: str) -> list[Member]:
        """The members with that name; JSON allows several."""
        return [member for member in self.members if member.name == name]


@dataclass(frozen=True, slots=True)
class Member:
    """`"name": value`, with the positions of its name and of the comma after the value, if there is one."""

    name: str
    start: int
    node: Node
    comma: int | None


def parse(text: str, *, is_relaxed: bool) -> Node | None:
    """The value of the text, or None if it contains only blanks and comments.

    Raises: `Malformed`.
    """
    return _Reader(text, is_relaxed=is_relaxed).document()


class _Reader:
    """Scans the text once; `_at` is the position of the next token, past blanks and comments."""

    def __init__(self, text: str, *, is_relaxed: bool) -> None:
        self._text = text
        self._is_relaxed = is_relaxed
        self._at = 0
        self._depth = 0

    def document(self) -> Node | None:
        self._skip()
        if self._at == len(self._text):
            return None
        found = self._value()
        self._skip()
        if self._at < len(self._text):
            raise self._wrong("unexpected text after the end of the JSON")
        return found

    def _value(self) -> Node:
        start = self._at
        if self._sees("{["):
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._wrong("values are nested too deeply")
            found = self._object() if self._sees("{") else self._array()
            self._depth -= 1
            return found
        value = self._string() if self._sees('"') else self._token(SCALAR, "expected a value")
        return Node(start, self._at, value)

    def _object(self) -> Node:
        start = self._at
        self._step()
        members: list[Member] = []
        comma: int | None = 0
        while not self._sees("}"):
            if comma is None:
                raise self._wrong("expected a comma or }")
            name_at = self._at
            name = self._string()
            self._skip()
            if not self._sees(":"):
                raise self._wrong("expected a colon")
            self._step()
            node = self._value()
            comma = self._comma("}")
            members.append(Member(name, name_at, node, comma))
        self._at += 1
        return Node(start, self._at, {member.name: member.node.value for member in members}, tuple(members))

    def _array(self) -> Node:
        start = self._at
        self._step()
        values: list[Any] = []
        comma: int | None = 0
        while not self._sees("]"):
            if comma is None:
                raise self._wrong("expected a comma or ]")
            values.append(self._value().value)
            comma = self._comma("]")
        self._at += 1
        return Node(start, self._at, values)

    def _comma(self, closing: str) -> int | None:
        """Skip the comma after a value and return its position; None if there is none."""
        self._skip()
        if not self._sees(","):
            return None
        comma = self._at
        self._step()
        if self._sees(closing) and not self._is_relaxed:
            raise Malformed.at(comma, f"unexpected comma before {closing}", self._text)
        return comma

    def _string(self) -> str:
        if not self._sees('"'):
            raise self._wrong("expected a name in quotation marks")
        found: str = self._token(STRING, "the string is not closed or contains an invalid character")
        return found

    def _token(self, pattern: re.Pattern[str], missing: str) -> Any:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._wrong(missing)
        said = found[0]
        try:
            is_plain = said[0] == '"' and "\\" not in said  # most strings need no decoding
            value = said[1:-1] if is_plain else json.loads(said)
        except ValueError:  # Python refuses numbers of thousands of digits
            raise self._wrong("the number is too long") from None
        self._at = found.end()
        return value

    def _sees(self, characters: str) -> bool:
        return self._at < len(self._text) and self._text[self._at] in characters

    def _step(self) -> None:
        """Skip one character and the blanks after it."""
        self._at += 1
        self._skip()

    def _skip(self) -> None:
        while True:
            blank = BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            comment = COMMENT.match(self._text, self._at)
            if comment is None:
                return
            if not self._is_relaxed:
                raise self._wrong("comments are not allowed in this file")
            self._at = comment.end()

    def _wrong(self, why: str) -> Malformed:
        return Malformed.at(self._at, why, self._text)
