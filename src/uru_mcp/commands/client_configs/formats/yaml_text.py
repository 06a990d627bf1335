"""Edits YAML in place: the server's lines are added, changed and removed as text, and no other byte is touched.

Servers are pairs of a mapping in block style, with a line for each name. Texts with aliases, and servers in flow style,
`{a: 1}`, are read but not edited, unless the flow is the empty `{}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from yaml.nodes import CollectionNode, MappingNode, Node

from uru_mcp.commands.client_configs.formats import yaml_syntax
from uru_mcp.commands.client_configs.formats.text_entries import (
    ByHand,
    Entry,
    Malformed,
    NotEditable,
    after_line,
    line_end_of,
    start_of_line,
)

Pair = tuple[Node, Node]
INDENT = 2  # if the text has no indentation of its own


@dataclass(frozen=True)  # no slots, so that cached properties work
class YamlText:
    """YAML with servers in the mapping `member`. Everything raises `Malformed`."""

    text: str
    member: str

    @cached_property
    def entries(self) -> Sequence[Entry]:
        servers = self._servers
        return [Entry(str(one.value), one.start_mark.index, yaml_syntax.value_of(value)) for one, value in servers]

    @property
    def content(self) -> Mapping[str, Any]:
        return {str(name.value): yaml_syntax.value_of(value) for name, value in self._root}

    def rest(self, name: str) -> Any:
        servers = [(yaml_syntax.plain(other), yaml_syntax.plain(one)) for other, one in self._servers]
        others = [yaml_syntax.plain(one) for pair in self._root if pair[0].value != self.member for one in pair]
        return others, [pair for pair in servers if pair[0][1] != name]

    def with_entry(self, name: str, entry: dict[str, Any]) -> str:
        self._see_that_it_can_be_edited()
        path = (self.member, name)
        return (self._with_pair(path, entry) if self._at(path) is None else self._updated(path, entry)).text

    def by_hand(self, name: str, entry: dict[str, Any]) -> ByHand:
        found = self._at((self.member,))
        pair = f"{yaml_syntax.key(name)}: {yaml_syntax.value(entry)}"
        if found is not None and isinstance(found[1], MappingNode) and found[1].flow_style:
            return ByHand(f"inside the braces of {self.member}, with a comma between servers", pair)
        if isinstance(self._node, MappingNode) and self._node.flow_style:
            return ByHand("inside the outermost braces", f"{self.member}: {{{pair}}}")
        if found is None:
            lines = yaml_syntax.lines(self.member, {name: entry}, "", " " * INDENT)
            return ByHand("at the end of the file, before “...” if there is one", "\n".join(lines))
        margin = " " * found[1].value[0][0].start_mark.column if _is_block(found[1]) else self._indent
        return ByHand(f"on lines below {self.member}:", "\n".join(yaml_syntax.lines(name, entry, margin, self._indent)))

    def without_entry(self, name: str) -> str:
        self._see_that_it_can_be_edited()
        return self._without((self.member, name)).text

    @cached_property
    def _node(self) -> Node | None:
        return yaml_syntax.composed(self.text)

    @property
    def _root(self) -> list[Pair]:
        if self._node is None or self._node.tag == yaml_syntax.NULL:
            return []
        return _pairs(self._node, "expected a mapping, name: value")

    @property
    def _servers(self) -> list[Pair]:
        found = [pair for pair in self._root if pair[0].value == self.member]
        if len(found) > 1:
            mark = found[1][0].start_mark
            raise Malformed(f"{self.member} appears twice", mark.line + 1, mark.column + 1)
        if not found or found[0][1].tag == yaml_syntax.NULL:
            return []
        return _pairs(found[0][1], f"{self.member} is not a mapping")

    def _see_that_it_can_be_edited(self) -> None:
        obstacle = yaml_syntax.obstacle(self.text)
        if isinstance(self._node, MappingNode) and self._node.flow_style:
            obstacle = "it is written in braces, { … }"
        if obstacle is not None:
            raise NotEditable(obstacle)

    def _at(self, path: Sequence[str]) -> Pair | None:
        """The pair at a path, the last one if there are several."""
        pairs, found = self._root, None
        for name in path:
            found = next((pair for pair in reversed(pairs) if pair[0].value == name), None)
            if found is None:
                return None
            pairs = found[1].value if isinstance(found[1], MappingNode) else []
        return found

    def _updated(self, path: tuple[str, ...], new: Any) -> Self:
        """A copy with the new value at a path that exists."""
        pair = self._at(path)
        old = yaml_syntax.value_of(pair[1]) if pair is not None else None
        if pair is None or old == new:
            return self
        if not isinstance(new, dict):
            return self._replaced(pair, new)
        if not (_is_block(pair[1]) and isinstance(old, dict) and new):
            return self._without(path)._with_pair(path, new)
        edited = self
        for name in [name for name in old if name not in new]:
            edited = edited._without((*path, name))
        for name, value in new.items():
            below = (*path, name)
            edited = edited._updated(below, value) if name in old else edited._with_pair(below, value)
        return edited

    def _replaced(self, pair: Pair, value: Any) -> Self:
        """A copy with a value on one line, in place of one that may have several."""
        start, end = self._after_colon(pair), _end(pair)
        old = self.text[start:end]
        line_end = old[len(old.rstrip()) :]  # of a text in block style
        return self._spliced(start, end - len(line_end), f" {yaml_syntax.value(value)}")

    def _with_pair(self, path: tuple[str, ...], value: Any) -> Self:
        """A copy with a further pair, after the last one of its parent."""
        parent = self._at(path[:-1])
        if parent is None:
            margin = " " * self._root[0][0].start_mark.column if self._root else ""
            return self._inserted(len(self.text), path[0], {path[1]: value}, margin)
        if _is_block(parent[1]):
            first, last = parent[1].value[0][0], parent[1].value[-1]
            return self._inserted(self._after(_end(last)), path[-1], value, " " * first.start_mark.column)
        if parent[1].tag != yaml_syntax.NULL and parent[1].value:
            raise NotEditable(f"{path[-2]} is written in braces, {{ … }}")
        emptied = self._spliced(self._after_colon(parent), parent[1].end_mark.index, "")
        margin = " " * parent[0].start_mark.column + self._indent
        return emptied._inserted(after_line(emptied.text, parent[0].end_mark.index), path[-1], value, margin)

    def _without(self, path: tuple[str, ...]) -> Self:
        pair, parent = self._at(path), self._at(path[:-1])
        if pair is None or parent is None or not _is_block(parent[1]):
            raise NotEditable(f"{path[-2]} is written in braces, {{ … }}")
        edited = self._spliced(start_of_line(self.text, pair[0].start_mark.index), self._after(_end(pair)), "")
        colon = self._after_colon(parent)
        return edited if len(parent[1].value) > 1 else edited._spliced(colon, colon, " {}")

    @property
    def _indent(self) -> str:
        """One level of the text's own indentation."""
        blocks = [value.value[0][0].start_mark.column for _, value in self._root if _is_block(value)]
        return " " * (blocks[0] if blocks else INDENT)

    def _after_colon(self, pair: Pair) -> int:
        return self.text.index(":", pair[0].end_mark.index) + 1

    def _after(self, at: int) -> int:
        """The position after a line, or after a text in block style, which ends with its last line."""
        return at if at and self.text[at - 1] == "\n" else after_line(self.text, at)

    def _inserted(self, at: int, name: str, value: Any, margin: str) -> Self:
        line_end = line_end_of(self.text)
        lead = "" if at == 0 or self.text[at - 1] == "\n" else line_end
        lines = yaml_syntax.lines(name, value, margin, self._indent)
        return self._spliced(at, at, lead + "".join(line + line_end for line in lines))

    def _spliced(self, start: int, end: int, text: str) -> Self:
        return replace(self, text=self.text[:start] + text + self.text[end:])


def _pairs(node: Node, otherwise: str) -> list[Pair]:
    """Raises: `Malformed` if the node is not a mapping."""
    if not isinstance(node, MappingNode):
        raise Malformed(otherwise, node.start_mark.line + 1, node.start_mark.column + 1)
    return list(node.value)


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode) and not node.flow_style and bool(node.value)


def _end(pair: Pair) -> int:
    """The end of a pair without the blanks and comments that follow it."""
    key, value = pair
    while isinstance(value, CollectionNode) and not value.flow_style and value.value:
        last = value.value[-1]
        key, value = last if isinstance(last, tuple) else (last, last)
    return max(key.end_mark.index, value.end_mark.index)
