"""Edits JSON in place: everything except the server's entry stays unchanged, byte for byte.

This includes other servers, unknown fields, comments, order, indentation, and line endings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from uru_mcp.commands.client_configs.formats.json_syntax import Member, Node, parse
from uru_mcp.commands.client_configs.formats.text_entries import ByHand, Entry, Malformed, line_end_of

BLANKS = " \t\r\n"
INDENT = "  "  # if the file has no indentation of its own


@dataclass(frozen=True)  # no slots, so that cached properties work: parsing megabytes takes time
class JsonText:
    """JSON with servers in the object `member`. With `is_relaxed`, comments and trailing commas are allowed.

    Everything raises `Malformed`.
    """

    text: str
    member: str
    is_relaxed: bool = False

    @cached_property
    def entries(self) -> Sequence[Entry]:
        members = self._servers.members if self._servers is not None else ()
        return [Entry(one.name, one.start, one.node.value) for one in members]

    @property
    def content(self) -> Mapping[str, Any]:
        return self._root.value if self._root is not None else {}

    def rest(self, name: str) -> Any:
        found = dict(self._root.value) if self._root is not None else {}
        servers = {other: value for other, value in found.pop(self.member, {}).items() if other != name}
        return found, servers

    def with_entry(self, name: str, entry: dict[str, Any]) -> str:
        if self._root is None:
            line_end = line_end_of(self.text)
            lead = self.text if not self.text or self.text.endswith("\n") else self.text + line_end
            return lead + _spread({self.member: {name: entry}}, INDENT, line_end) + line_end
        if self._servers is None:
            return self._updated((self.member,), {name: entry}).text
        return self._updated((self.member, name), entry).text

    def by_hand(self, name: str, entry: dict[str, Any]) -> ByHand:
        pair = _spread({name: entry}, INDENT, "\n").removeprefix("{\n").removesuffix("\n}")
        if self._servers is None:
            return ByHand("inside the outermost braces", f'"{self.member}": {{\n{pair}\n}}')
        return ByHand(f"inside the braces of {self.member}, with a comma between servers", pair)

    def without_entry(self, name: str) -> str:
        return self._without(self.member, name).text

    @cached_property
    def _root(self) -> Node | None:
        root = parse(self.text, is_relaxed=self.is_relaxed)
        if root is not None and not isinstance(root.value, dict):
            raise Malformed.at(root.start, "expected an object, { … }", self.text)
        return root

    @cached_property
    def _servers(self) -> Node | None:
        """The object that contains the servers, if there is one."""
        found = self._root.named(self.member) if self._root is not None else []
        if len(found) > 1:
            raise Malformed.at(found[1].start, f"{self.member} appears twice", self.text)
        if found and not isinstance(found[0].node.value, dict):
            raise Malformed.at(found[0].node.start, f"{self.member} is not an object, {{ … }}", self.text)
        return found[0].node if found else None

    @property
    def _indent(self) -> str:
        """One level of the text's own indentation."""
        first = self._root.members[0].start if self._root is not None and self._root.members else None
        return _margin(self.text, first) or INDENT

    def _with(self, text: str) -> Self:
        return replace(self, text=text)

    def _updated(self, path: tuple[str, ...], value: Any) -> Self:
        """A copy with this value at a path; all objects on the path must exist, but the last member may not."""
        parent = self._at(*path[:-1])
        found = parent.named(path[-1])
        if not found:
            return self._with(_appended(self.text, parent, path[-1], value, self._indent))
        node = found[-1].node
        if node.value == value:
            return self
        if not (node.members and isinstance(value, dict)):
            return self._with(_replaced(self.text, node, value, self._indent))
        edited = self
        for name in [name for name in node.value if name not in value]:
            edited = edited._without(*path, name)
        for name, inner in value.items():
            edited = edited._updated((*path, name), inner)
        return edited

    def _without(self, *path: str) -> Self:
        edited = self
        while path[-1] in (parent := edited._at(*path[:-1])).value:
            edited = edited._with(_removed(edited.text, parent, parent.named(path[-1])[-1]))
        return edited

    def _at(self, *path: str) -> Node:
        node = self._root
        for name in path:
            node = node.named(name)[-1].node if node is not None else None
        if node is None:
            raise AssertionError("the path must exist")
        return node


