"""Parses untrusted JSON within a memory limit. It does not know what the JSON means."""

from __future__ import annotations

import json
from typing import Any

from uru_mcp import limits
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.json_numbers import loads

# Bytes that values take in CPython, as upper estimates.
COPIES = 4  # of all text: as received, in the values, serialized again, and redacted
CONTAINER = 150  # an object or a list, without its members
MEMBER = 64  # a value, and its slot in the container
NAME = 100  # the name of a member, and its hash entry


class TooMuch(ValueError):
    """The values of a text would take more memory than `limits.PARSED`."""


def parsed(body: bytes) -> Any:
    """Parse JSON, with a string for each number that some parser would reject or change, so that it can be passed on.

    Raises:
        TooMuch: It would take too much memory; nothing was parsed.
        ValueError, RecursionError: It is not JSON, or nested too deeply.
    """
    if weight(body) > limits.PARSED:
        raise TooMuch
    return loads(body)


def strictly_parsed(text: str) -> Any:
    """Parse JSON from a client. Duplicate names in an object are rejected, since parsers differ in which one they use.

    Raises:
        ValueError, RecursionError: It is not JSON, is ambiguous, takes too much memory, or is nested too deeply.
    """
    if weight(text.encode(errors="replace")) > limits.PARSED:
        raise TooMuch
    return json.loads(text, parse_constant=_refused, object_pairs_hook=_without_duplicates)


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError(report_messages.NAME_TWICE)
    return found


def weight(body: bytes) -> int:
    """Upper estimate of the memory for the text and its values, in bytes. 63 KB of gzip can expand to 1 GB of JSON."""
    text = len(body) if body.isascii() else 4 * len(body)
    containers = body.count(b"{") + body.count(b"[")
    members = containers + body.count(b",")
    return COPIES * text + CONTAINER * containers + MEMBER * members + NAME * body.count(b":")
