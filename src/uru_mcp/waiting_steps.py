"""What a run of an automation waits for a person to decide, from the records of the run and of its automation.

Source: Uru's guides name such steps; the fields that tell of them are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from uru_mcp import limits
from uru_mcp.fields import Record, first, text_at
from uru_mcp.records import RUNS, address_of, automation_name
from uru_mcp.uris import Address

WAITS = "waiting_for_approval"  # the status of a run
PEOPLE = 5  # who may decide a step, that are named


@dataclass(frozen=True, slots=True)
class Approval:
    """What a run waits for a person to decide. `node` is None where the run does not say which step waits.

    `automation` is what the run's record calls its automation, `step` what its graph calls the step, and `assignee`
    who the event says is to decide; each None where that is not told.
    """

    run: Address
    node: str | None
    question: str
    automation: str | None = None
    step: str | None = None
    assignee: str | None = None


def read_approvals(body: Any) -> tuple[Approval, ...]:
    """What a run waits for, in its own order; nothing when it does not wait.

    An event `{"node": "head", "type": "approval_requested", "detail": "Refund 900 EUR?"}` asks, and a later one of the
    same node with another type answers. The shape of events is assumed.
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


def _approval(run: Address, node: str, event: Record, automation: str | None) -> Approval:
    question = limits.cut(text_at(event, "detail", "message") or "", limits.QUESTION)
    step = text_at(event, "node_name", "nodeName", "name", "title")
    return Approval(run, node, question, automation, step, _person_in(event))


def _person_in(record: Record) -> str | None:
    """Who is to decide, by the names that are usual for that; a list of several becomes one text."""
    found = first(record, "assignee", "assignees", "assigned_to", "assignedTo", "approver", "approvers", "role")
    people = found if isinstance(found, list) else [found]
    named = [one if isinstance(one, dict) else {"name": one} for one in people]
    names = [name for one in named if (name := text_at(one, "name", "title", "email"))]
    return ", ".join(names[:PEOPLE]) or None


def with_steps(approvals: Iterable[Approval], automation: Record) -> tuple[Approval, ...]:
    """The same with what the automation's record tells of it and of each step that waits."""
    listed = automation.get("nodes")
    nodes = {text_at(one, "id"): one for one in listed if isinstance(one, dict)} if isinstance(listed, list) else {}
    title = text_at(automation, "name", "title")
    return tuple(
        replace(
            one,
            automation=one.automation or title,
            step=one.step or text_at(nodes.get(one.node, {}), "name", "title", "label"),
            assignee=one.assignee or _person_in(nodes.get(one.node, {})),
        )
        for one in approvals
    )
