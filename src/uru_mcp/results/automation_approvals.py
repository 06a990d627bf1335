"""The texts for an automation run that waits for an approval: for the model that must ask, and for the user."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uru_mcp.access.gate import allows
from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.catalog.catalog import Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.messages import call_messages, policy_messages
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.quoting import Quotation, quoted, quoted_json
from uru_mcp.uru.waiting_steps import Approval

NAME_CHARS = 80  # of an automation's name

DECISION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["approve", "reject"], "title": "Decision"},
        "comment": {"type": "string", "title": "Comment", "description": call_messages.WHY_KEPT, "maxLength": 1000},
    },
    "required": ["decision"],
}
"""The elicitation form, in the subset of JSON Schema that MCP allows for it."""


def deciding_tool(approval: Approval, snapshot: Snapshot) -> Tool | None:
    """The tool that decides an approval; None if the workspace lacks it, the key may not call it, or it has no node."""
    tool = snapshot.catalog.tools.get(shown_name(PLATFORM, DECIDE))
    is_possible = tool is not None and approval.node is not None and allows(tool.needs, snapshot.key_status)
    return tool if is_possible else None


def first_decidable(approvals: Iterable[Approval], snapshot: Snapshot) -> Approval | None:
    """The first approval that can be decided with this key; None if there is none."""
    return next((one for one in approvals if deciding_tool(one, snapshot) is not None), None)


def decision(approval: Approval, choice: str, comment: str | None = None) -> dict[str, Any]:
    """The arguments of the tool call that sends a decision to Uru."""
    said = {"comment": comment} if comment else {}
    return {"run_id": approval.run.run_id, "node_id": approval.node, "decision": choice, **said}


def question(approval: Approval, title: str | None = None) -> str:
    """The question for the user, which quotes Uru. `title` is the automation's name, if the run lacks it."""
    name = quoted(approval.automation or title or approval.run.id or "", NAME_CHARS)
    step, assignee = _step_and_assignee(approval)
    return f"{call_messages.question_to_the_person(name, step, assignee)}{Quotation(approval.question).sentence}"


def advice(approval: Approval, snapshot: Snapshot) -> tuple[dict[str, Any], str]:
    """The approval for the model: as structure, and as a note.

    `{"run_id", "node_id", "step", "meant_for", "question", "note", "decide": {"when", "call_with", "arguments"}}`
    """
    step, assignee = _step_and_assignee(approval)
    structure = {"run_id": approval.run.run_id, **waiting(approval)}
    asked = f"{call_messages.waits_for_a_person(step, assignee)}{Quotation(approval.question).sentence}"
    tool = deciding_tool(approval, snapshot)
    if tool is None:
        told = call_messages.decided_in_uru_only()
        return {**structure, "note": told}, f"[{asked} {told}]"
    rules = snapshot.catalog.rules
    if rules.only_person_decides:
        said_by = policy_messages.BY_POLICY if rules.is_person_by_policy else call_messages.BY_URU_APPROVALS
        told = call_messages.person_decides(assignee, said_by)
        return {**structure, "note": told}, f"[{asked} {told}]"
    arguments = decision(approval, "approve")
    by, how = tool.id, arguments
    if tool.dispatcher is not None:
        by, how = tool.dispatcher, {"tool": tool.id, "input": arguments}
    decide = {"when": call_messages.ONLY_AFTER_YES, "call_with": by, "arguments": how}
    whom = call_messages.ask_who_is_meant(assignee)
    note = f"[{asked} {call_messages.decide_with(by, quoted_json(compact(how)))}{whom}]"
    return {**structure, "note": f"{call_messages.ASK_THE_USER}{whom}", "decide": decide}, note


def waiting(approval: Approval) -> dict[str, Any]:
    """`{"node_id", "step", "meant_for", "question"}`: the waiting step and its assignee, for a list of runs."""
    step, assignee = _step_and_assignee(approval)
    return {
        "node_id": approval.node,
        **({"step": step} if step else {}),
        **({"meant_for": assignee} if assignee else {}),
        "question": quoted(approval.question),
    }


def note_on(approval: Approval) -> str:
    """A note on one run of several."""
    step, assignee = _step_and_assignee(approval)
    run = quoted(approval.run.run_id or "", NAME_CHARS)
    return f"[{call_messages.waits_for_a_person(step, assignee, run)}{Quotation(approval.question).sentence}]"


def _step_and_assignee(approval: Approval) -> tuple[str | None, str | None]:
    """The names of the step and of its assignee, quoted for use in our sentences."""
    step, assignee = (quoted(one or "", NAME_CHARS) or None for one in (approval.step, approval.assignee))
    return step, assignee
