"""What a run of an automation waits for, in words: for the model that must ask, and for the person who decides."""

from __future__ import annotations

from typing import Any

from uru_mcp.catalog import Tool
from uru_mcp.fields import compact
from uru_mcp.gate import allows
from uru_mcp.names import shown_name
from uru_mcp.outlook import View
from uru_mcp.policy import DECIDE, PLATFORM
from uru_mcp.quoting import Quotation, quoted, quoted_json
from uru_mcp.records import Approval

NAME_CHARS = 80  # of an automation's name

DECISION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["approve", "reject"], "title": "Decision"},
        "comment": {"type": "string", "title": "Comment", "description": "Why; kept with the run", "maxLength": 1000},
    },
    "required": ["decision"],
}
"""The form that a person fills in; a subset of JSON Schema that MCP allows there."""


def deciding_tool(approval: Approval, view: View) -> Tool | None:
    """The tool that decides it, where the workspace has one, the run says what waits, and the key may."""
    tool = view.catalog.tools.get(shown_name(PLATFORM, DECIDE))
    is_possible = tool is not None and approval.node is not None and allows(tool.needs, view.standing)
    return tool if is_possible else None


def decision(approval: Approval, choice: str, comment: str | None = None) -> dict[str, Any]:
    """The arguments with which a decision is told to Uru."""
    said = {"comment": comment} if comment else {}
    return {"run_id": approval.run.run_id, "node_id": approval.node, "decision": choice, **said}


def question(approval: Approval, title: str | None = None) -> str:
    """What a person is asked; the words are Uru's. `title` is the automation's, where the run does not tell it."""
    name = quoted(approval.automation or title or approval.run.id or "", NAME_CHARS)
    return f"The automation “{name}” in Uru waits for your decision.{Quotation(approval.question).sentence}"


def advice(approval: Approval, view: View) -> tuple[dict[str, Any], str]:
    """The same for a model: as structure, `{"run_id", "node_id", "question", "decide": {…}}`, and as a note."""
    structure = {"run_id": approval.run.run_id, "node_id": approval.node, "question": quoted(approval.question)}
    asked = f"This run waits for a person's decision.{Quotation(approval.question).sentence}"
    tool = deciding_tool(approval, view)
    if tool is None:
        return structure, f"[{asked} Tell the user, who can decide in Uru; it cannot be decided with this key.]"
    arguments = decision(approval, "approve")
    by, how = tool.id, arguments
    if tool.dispatcher is not None:
        by, how = tool.dispatcher, {"tool": tool.id, "input": arguments}
    decide = {"call_with": by, "arguments": how, "or": {"decision": "reject"}}
    call = quoted_json(compact(how))
    note = f'[{asked} Ask the user, and decide nothing yourself. Then call {by} with {call}, or "reject".]'
    return {**structure, "decide": decide}, note
