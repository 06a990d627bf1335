"""Provenance of a result: its source, the record that it concerns, and the approvals that it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from uru_mcp.access.policy import PLATFORM, is_foreign
from uru_mcp.catalog.catalog import Tool
from uru_mcp.messages import call_messages
from uru_mcp.results.automation_approvals import advice, first_decidable, note_on, waiting
from uru_mcp.session.session import Snapshot
from uru_mcp.session.tool_execution import speaker_of
from uru_mcp.untrusted_input.quoting import NAME_CHARS, Quotation, quoted
from uru_mcp.uru.records import ANSWERED_BY, CHANGED_BY, RUNS, Kind, address_of
from uru_mcp.uru.waiting_steps import Approval, read_approvals


class Provenance(NamedTuple):
    """`members` and `notes` are added to the result; `waits_for` is an approval that the user can decide now."""

    members: dict[str, Any]
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None


def changed_by(tool: Tool) -> tuple[Kind, ...]:
    """The kinds of records that the tool changes."""
    return CHANGED_BY.get(tool.name, ()) if tool.namespace.name == PLATFORM else ()


def source_of(tool: Tool) -> str:
    """The source of a tool's results, on one line."""
    namespace = tool.namespace
    if namespace.name == PLATFORM:
        return call_messages.OF_WORKSPACE
    title = quoted(namespace.title, NAME_CHARS)
    return call_messages.OUTSIDE_URU.format(title=title) if is_foreign(namespace.name) else title


def attribution(source: str) -> str:
    """The note for the model before data that is not from the user."""
    return call_messages.FROM_OTHERS.format(source=source)


def remark(tool: Tool, words: str) -> str:
    """A note with the `error` field of a run that succeeded, which usually holds a warning."""
    return f"[{Quotation(words, speaker_of(tool)).sentence.strip()}]"


def waiting_in(tool: Tool, data: Any) -> tuple[Approval, ...]:
    """The approvals that the run in a tool's result waits for."""
    is_run = tool.namespace.name == PLATFORM and ANSWERED_BY.get(tool.name) is RUNS
    return read_approvals(data) if is_run else ()


def waiting_among(approvals: Sequence[Approval]) -> Provenance:
    """What runs wait for that a tool has listed; how to decide it is told where the run is read."""
    if not approvals:
        return Provenance({})
    structures = [{"run_id": one.run.run_id, **waiting(one)} for one in approvals]
    return Provenance({"approvals": structures}, (*map(note_on, approvals), f"[{call_messages.ASK_THE_USER}]"))


def effect_of(tool: Tool, data: Any, snapshot: Snapshot, approvals: tuple[Approval, ...] = ()) -> Provenance:
    """The provenance of a tool's result: its source, the address of its record, and its pending approvals."""
    source = source_of(tool)
    said: dict[str, Any] = {"from": source}
    kind = ANSWERED_BY.get(tool.name) if tool.namespace.name == PLATFORM else None
    address = address_of(kind, data) if kind is not None and isinstance(data, dict) else None
    if address is None:
        return Provenance(said, (attribution(source),))
    advised = [advice(approval, snapshot) for approval in approvals]
    members = {**said, "uri": address.uri}
    if advised:
        members["approvals"] = [structure for structure, _ in advised]
    notes = (attribution(source), f"[Resource: {address.uri}]", *(note for _, note in advised))
    return Provenance(members, notes, first_decidable(approvals, snapshot))
