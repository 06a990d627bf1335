"""Finds the approval steps that an automation run is waiting for, from the records of the run and its automation.

Source: Uru's guides mention such steps; their fields are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.untrusted_input.json_fields import Record, first, text_at
from uru_mcp.uru.records import RUNS, address_of, automation_name
from uru_mcp.uru.resource_uris import ResourceUri

WAITS = "waiting_for_approval"  # the status of a run
PEOPLE = 5  # approvers of a step that are named


class Approval(NamedTuple):
    """A pending approval of a run. `node` is None if the run does not say which step is waiting.

    `automation` is the name of the automation, `step` the name of the step, and `assignee` who must decide; each is
    None if unknown.
    """

    run: ResourceUri
    node: str | None
    question: str
    automation: str | None = None
    step: str | None = None
    assignee: str | None = None


def read_approvals(body: Any) -> tuple[Approval, ...]:
    """The pending approvals of a run, in the order of its events; empty if it is not waiting.

    An event `{"node": "head", "type": "approval_requested", "detail": "Refund 900 EUR?"}` requests approval, and a
    later event of another type for the same node settles it. The shape of events is assumed.
    """
    record = body if isinstance(body, dict) else {}
    address = address_of(RUNS, record)
    if address is None or text_at(record, "status") != WAITS:
        return ()
    name = automation_name(record)
    waiting: dict[str, Record] = {}
    events = record.get("events")
    for event in events if isinstance(events, list) else ():
        node = text_at(event, "node", "node_id") if isinstance(event, dict) else None
        if node is None or len(node) > limits.IDENTIFIER:
            continue
        waiting.pop(node, None)
        if text_at(event, "type") == "approval_requested":
            waiting[node] = event
    if not waiting:
        return (Approval(address, None, "", name),)
    return tuple(_approval(address, node, event, name) for node, event in islice(waiting.items(), limits.APPROVALS))


def _approval(run: ResourceUri, node: str, event: Record, automation: str | None) -> Approval:
    question = limits.cut(text_at(event, "detail", "message") or "", limits.QUESTION)
    step = text_at(event, "node_name", "nodeName", "name", "title")
    return Approval(run, node, question, automation, step, _person_in(event))


def _person_in(record: Record) -> str | None:
    """Who must decide, from the usual field names; several people become one text."""
    found = first(record, "assignee", "assignees", "assigned_to", "assignedTo", "approver", "approvers", "role")
    people = found if isinstance(found, list) else [found]
    named = [one if isinstance(one, dict) else {"name": one} for one in people]
    names = [name for one in named if (name := text_at(one, "name", "title", "email"))]
    return ", ".join(names[:PEOPLE]) or None


def with_steps(approvals: Iterable[Approval], automation: Record) -> tuple[Approval, ...]:
    """The approvals with the names from the automation's record filled in."""
    listed = automation.get("nodes")
    nodes = {text_at(one, "id"): one for one in listed if isinstance(one, dict)} if isinstance(listed, list) else {}
    title = text_at(automation, "name", "title")
    return tuple(
        one._replace(
            automation=one.automation or title,
            step=one.step or text_at(nodes.get(one.node, {}), "name", "title", "label"),
            assignee=one.assignee or _person_in(nodes.get(one.node, {})),
        )
        for one in approvals
    )
