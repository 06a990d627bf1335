"""Reads YAML as nodes with positions, and writes values.

`PyYAML` gives the positions of all nodes. Neither it nor `ruamel.yaml` writes a file again as it was: indentation, line
ends and folded texts change. So only its nodes are used, and edits are made to the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from uru_mcp.commands.client_configs.formats.text_entries import Malformed, NotEditable

MOST_CHARACTERS = 100_000  # PyYAML needs up to six seconds for so many
MOST_NODES = 50_000  # of a text whose aliases are followed; a few lines of aliases can stand for billions
DEEPEST = 100  # levels of nesting; far more than any configuration has
TOO_DEEP = "values are nested too deeply"
NULL = "tag:yaml.org,2002:null"
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
OTHER_THAN_TEXT = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null")  # in YAML 1.1 or 1.2


def composed(text: str) -> Node | None:
    """The root of the only document, or None if there is none. Raises: `Malformed`."""
    if len(text) > MOST_CHARACTERS:
        raise Malformed("it is too large", 1, 1)
    loader = yaml.SafeLoader("")
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise Malformed(f"this is not YAML: {error.problem or error.context}", line, column) from error
    except yaml.YAMLError as error:
        raise Malformed.at(getattr(error, "position", 0), "the file has an invalid character", text) from error
    except RecursionError:
        raise Malformed(TOO_DEEP, 1, 1) from None
    except (ValueError, OverflowError, LookupError):  # of a character's number, or in PyYAML's own mistakes
        raise Malformed.at(min(loader.index, len(text)), "this is not YAML: a value cannot be read", text) from None
    finally:
        loader.dispose()
    if root is not None:
        _count(root, {}, DEEPEST)
    return root


def _count(node: Node, known: dict[int, int], levels: int) -> int:
    """How many nodes there are if aliases are followed. Raises: `Malformed` if there are too many, or more levels."""
    if levels == 0:
        raise Malformed(TOO_DEEP, node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in known:
        count = known[id(node)]
    else:
        known[id(node)] = MOST_NODES  # while it is being counted, so that an alias of itself is too much
        count = known[id(node)] = 1 + sum(_count(inner, known, levels - 1) for inner in _inside(node))
    if count >= MOST_NODES:
        raise Malformed("it is too large, or its aliases are", node.start_mark.line + 1, node.start_mark.column + 1)
    return count


def _inside(node: Node) -> Iterator[Node]:
    for inner in node.value if not isinstance(node, ScalarNode) else ():
        yield from inner if isinstance(inner, tuple) else (inner,)


def obstacle(text: str) -> str | None:
    """What keeps the text from being edited, if anything does."""
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            return "it has aliases, *name, which repeat other parts of it"
        if isinstance(event, yaml.DocumentEndEvent) and event.explicit:
            return "it has an explicit end of the document, ..."
    return None


def plain(node: Node) -> Any:
    """The value without its style, to be compared: of a mapping, the pairs in their order."""
    if isinstance(node, ScalarNode):
        return node.tag, node.value
    if isinstance(node, SequenceNode):
        return node.tag, [*map(plain, node.value)]
    return node.tag, [(plain(name), plain(value)) for name, value in node.value]


def value_of(node: Node) -> Any:
    """The value as JSON would have it. A date, for example, is its text."""
    if isinstance(node, MappingNode):
        return {str(name.value): value_of(inner) for name, inner in node.value if isinstance(name, ScalarNode)}
    if isinstance(node, SequenceNode):
        return [*map(value_of, node.value)]
    if node.tag.endswith((":bool", ":int", ":float", ":null")):
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (ValueError, LookupError, yaml.YAMLError):  # PyYAML looks at the first character of an empty number
            return node.value
    return node.value


def key(name: str) -> str:
    is_text = PLAIN_KEY.fullmatch(name) is not None and OTHER_THAN_TEXT.fullmatch(name) is None
    return name if is_text else value(name)


def value(found: Any) -> str:
    """The value on one line, as JSON, which is YAML. Raises: `NotEditable` if it has half a character."""
    text = json.dumps(found, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotEditable("the entry has a character that YAML cannot hold")
    return UNPRINTABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", text)


def lines(name: str, found: Any, margin: str, indent: str) -> Iterator[str]:
    """A pair in block style, a mapping with a line for each of its own."""
    if not isinstance(found, dict) or not found:
        yield f"{margin}{key(name)}: {value(found)}"
        return
    yield f"{margin}{key(name)}:"
    for inner, one in found.items():
        yield from lines(inner, one, margin + indent, indent)
