"""Answers that are meant to stall a process or to fill its memory."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

JSON = {"Content-Type": "application/json"}
MEGABYTE = 1024 * 1024

GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def empty_blocks(count: int) -> bytes:
    """gzip of nothing, in so many stored blocks of five bytes each."""
    return GZIP_HEAD + b"\0\0\0\xff\xff" * count + b"\x01\0\0\xff\xff" + struct.pack("<II", 0, 0)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def coded(coding: str) -> dict[str, str]:
    return {**JSON, "Content-Encoding": coding}


def objects() -> bytes:
    return b"[" + b",".join([b'{"a":{}}'] * (31 * MEGABYTE // 9)) + b"]"


def numbers() -> bytes:
    return b"[" + b"1," * (15 * MEGABYTE) + b"1]"


def names() -> bytes:
    return b"{" + b",".join(b'"%07x":1' % number for number in range(2_500_000)) + b"}"


def wide_text() -> bytes:
    return b'{"data": ["' + "\U0001f600".encode() + b"a" * (31 * MEGABYTE) + b'"]}'


def coded_five_times() -> bytes:
    packed = empty_blocks(100_000)
    for _ in range(4):
        packed = gzip.compress(packed)
    return packed


BODIES: dict[str, tuple[Callable[[], bytes], dict[str, str]]] = {
    "gzip within gzip of empty blocks": (lambda: gzip.compress(empty_blocks(2_000_000)), coded("gzip, gzip")),
    "gzip five times": (coded_five_times, coded("gzip, gzip, gzip, gzip, gzip")),
    "empty blocks": (lambda: empty_blocks(3_000_000), coded("gzip")),
    "empty members": (lambda: gzip.compress(b"") * 300_000, coded("gzip")),
    "a bomb": (lambda: gzip.compress(b" " * (64 * MEGABYTE)), coded("gzip")),
    "a bomb of deflate": (lambda: zlib.compress(b" " * (64 * MEGABYTE)), coded("deflate")),
    "a compressed body that is too long": (lambda: GZIP_HEAD + b"\0\0\0\xff\xff" * (4 * MEGABYTE), coded("gzip")),
    "many objects": (lambda: gzip.compress(objects()), coded("gzip")),
    "many numbers": (lambda: gzip.compress(numbers()), coded("gzip")),
    "many names": (lambda: gzip.compress(names()), coded("gzip")),
    "many open brackets": (lambda: b"[" * (20 * MEGABYTE), JSON),
    "wide text": (wide_text, JSON),
    "a long number": (lambda: b"1" * (8 * MEGABYTE), JSON),
}
"""How each body is made, which takes up to seconds, and its headers."""


@cache
def body(name: str) -> tuple[bytes, dict[str, str]]:
    """One of `BODIES`, made when it is first wanted."""
    make, headers = BODIES[name]
    return make(), headers


PATTERN: dict[str, Any] = {"^(a|a)*$": {}}
SELF = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

SCHEMAS: dict[str, Any] = {
    "patterns for names": {"patternProperties": PATTERN, "additionalProperties": False},
    "patterns and what is left": {"patternProperties": PATTERN, "unevaluatedProperties": False},
    "a pattern in a part of another dialect": {"properties": {"x": {**SELF, "pattern": "^(a|a)*$"}}},
    "a pattern of draft 7 in a part": {"allOf": [{"$schema": "http://json-schema.org/draft-07/schema#",
                                                  "patternProperties": PATTERN, "additionalProperties": False}]},
    "dependent schemas, each to the next": {
        "$ref": "#/$defs/d0",
        "unevaluatedProperties": False,
        "$defs": {
            **{f"d{n}": {"dependentSchemas": {one: {"$ref": f"#/$defs/d{n + 1}"} for one in "xy"}} for n in range(40)},
            "d40": {},
        },
    },
    "references that double": {
        "$ref": "#/$defs/d0",
        "$defs": {**{f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}, "d40": False},
    },
    "dynamic references to itself": {"$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "#n"}]},
    "references to itself": {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
    "60,000 properties": {"properties": {f"property_{n}": {"type": "string"} for n in range(60_000)}},
    "a schema for false, often": {"anyOf": [False] * 2_400},
    "many choices for each item": {"properties": {"l": {"items": {"enum": [f"e{n}" for n in range(9_000)]}}}},
    "items that need much": {"properties": {"l": {"items": {"required": [f"e{n}" for n in range(9_000)]}}}},
    "items of any kind": {"properties": {"many": {"items": True}}},
    "at least none of what is never there": {"properties": {"many": {"contains": False, "minContains": 0}}},
    "unique items": {"properties": {"l": {"uniqueItems": True}}},
    "anchors": {"allOf": [{"$ref": f"#a{n}"} for n in range(400)],
                "$defs": {f"d{n}": {"$anchor": f"a{n}"} for n in range(400)}},
    "if in then": {"properties": {"x": {"if": True, "then": {"if": True, "then": {"if": {"pattern": "(x+)+y"}}}}}},
    "a tiny step": {"properties": {"n": {"multipleOf": 1e-300}}},
    "an invalid expression": {"properties": {"x": {"pattern": "("}}, "propertyNames": {"pattern": "(("}},
}  # fmt: skip
"""Each lets the arguments below through, where it can be checked at all."""

ARGUMENTS: dict[str, Any] = {
    "x": "a" * 40 + "!",
    "a" * 40 + "!": 1,
    "y": 2,
    "l": [{"i": n} for n in range(3_000)],
    "n": 0,
}
