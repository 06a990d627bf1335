"""What is said with the result of a call: whose words it holds, and what one of Uru's own tools did to records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uru_mcp import messages
from uru_mcp.calls import speaker_of
from uru_mcp.catalog import Tool
from uru_mcp.outlook import View
from uru_mcp.policy import PLATFORM, is_foreign
from uru_mcp.quoting import NAME_CHARS, Quotation, quoted
from uru_mcp.records import ANSWERED_BY, CHANGED_BY, RUNS, Kind, address_of
from uru_mcp.results.approvals import advice, first_decidable
from uru_mcp.waiting_steps import Approval, read_approvals


@dataclass(frozen=True, slots=True)
class Effect:
    """`members` and `notes` go with the result; `waits_for` is what a person can be asked to decide right away."""

    members: dict[str, Any]
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None


def changed_by(tool: Tool) -> tuple[Kind, ...]:
    """The kinds of records that are not what they were once the tool has run."""
    return CHANGED_BY.get(tool.name, ()) if tool.namespace.name == PLATFORM else ()


def source_of(tool: Tool) -> str:
    """Whose words a tool answers with, in one line."""
    namespace = tool.namespace
    if namespace.name == PLATFORM:
        return messages.OF_WORKSPACE
    title = quoted(namespace.title, NAME_CHARS)
    return messages.OUTSIDE_URU.format(title=title) if is_foreign(namespace.name) else title


def attribution(source: str) -> str:
    """What a model is told before words that are not the user's."""
    return messages.FROM_OTHERS.format(source=source)


def remark(tool: Tool, words: str) -> str:
    """What stands in the `error` of a run that succeeded: a warning, as a rule."""
    return f"[{Quotation(words, speaker_of(tool)).sentence.strip()}]"


def waiting_in(tool: Tool, data: Any) -> tuple[Approval, ...]:
    """What the run that a tool answered with waits for."""
    is_run = tool.namespace.name == PLATFORM and ANSWERED_BY.get(tool.name) is RUNS
    return read_approvals(data) if is_run else ()


def effect_of(tool: Tool, data: Any, view: View, approvals: tuple[Approval, ...] = ()) -> Effect:
    """Whose words the tool answered with, where the record among them can be read, and what it waits for."""
    source = source_of(tool)
    said: dict[str, Any] = {"from": source}
    kind = ANSWERED_BY.get(tool.name) if tool.namespace.name == PLATFORM else None
    address = address_of(kind, data) if kind is not None and isinstance(data, dict) else None
    if address is None:
        return Effect(said, (attribution(source),))
    advised = [advice(approval, view) for approval in approvals]
    members = {**said, "uri": address.uri}
    if advised:
        members["approvals"] = [structure for structure, _ in advised]
    notes = (attribution(source), f"[Resource: {address.uri}]", *(note for _, note in advised))
    return Effect(members, notes, first_decidable(approvals, view))