def _appended(text: str, parent: Node, name: str, value: Any, indent: str) -> str:
    """Append a member to an object, after any comments."""
    opened, closed = parent.start + 1, parent.end - 1
    end = opened + len(text[opened:closed].rstrip(BLANKS))
    last = parent.members[-1] if parent.members else None
    line_end = line_end_of(text)
    is_spread = "\n" in text[parent.start : closed]
    if is_spread or (last is None and ("\n" in text[: parent.start] or "{" not in text[: parent.start])):
        margin = _margin(text, last.start if last else None) or _margin_of_line(text, parent.start) + indent
        lead = line_end + margin
        inner = f"{json.dumps(name, ensure_ascii=False)}: {_spread(value, indent, line_end + margin)}"
        after = "" if last or "\n" in text[end:closed] else line_end + _margin_of_line(text, parent.start)
    else:
        comma, colon = (", ", ": ") if '": ' in text or last is None else (",", ":")
        lead, after = comma[1:] if last else "", ""
        inner = _dumped({name: value}, separators=(comma, colon))[1:-1]
    if last is None:
        return text[:end] + lead + inner + after + text[end:]
    if last.comma is not None:
        return text[:end] + lead + inner + "," + text[end:]
    return text[: last.node.end] + "," + text[last.node.end : end] + lead + inner + text[end:]


def _replaced(text: str, node: Node, value: Any, indent: str) -> str:
    if "\n" in text[node.start : node.end]:
        new = _spread(value, indent, line_end_of(text) + _margin_of_line(text, node.start))
    else:
        new = _dumped(value, separators=(", ", ": ") if '": ' in text else (",", ":"))
    return text[: node.start] + new + text[node.end :]


def _removed(text: str, parent: Node, member: Member) -> str:
    """Remove a member with its comma and blanks; comments beside it stay."""
    index = parent.members.index(member)
    before = parent.members[index - 1] if index else None
    after = parent.members[index + 1] if member is not parent.members[-1] else None
    end = member.node.end if member.comma is None else member.comma + 1
    if after is not None:
        is_alone = not text[end : after.start].strip(BLANKS)
        return text[: member.start] + text[after.start if is_alone else end :]
    start = member.start
    gap_from = parent.start + 1 if before is None or before.comma is None else before.comma + 1
    has_comments = bool(text[gap_from:start].strip(BLANKS))
    if not has_comments or text[end:].lstrip(" \t")[:1] in ("\r", "\n"):
        start = len(text[:start].rstrip(BLANKS))
    head, tail = text[:start], text[end:]
    if before is not None and before.comma is not None and member.comma is None:
        head = head[: before.comma] + head[before.comma + 1 :]
    if before is None and not has_comments and not text[end : parent.end - 1].strip(BLANKS):
        tail = text[parent.end - 1 :]
    return head + tail


def _spread(value: Any, indent: str, line_end: str) -> str:
    """JSON over several lines, joined by `line_end`, which may include a margin."""
    return _dumped(value, indent=indent).replace("\n", line_end)


def _dumped(value: Any, **how: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, **how)
    is_writable = not any("\ud800" <= character <= "\udfff" for character in text)  # a lone surrogate cannot be encoded
    return text if is_writable else json.dumps(value, **how)


def _margin(text: str, at: int | None) -> str:
    """The indentation before this position, if only blanks precede it on its line."""
    before = "" if at is None else text[text.rfind("\n", 0, at) + 1 : at]
    return "" if before.strip(" \t") else before


def _margin_of_line(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]
