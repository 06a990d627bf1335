"""What a call brings along for its span: the protocol version, and the client's span if the client traces too.

Source: https://www.w3.org/TR/trace-context/; MCP's clients put `traceparent` into a request's `_meta`. `tracestate` and
`baggage` are not read: they hold free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
VERSION = re.compile(r"\d{4}-\d\d-\d\d")


class Parent(NamedTuple):
    """The client's span: numbers of 128 and 64 bits, and whether the client records the trace."""

    trace_id: int
    span_id: int
    is_sampled: bool


class Arrival(NamedTuple):
    """How a call arrived. `protocol_version` is MCP's, such as `2025-11-25`."""

    protocol_version: str | None = None
    parent: Parent | None = None


ARRIVAL: ContextVar[Arrival] = ContextVar("ARRIVAL", default=Arrival())  # noqa: B039  # it is immutable


def note_arrival(protocol_version: str | None, meta: Mapping[str, Any] | None) -> None:
    """Keep these facts for the call that this task answers."""
    version = protocol_version if protocol_version and VERSION.fullmatch(protocol_version) else None
    ARRIVAL.set(Arrival(version, _parent((meta or {}).get("traceparent"))))


def _parent(traceparent: object) -> Parent | None:
    found = TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if found is None:
        return None
    return Parent(int(found[1], 16), int(found[2], 16), bool(int(found[3], 16) & 1))
