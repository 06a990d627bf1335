"""JSON texts of strangers into values, as far as there is memory for them."""

from __future__ import annotations

import json
from typing import Any

from uru_mcp import limits, messages
from uru_mcp.untrusted_input.json_numbers import loads

# Bytes that values take in CPython, from above.
COPIES = 4  # of all texts: as it came, in the values, as JSON again, and without what may not be shown
CONTAINER = 150  # an object or a list, besides its members
MEMBER = 64  # a value, and its place in what holds it
NAME = 100  # the name of a member, and its place among the names


class TooMuch(ValueError):
    """The values of a text would take more memory than `limits.PARSED`."""


def parsed(body: bytes) -> Any:
    """The value, with text for each number that some reader would refuse or change, so that it can be passed on.

    Raises:
        TooMuch: Nothing was parsed.
        ValueError, RecursionError: It is no JSON, or nested too deeply.
    """
    if weight(body) > limits.PARSED:
        raise TooMuch
    return loads(body)


def strictly_parsed(text: str) -> Any:
    """The value of a text of a client. No name may stand twice in an object, since programs differ in which counts.

    Raises:
        ValueError, RecursionError: It is no JSON, is ambiguous, takes too much memory, or is nested too deeply.
    """
    if weight(text.encode(errors="replace")) > limits.PARSED:
        raise TooMuch
    return json.loads(text, parse_constant=_refused, object_pairs_hook=_told_once)


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _told_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError(messages.NAME_TWICE)
    return found


def weight(body: bytes) -> int:
    """Bytes of memory that the text and its values take at most. 63 KB of gzip can hold a gigabyte of `{"a":{}}`."""
    text = len(body) if body.isascii() else 4 * len(body)
    containers = body.count(b"{") + body.count(b"[")
    members = containers + body.count(b",")
    return COPIES * text + CONTAINER * containers + MEMBER * members + NAME * body.count(b":")
