"""What telemetry tells of a call: made from its entry in the audit log, and from how it arrived."""

from __future__ import annotations

from typing import NamedTuple

from uru_mcp.audit.entry import Entry
from uru_mcp.audit.trace_context import ARRIVAL, Arrival
from uru_mcp.config.tool_patterns import SEPARATOR
from uru_mcp.permissions import NOTHING, in_order

OTHER = "_OTHER"  # OpenTelemetry's word for what is not told, so that no invented name becomes an attribute
NOT_FOUND, INTERNAL = "-32602", "-32603"  # JSON-RPC
OWN_NAMESPACE = "uru"


class FinishedCall(NamedTuple):
    """A call as it is exported. `began` and `ended` are nanoseconds since 1970.

    `error` is OpenTelemetry's `error.type`: a JSON-RPC error code, `tool_error` or `cancelled`; None for a success.
    """

    tool: str
    namespace: str
    outcome: str
    needs: str
    via: str | None
    error: str | None
    arrival: Arrival
    began: int
    ended: int


def finished_call(entry: Entry, began: int, ended: int, *, has_result: bool) -> FinishedCall:
    """What is told of a call that the current task answers. `has_result` is False if the answer is an MCP error."""
    is_known = entry.needs is not None
    namespace = entry.tool.partition(SEPARATOR)[0] if SEPARATOR in entry.tool else OWN_NAMESPACE
    return FinishedCall(
        tool=entry.tool if is_known else OTHER,
        namespace=namespace if is_known else OTHER,
        outcome=entry.outcome,
        needs=",".join(in_order(entry.needs or NOTHING)) or "none",
        via=entry.via,
        error=_error(entry, has_result=has_result),
        arrival=ARRIVAL.get(),
        began=began,
        ended=ended,
    )


def _error(entry: Entry, *, has_result: bool) -> str | None:
    if has_result:
        return "tool_error" if entry.has_failed else None
    return {"cancelled": "cancelled", "unknown_tool": NOT_FOUND}.get(entry.outcome, INTERNAL)
