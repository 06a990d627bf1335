"""Edits a JSON configuration in place: everything except the server's entry stays unchanged, byte for byte.

This includes other servers, unknown fields, comments, order, indentation, line endings, and a byte order mark. It does
not read or write files; see `file_writing.py`.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from uru_mcp.commands.client_configs.json_syntax import Member, Node, place_in
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.reading import parsed, servers_of, text_of
from uru_mcp.errors import ConfigurationError

BLANKS = " \t\r\n"
INDENT = "  "  # if the file has no indentation of its own


@dataclass(frozen=True)  # no slots, so that cached properties work: parsing megabytes takes time
class Document:
    """The content of a configuration, before or after a change.

    All methods raise `ConfigurationError` if the client cannot parse the content, or if two servers have the requested
    name.
    """

    configuration: Configuration
    data: bytes

    @cached_property
    def text(self) -> str:
        return text_of(self.data, self.configuration.path)

    @cached_property
    def servers(self) -> Node | None:
        """The object that contains the servers, if there is one."""
        return servers_of(self._root, self.text, self.configuration.client, self.configuration.path)

    def server(self, name: str) -> Any:
        """The entry with this name, or None."""
        found = self.servers.named(name) if self.servers is not None else []
        if len(found) > 1:
            path, (line, column) = self.configuration.path, place_in(self.text, found[1].start)
            message = f"{path}, line {line}, column {column}: a second server is named {name}."
            raise ConfigurationError(message, fix="Remove one of the two, and try again.", line=line, column=column)
        return found[0].node.value if found else None

    def with_server(self, name: str, entry: dict[str, Any]) -> Document:
        """A copy with this entry. In an existing entry, only what differs is changed."""
        self.server(name)
        member = self.configuration.client.member
        if self._root is None:
            text, line_end = self.text, _line_end(self.text)
            lead = text if not text or text.endswith("\n") else text + line_end
            return self._of(lead + _spread({member: {name: entry}}, INDENT, line_end) + line_end)
        if self.servers is None:
            return self._updated((member,), {name: entry})
        return self._updated((member, name), entry)

    def without_server(self, name: str) -> Document:
        """A copy without the entry of this name."""
        return self if self.server(name) is None else self._without(self.configuration.client.member, name)

    @cached_property
    def _root(self) -> Node | None:
        return parsed(self.text, self.configuration.client, self.configuration.path)

    @property
    def _indent(self) -> str:
        """One level of the file's own indentation."""
        first = self._root.members[0].start if self._root is not None and self._root.members else None
        return _margin(self.text, first) or INDENT

    def _of(self, text: str) -> Document:
        mark = BOM_UTF8 if self.data.startswith(BOM_UTF8) else b""
        return replace(self, data=mark + text.encode())

    def _updated(self, path: tuple[str, ...], value: Any) -> Document:
        """A copy with this value at a path; all objects on the path must exist, but the last member may not."""
        parent = self._at(*path[:-1])
        found = parent.named(path[-1])
        if not found:
            return self._of(_appended(self.text, parent, path[-1], value, self._indent))
        node = found[-1].node
        if node.value == value:
            return self
        if not (node.members and isinstance(value, dict)):
            return self._of(_replaced(self.text, node, value, self._indent))
        document = self
        for name in [name for name in node.value if name not in value]:
            document = document._without(*path, name)
        for name, inner in value.items():
            document = document._updated((*path, name), inner)
        return document

    def _without(self, *path: str) -> Document:
        document = self
        while path[-1] in (parent := document._at(*path[:-1])).value:
            document = document._of(_removed(document.text, parent, parent.named(path[-1])[-1]))
        return document

    def _at(self, *path: str) -> Node:
        node = self._root
        for name in path:
            node = node.named(name)[-1].node if node is not None else None
        if node is None:
            raise AssertionError("the path must exist")
        return node


def undone(document: Document, name: str, earlier: Iterable[Document], replaced: Any = None) -> Document:
    """The content without the server, or with the entry that it replaced.

    It is an earlier content that differs only by this entry; without one, the entry alone is removed or replaced.

    The text may no longer show what the entry was added to (whether there was an empty `mcpServers`, and its blanks),
    so only an earlier content restores every byte.

    Raises: `ConfigurationError`, only for the document itself.
    """
    entry = document.server(name)
    for one in earlier:
        with suppress(ConfigurationError):
            if one.server(name) == replaced and one.with_server(name, entry) == document:
                return one
    return document.without_server(name) if replaced is None else document.with_server(name, replaced)


def _appended(text: str, parent: Node, name: str, value: Any, indent: str) -> str:
    """Append a member to an object, after any comments."""
    opened, closed = parent.start + 1, parent.end - 1
    end = opened + len(text[opened:closed].rstrip(BLANKS))
    last = parent.members[-1] if parent.members else None
    line_end = _line_end(text)
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
        new = _spread(value, indent, _line_end(text) + _margin_of_line(text, node.start))
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


def _line_end(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _margin(text: str, at: int | None) -> str:
    """The indentation before this position, if only blanks precede it on its line."""
    before = "" if at is None else text[text.rfind("\n", 0, at) + 1 : at]
    return "" if before.strip(" \t") else before


def _margin_of_line(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]
