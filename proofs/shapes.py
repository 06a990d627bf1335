"""Shapes of text that grow: runs of what patterns stumble over, brackets inside one another, many small members."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial

KEY = "uru_test_" + "0123456789abcdef" * 2

UNITS = (
    " ", "\n", "\t", "\r\n", "{", "}", "[", "]", "(", "{{", "}}", "{{ ", "{{a", "{{a}}", '"', "\\", '\\"', "\\u00",
    "'", "%", "%2", "%20", "%75ru_", "-", "a-", "-a", "_", "a_", "__", "x0", "_x0", ".", "ab. ", "a.", "...", ",", ", ",
    ":", ";", "<", "&", "&#117;", "/", "//", "/*", "~", "+", "=", "|", "#", "?", "a", "ab", "A", "aB", "Ab", "y", "Yy",
    "0", "1", "0a", "uru_", "uru_a", "uru_1-", "uru_a1.", "-uru_", "%5f", "dXJ1Xw", "T00:", "Mon, ", "Z", "`", "“",
    "é", "\u0301", "\u0316\u0301", "\u0f73", "\u200b", "\u200d", "a\u200d", "é\u200d", "\u202e", "\ufe0f", "\ud800",
    "\U000e0041", "\U0001f600", "\x1b[", "\x00", "[a](", "**", "\u017f", "ß", "\u0130",
    KEY, KEY + "a", "a" + KEY, "[key removed]", "=\n", "=\\n", "u=\\", "u=\\\\r", "uru_=\\n1",
)  # fmt: skip
FRAMES = (("", ""), ("Hello {{", "!"), ("uru_", "}}"), ('"', "\n"), ("ab.", "A"))


def nested(opening: str, inner: str, closing: str, size: int) -> str:
    """JSON that is as deep as results may be, side by side until it is long enough."""
    deep = opening * 50 + inner + closing * 50
    return "[" + ",".join([deep] * max(1, size // len(deep))) + "]"


def framed(unit: str, before: str, after: str, size: int) -> str:
    return before + unit * (size // len(unit)) + after


def members(member: str, size: int) -> str:
    return "[" + ",".join([member] * max(1, size // len(member))) + "]"


def named(size: int) -> str:
    return "{" + ",".join(f'"k{number}":{number}' for number in range(size // 12)) + "}"


def chain(size: int) -> str:
    """An object in an object, with all of the text at the bottom."""
    return '{"a":' * 50 + json.dumps("x" * size) + "}" * 50


SHAPES: Mapping[str, Callable[[int], str]] = {
    **{
        f"{before!r} {unit!r}… {after!r}": partial(framed, unit, before, after)
        for before, after in FRAMES
        for unit in UNITS
    },
    "lists in lists": partial(nested, "[", "", "]"),
    "objects in objects": partial(nested, '{"a":', "1", "}"),
    "objects in objects, and a text": chain,
    "open brackets": lambda size: '{"a":[' * (size // 6),
    **{f"members {one}": partial(members, one) for one in ("{}", "[]", '{"a":{}}', "1", '"a"', "1e5", "null", '"é"')},
    "names": named,
    "a long number": lambda size: "1" * size,
    "lines": lambda size: "a word of text\n" * (size // 15),
    "words": lambda size: " ".join(f"w{number}" for number in range(size // 7)),
}

PLAIN = tuple(shape for shape in SHAPES if not shape.startswith(tuple(repr(before) for before, _ in FRAMES[1:])))
"""Those without a frame, for a short run."""
