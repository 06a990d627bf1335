"""What a run of an automation waits for, in words: for the model that must ask, and for the person who decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uru_mcp import messages
from uru_mcp.catalog import Tool
from uru_mcp.fields import compact
from uru_mcp.gate import allows
from uru_mcp.names import shown_name
from uru_mcp.outlook import View
from uru_mcp.policy import DECIDE, PLATFORM
from uru_mcp.quoting import Quotation, quoted, quoted_json
from uru_mcp.waiting_steps import Approval

NAME_CHARS = 80  # of an automation's name

DECISION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["approve", "reject"], "title": "Decision"},
        "comment": {"type": "string", "title": "Comment", "description": messages.WHY_KEPT, "maxLength": 1000},
    },
    "required": ["decision"],
}
"""The form that a person fills in; a subset of JSON Schema that MCP allows there."""


def deciding_tool(approval: Approval, view: View) -> Tool | None:
    """The tool that decides it, where the workspace has one, the run says what waits, and the key may."""
    tool = view.catalog.tools.get(shown_name(PLATFORM, DECIDE))
    is_possible = tool is not None and approval.node is not None and allows(tool.needs, view.standing)
    return tool if is_possible else None


def first_decidable(approvals: Iterable[Approval], view: View) -> Approval | None:
    """The first of what a run waits for that can be decided with this key; None where nothing can."""
    return next((one for one in approvals if deciding_tool(one, view) is not None), None)


def decision(approval: Approval, choice: str, comment: str | None = None) -> dict[str, Any]:
    """The arguments with which a decision is told to Uru."""
    said = {"comment": comment} if comment else {}
    return {"run_id": approval.run.run_id, "node_id": approval.node, "decision": choice, **said}


def question(approval: Approval, title: str | None = None) -> str:
    """What a person is asked; the words are Uru's. `title` is the automation's, where the run does not tell it."""
    name = quoted(approval.automation or title or approval.run.id or "", NAME_CHARS)
    step, assignee = _step_and_assignee(approval)
    return f"{messages.question_to_the_person(name, step, assignee)}{Quotation(approval.question).sentence}"


def advice(approval: Approval, view: View) -> tuple[dict[str, Any], str]:
    """The same for a model: as structure, and as a note.

    `{"run_id", "node_id", "step", "meant_for", "question", "note", "decide": {…}}`
    """
    step, assignee = _step_and_assignee(approval)
    structure: dict[str, Any] = {
        "run_id": approval.run.run_id,
        "node_id": approval.node,
        **({"step": step} if step else {}),
        **({"meant_for": assignee} if assignee else {}),
        "question": quoted(approval.question),
    }
    asked = f"{messages.waits_for_a_person(step, assignee)}{Quotation(approval.question).sentence}"
    tool = deciding_tool(approval, view)
    if tool is None:
        told = messages.decided_in_uru_only()
        return {**structure, "note": told}, f"[{asked} {told}]"
    if view.catalog.rules.only_person_decides:
        told = messages.person_decides(assignee)
        return {**structure, "note": told}, f"[{asked} {told}]"
    arguments = decision(approval, "approve")
    by, how = tool.id, arguments
    if tool.dispatcher is not None:
        by, how = tool.dispatcher, {"tool": tool.id, "input": arguments}
    decide = {"call_with": by, "arguments": how, "or": {"decision": "reject"}}
    whom = messages.ask_who_is_meant(assignee)
    note = f"[{asked} {messages.decide_with(by, quoted_json(compact(how)))}{whom}]"
    return {**structure, "note": f"{messages.ASK_THE_USER}{whom}", "decide": decide}, note


def _step_and_assignee(approval: Approval) -> tuple[str | None, str | None]:
    """What the step is called and for whom it is meant, as both may stand in our sentences."""
    step, assignee = (quoted(one or "", NAME_CHARS) or None for one in (approval.step, approval.assignee))
    return step, assignee
