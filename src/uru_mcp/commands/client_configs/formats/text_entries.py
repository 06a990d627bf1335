"""What every format says of a text: its entries, and why it cannot be read or edited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self


class Malformed(ValueError):
    """The client cannot read the text; `line` and `column` are the position of the error, from 1."""

    def __init__(self, why: str, line: int, column: int) -> None:
        super().__init__(why)
        self.line, self.column = line, column

    @classmethod
    def at(cls, position: int, why: str, text: str) -> Self:
        return cls(why, *place_in(text, position))


class NotEditable(ValueError):
    """The text can be read, but an edit would change more than the entry; the message says what is in the way."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A server's name, the position of the name in the text, and its value as JSON would have it."""

    name: str
    at: int
    value: Any


@dataclass(frozen=True, slots=True)
class ByHand:
    """A text that a person can write into the file, and where, as the end of a sentence; `text` is not empty."""

    where: str
    text: str


class ConfigurationText(Protocol):
    """A text and the servers that it lists. Everything raises `Malformed`."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The servers in their order; several may have the same name."""

    @property
    def content(self) -> Mapping[str, Any]:
        """The whole text as JSON would have it."""

    def rest(self, name: str) -> Any:
        """Everything but the server of this name, to be compared with that of another text."""

    def with_entry(self, name: str, entry: dict[str, Any]) -> str:
        """The text with this entry; in an existing entry, only what differs is changed. Raises: `NotEditable`."""

    def by_hand(self, name: str, entry: dict[str, Any]) -> ByHand:
        """What a person writes instead of `with_entry`, valid in its place. Raises: `NotEditable`."""

    def without_entry(self, name: str) -> str:
        """The text without the entry of this name, which exists. Raises: `NotEditable`."""


def place_in(text: str, at: int) -> tuple[int, int]:
    """Line and column of a character, from 1."""
    lines = re.split(r"\r\n|\n|\r", text[:at])
    return len(lines), len(lines[-1]) + 1


def line_end_of(text: str) -> str:
    """How the text ends its lines."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def after_line(text: str, at: int) -> int:
    """The position after the end of this line."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def start_of_line(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1
