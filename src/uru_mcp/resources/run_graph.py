"""Builds the graph of an automation and the state of each node in a run, from their two records.

Source: Uru's guides say that automations are graphs of such nodes; the fields and event types are assumed.
Unknown parts are left out, and a node that no event names has not been reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uru_mcp import limits
from uru_mcp.untrusted_input.json_fields import Record, text_at
from uru_mcp.uru.records import IDS, automation_name

NODES, EDGES, EVENTS = 60, 200, 50  # shown at most, to stay readable; the newest events
DETAIL = 500  # characters of an event

WAITING = "waiting_for_approval"
ENDED = frozenset({"completed", "failed", "cancelled"})
STATE_AFTER: Mapping[str, str] = {
    "approval_requested": "waiting",
    "rejected": "rejected",
    "failed": "failed",
    "stopped": "failed",
    "interrupted": "failed",
}
"""The state of a node after an event of this type; after any other type, it is done."""


def graph_of(run: Record, automation: Record) -> dict[str, Any]:
    """The data for the card. `run` is empty for an automation without a run, whose nodes have no state.

    `{"automation": {"name", "description", "status"}, "run": {"status", "started_at", "finished_at"} | None,
    "nodes": [{"id", "name", "type", "state"}], "edges": [{"from", "to", "branch"}],
    "events": [{"time", "node", "type", "detail"}], "more_events": 12}`
    """
    nodes = list(_nodes(automation))
    ids = {node["id"] for node in nodes}
    events = list(_events(run))
    states = dict(_states(events, text_at(run, "status"))) if run else {}
    name = text_at(automation, "name", "title") or automation_name(run)
    return {
        "automation": {
            "name": limits.cut(name or "", limits.TITLE) or None,
            "description": limits.cut(text_at(automation, "description") or "", limits.DESCRIPTION) or None,
            "status": text_at(automation, "status"),
        },
        "run": {field: text_at(run, field) for field in ("status", "started_at", "finished_at")} if run else None,
        "nodes": [{**node, **({"state": states.get(node["id"], _unreached(run))} if run else {})} for node in nodes],
        "edges": [edge for edge in _edges(automation) if {edge["from"], edge["to"]} <= ids][:EDGES],
        "events": events[-EVENTS:],
        **({"more_events": len(events) - EVENTS} if len(events) > EVENTS else {}),
    }


def _listed(record: Record, name: str) -> list[Record]:
    found = record.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _nodes(automation: Record) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for node in _listed(automation, "nodes"):
        own = text_at(node, *IDS)
        if own is None or own in seen or len(own) > limits.IDENTIFIER or len(seen) == NODES:
            continue
        seen.add(own)
        name = text_at(node, "name", "title", "label") or own
        kind = text_at(node, "type", "kind")
        yield {"id": own, "name": limits.cut(name, limits.TITLE), "type": kind and limits.cut(kind, limits.TITLE)}


def _edges(automation: Record) -> Iterator[dict[str, Any]]:
    for edge in _listed(automation, "edges"):
        start, end = text_at(edge, "from", "source"), text_at(edge, "to", "target")
        branch = text_at(edge, "branch", "label", "condition")
        if start is not None and end is not None:
            said = {"branch": limits.cut(branch, limits.TITLE)} if branch else {}
            yield {"from": start, "to": end, **said}


def _events(run: Record) -> Iterator[dict[str, Any]]:
    for event in _listed(run, "events"):
        node = text_at(event, "node", "node_id")
        kind = text_at(event, "type") or "event"
        yield {
            "time": text_at(event, "time", "at", "created_at"),
            "node": node if node is None or len(node) <= limits.IDENTIFIER else None,
            "type": limits.cut(kind, limits.TITLE),
            "detail": limits.cut(text_at(event, "detail", "message") or "", DETAIL) or None,
        }


def _states(events: list[dict[str, Any]], status: str | None) -> Iterator[tuple[str, str]]:
    """The node and its state for each event, in order; the last one for a node counts."""
    for event in events:
        if event["node"] is not None:
            state = STATE_AFTER.get(event["type"], "done")
            yield event["node"], "cancelled" if state == "waiting" and status != WAITING else state


def _unreached(run: Record) -> str:
    return "not reached" if text_at(run, "status") in ENDED else "pending"
