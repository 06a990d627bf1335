"""JSON, with comments and trailing commas where they are allowed, read so that one knows where each value stands.

Python's own `json` knows no places and no comments, and a configuration is edited in place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

DEEPEST = 100  # objects and arrays inside one another; no configuration comes near

BLANK = re.compile(r"[ \t\r\n]*+")
COMMENT = re.compile(r"//[^\r\n]*+|/\*(?s:.*?)\*/")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"')
SCALAR = re.compile(r"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)(?![\w.+-])")


class NotJson(ValueError):
    """The text is not JSON; `line` and `column` say where, from 1."""

    def __init__(self, why: str, text: str, at: int) -> None:
        super().__init__(why)
        self.line, self.column = place_in(text, at)


@dataclass(frozen=True, slots=True)
class Node:
    """A value at `text[start:end]`, and its members when it is an object."""

    start: int
    end: int
    value: Any
    members: tuple[Member, ...] = ()

    def named(self, name: str) -> list[Member]:
        """The members of that name; nothing forbids several."""
        return [member for member in self.members if member.name == name]


@dataclass(frozen=True, slots=True)
class Member:
    """`"name": value`, with the places of its name and of the comma after the value, if there is one."""

    name: str
    start: int
    node: Node
    comma: int | None


def place_in(text: str, at: int) -> tuple[int, int]:
    """Line and column of a character, from 1."""
    lines = re.split(r"\r\n|\n|\r", text[:at])
    return len(lines), len(lines[-1]) + 1


def parse(text: str, *, is_relaxed: bool) -> Node | None:
    """The one value of the text, or None where there is nothing but blanks and comments.

    Raises: `NotJson`.
    """
    return _Reader(text, is_relaxed=is_relaxed).document()


class _Reader:
    """Goes through the text once; `_at` is where it is, always at something that is neither blank nor comment."""

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
            raise self._wrong("there is more after the end of the JSON")
        return found

    def _value(self) -> Node:
        start = self._at
        if self._sees("{["):
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._wrong("values stand too deeply in one another")
            found = self._object() if self._sees("{") else self._array()
            self._depth -= 1
            return found
        value = self._string() if self._sees('"') else self._token(SCALAR, "a value is expected")
        return Node(start, self._at, value)

    def _object(self) -> Node:
        start = self._at
        self._step()
        members: list[Member] = []
        comma: int | None = 0
        while not self._sees("}"):
            if comma is None:
                raise self._wrong("a comma or } is expected")
            name_at = self._at
            name = self._string()
            self._skip()
            if not self._sees(":"):
                raise self._wrong("a colon is expected")
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
                raise self._wrong("a comma or ] is expected")
            values.append(self._value().value)
            comma = self._comma("]")
        self._at += 1
        return Node(start, self._at, values)

    def _comma(self, closing: str) -> int | None:
        """Where the comma after a value is, gone past; None where there is none."""
        self._skip()
        if not self._sees(","):
            return None
        comma = self._at
        self._step()
        if self._sees(closing) and not self._is_relaxed:
            raise NotJson(f"there is a comma before {closing}", self._text, comma)
        return comma

    def _string(self) -> str:
        if not self._sees('"'):
            raise self._wrong("a name in quotation marks is expected")
        found: str = self._token(STRING, "the text in quotation marks does not end, or holds what it may not")
        return found

    def _token(self, pattern: re.Pattern[str], missing: str) -> Any:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._wrong(missing)
        said = found[0]
        try:
            is_plain = said[0] == '"' and "\\" not in said  # as most are, and then there is nothing to decode
            value = said[1:-1] if is_plain else json.loads(said)
        except ValueError:  # Python refuses numbers of thousands of digits
            raise self._wrong("the number is too long") from None
        self._at = found.end()
        return value

    def _sees(self, characters: str) -> bool:
        return self._at < len(self._text) and self._text[self._at] in characters

    def _step(self) -> None:
        """Past one character, and what is blank after it."""
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
                raise self._wrong("there is a comment, which this file may not have")
            self._at = comment.end()

    def _wrong(self, why: str) -> NotJson:
        return NotJson(why, self._text, self._at)
