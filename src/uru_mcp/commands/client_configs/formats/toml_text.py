"""Edits TOML in place: the server's tables are added, changed and removed as text, and no other byte is touched.

A server is a table, `[mcp_servers.uru]`, with its environment as another one below, `[mcp_servers.uru.env]`. Dotted
keys and inline tables are changed as far as their lines belong to the server alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from uru_mcp.commands.client_configs.formats import toml_syntax
from uru_mcp.commands.client_configs.formats.text_entries import (
    ByHand,
    Entry,
    Malformed,
    NotEditable,
    line_end_of,
    place_in,
    start_of_line,
)
from uru_mcp.commands.client_configs.formats.toml_syntax import Pair, Path, Table

DEEPEST = 100  # levels of nesting; far more than any configuration has


@dataclass(frozen=True)  # no slots, so that cached properties work
class TomlText:
    """TOML with servers in the table `member`. Everything raises `Malformed`."""

    text: str
    member: str

    @cached_property
    def entries(self) -> Sequence[Entry]:
        servers, known = self._servers, dict[str, int]()  # read first: only then does the text certainly have tables
        for one in self._below((self.member,)):
            for name in one.path[1:2]:
                known.setdefault(name, one.start)
        return [Entry(name, known.get(name, 0), value) for name, value in servers.items()]

    @property
    def content(self) -> Mapping[str, Any]:
        return self._root

    def rest(self, name: str) -> Any:
        servers = {other: value for other, value in self._servers.items() if other != name}
        others = {other: value for other, value in self._root.items() if other != self.member}
        return repr(others), repr(servers)  # as text, since a number may be nan, which is not equal to itself

    def with_entry(self, name: str, entry: dict[str, Any]) -> str:
        self._see_that_it_can_be_edited()
        path = (self.member, name)
        if name not in self._servers:
            return self._with_table(path, entry, at=len(self.text)).text
        return self._updated(path, self._servers[name], entry).text

    def by_hand(self, name: str, entry: dict[str, Any]) -> ByHand:
        if self._is_inline:
            return ByHand(
                f"inside the braces of {self.member}, with a comma between servers",
                f"{toml_syntax.key(name)} = {toml_syntax.value(entry)}",
            )
        return ByHand("at the end of the file", "\n".join(_lines((self.member, name), entry)))

    def without_entry(self, name: str) -> str:
        self._see_that_it_can_be_edited()
        return self._without((self.member, name)).text

    @cached_property
    def _root(self) -> dict[str, Any]:
        try:
            return _not_too_deep(tomllib.loads(self.text))
        except tomllib.TOMLDecodeError as error:
            raise _malformed(str(error), self.text) from error
        except RecursionError:
            raise Malformed("values are nested too deeply", 1, 1) from None
        except ValueError:  # Python refuses numbers of thousands of digits
            raise Malformed("a value cannot be read, such as a number that is too long", 1, 1) from None

    @property
    def _servers(self) -> dict[str, Any]:
        found = self._root.get(self.member, {})
        if not isinstance(found, dict):
            at = next((one.start for one in self._below((self.member,))), 0)
            raise Malformed.at(at, f"{self.member} is not a table", self.text)
        return found

    @property
    def _is_inline(self) -> bool:
        return any(isinstance(one, Pair) and one.path == (self.member,) for one in self._below((self.member,)))

    def _see_that_it_can_be_edited(self) -> None:
        if self._is_inline:
            raise NotEditable(f"{self.member} is an inline table, {{ … }}")

    @cached_property
    def _tables(self) -> list[Table]:
        return toml_syntax.tables(self.text)

    def _below(self, path: Path) -> Iterator[Table | Pair]:
        """The tables and pairs of a path and of those below it, in their order."""
        for table in self._tables:
            if table.header_end and table.path[: len(path)] == path:
                yield table
            else:
                yield from (pair for pair in table.pairs if pair.path[: len(path)] == path)

    def _updated(self, path: Path, old: Any, new: Any) -> Self:
        """A copy with the new value at a path, which has the old one."""
        if old == new:
            return self
        pair = next((one for one in self._below(path) if isinstance(one, Pair) and one.path == path), None)
        if pair is not None:
            return self._spliced(pair.value_start, pair.value_end, toml_syntax.value(new))
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return self._without(path)._with_value(path, new)
        edited = self
        for name in [name for name in old if name not in new]:
            edited = edited._without((*path, name))
        for name, value in new.items():
            below = (*path, name)
            edited = edited._updated(below, old[name], value) if name in old else edited._with_value(below, value)
        return edited

    def _with_value(self, path: Path, value: Any) -> Self:
        """A copy with a further value in an entry: at the end of its table, or as a table below it."""
        parent = next((table for table in self._tables if table.path == path[:-1] and table.header_end), None)
        if parent is None or parent.is_array:
            raise NotEditable(f"the server is not a table of its own, {toml_syntax.header(path[:2])}")
        if isinstance(value, dict):
            return self._with_table(path, value, at=[*self._below(path[:2])][-1].end)
        first = self.text[(parent.pairs[0] if parent.pairs else parent).start :]
        margin = first[: len(first) - len(first.lstrip(" \t"))]
        return self._inserted(parent.end, f"{margin}{toml_syntax.key(path[-1])} = {toml_syntax.value(value)}\n")

    def _with_table(self, path: Path, members: dict[str, Any], *, at: int) -> Self:
        """A copy with a table, and those below it, after an empty line."""
        lines = "\n".join(_lines(path, members))
        is_first = not self.text[:at].strip()
        return self._inserted(at, f"{lines}\n" if is_first else f"\n{lines}\n")

    def _inserted(self, at: int, lines: str) -> Self:
        line_end = line_end_of(self.text)
        lead = "" if at == 0 or self.text[at - 1] == "\n" else line_end
        return self._spliced(at, at, lead + lines.replace("\n", line_end))

    def _without(self, path: Path) -> Self:
        """A copy without the lines of a path, and without the empty line before a table."""
        edited = self
        for one in reversed([*self._below(path)]):
            line_before = start_of_line(self.text, one.start - 1) if one.start else 0
            is_empty = isinstance(one, Table) and not self.text[line_before : one.start].strip()
            edited = edited._spliced(line_before if is_empty else one.start, one.end, "")
        return edited

    def _spliced(self, start: int, end: int, text: str) -> Self:
        return replace(self, text=self.text[:start] + text + self.text[end:])


def _lines(path: Path, members: dict[str, Any]) -> Iterator[str]:
    """The lines of a table, and of those below it."""
    yield toml_syntax.header(path)
    for name, value in members.items():
        if not isinstance(value, dict):
            yield f"{toml_syntax.key(name)} = {toml_syntax.value(value)}"
    for name, value in members.items():
        if isinstance(value, dict):
            yield ""
            yield from _lines((*path, name), value)


def _not_too_deep(root: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises: RecursionError if it has more levels than any configuration; dotted keys may have thousands."""
    level: list[Any] = [root]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    if level:
        raise RecursionError
    return root


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _malformed(message: str, text: str) -> Malformed:
    """tomllib's message, such as `Invalid value (at line 1, column 5)`, with its place."""
    why, _, place = message.rpartition(" (at ")
    numbers = [int(word) for word in place.rstrip(")").replace(",", "").split() if word.isdigit()]
    line, column = numbers if len(numbers) == 2 else place_in(text, len(text))
    return Malformed(f"this is not TOML: {why[:1].lower()}{why[1:]}", line, column)
