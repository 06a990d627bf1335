"""Decision cards (MCP Apps): the `_meta` that a result carries for the card, and the tool `uru_decide`.

A server cannot tell whether a card or a model makes a call, so a token protects the decision: it is only in `_meta`,
which hosts give to the card and keep from the model. `decisions.py` documents the formats.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from uru_mcp.approvals.decisions import COMMENT_CHARS, LIFETIME, META, TOOL, Answer, Decisions
from uru_mcp.approvals.settling import Caller, Question, Reply, Settling
from uru_mcp.errors import ArgumentError, Declined, UruError
from uru_mcp.messages import call_messages
from uru_mcp.results.consent import Confirmation
from uru_mcp.results.render import Rendered
from uru_mcp.tools.definitions import Definition
from uru_mcp.untrusted_input.quoting import NAME_CHARS, quoted
from uru_mcp.uru.waiting_steps import Approval

DEFINITION = Definition(
    TOOL,
    "Decide in the card",
    call_messages.DECIDE_IN_THE_CARD,
    {
        "type": "object",
        "properties": {
            "token": {"type": "string", "maxLength": 100, "description": "From the card"},
            "decision": {"type": "string", "enum": ["yes", "no"], "description": "Omit for the state of the decision"},
            "comment": {"type": "string", "maxLength": COMMENT_CHARS, "description": call_messages.WHY_KEPT},
        },
        "required": ["token"],
        "additionalProperties": False,
    },
    read_only=False,
    destructive=True,
    idempotent=False,
    open_world=True,
)
"""Only for the card: listed with `visibility: ["app"]`, and only for clients that show cards."""

YES_AND_NO = {"confirmation": ("Run it", "Do not run it"), "approval": ("Approve", "Reject")}


class Cards:
    """Creates the decision that a result waits for, and applies the person's answer once."""

    def __init__(self, caller: Caller, settling: Settling) -> None:
        self._caller = caller
        self._settling = settling
        self._open: Decisions[Question] = Decisions()

    async def asking(self, name: str, arguments: dict[str, Any], rendered: Rendered) -> Rendered:
        """The answer to a call, with a decision card if it waits for a person; otherwise unchanged."""
        waiting = rendered.waits_for
        if waiting is None:
            return rendered
        asked = self._settling.asked(name, arguments, rendered, waiting)
        if isinstance(waiting, Confirmation):
            structure = waiting.structure
            note = call_messages.CARD_WAITS.format(title=structure["title"], app=structure["app"])
            answer = self._caller.answer({"waiting": structure}, note)
            consequence = call_messages.YES_RUNS_IT
        else:
            title = None if waiting.automation else await self._settling.title_of(waiting)
            structure = _step(waiting, title)
            answer = rendered.noted(call_messages.CARD_DECIDES)
            consequence = call_messages.YES_APPROVES
        return answer._replace(waits_for=None, meta={META: self._meta(asked, structure, consequence)})

    async def decide(self, arguments: dict[str, Any], until: float) -> Rendered:
        """Handle a call of `uru_decide`. The answer never repeats the call's arguments."""
        token, said, comment = (arguments.get(name) for name in ("token", "decision", "comment"))
        if said is None:
            return self._caller.answer(
                {"decision": {"state": self._open.state_of(token)}}, call_messages.IS_FOR_THE_CARD
            )
        try:
            asked = self._take(token, said)
        except UruError as error:
            return self._caller.recorded(TOOL, self._caller.refusal(error))
        answer: Answer = "yes" if said == "yes" else "no"
        words = comment[:COMMENT_CHARS] if isinstance(comment, str) and comment.strip() else None
        settled = await self._settling.decided(asked, Reply("card", answer, words), until)
        return await self.asking(asked.name, asked.arguments, settled)

    def _take(self, token: object, said: object) -> Question:
        """Raises: Declined, ArgumentError."""
        if said not in ("yes", "no"):
            raise ArgumentError(call_messages.ANSWER_YES_OR_NO, fix=call_messages.USE_THE_CARD)
        if not isinstance(token, str) or not token:
            raise Declined(call_messages.DECISION_IS_OVER, fix=call_messages.USE_THE_CARD, state="over")
        return self._open.take(token, "yes" if said == "yes" else "no").waiting

    def _meta(self, asked: Question, structure: dict[str, Any], consequence: str) -> dict[str, Any]:
        yes, no = YES_AND_NO[structure["kind"]]
        return {
            "token": self._open.open(asked).token,
            "question": "",
            "step": None,
            "meant_for": None,
            **structure,
            "consequence": consequence,
            "yes": yes,
            "no": no,
            "expires_at": (datetime.now(UTC) + timedelta(seconds=LIFETIME)).isoformat(timespec="seconds"),
        }


def _step(approval: Approval, title: str | None) -> dict[str, Any]:
    """A waiting step of a run in the format of `Confirmation.structure`; the texts are Uru's."""
    name = quoted(approval.automation or title or approval.run.id or "", NAME_CHARS)
    step, person = (quoted(one or "", NAME_CHARS) or None for one in (approval.step, approval.assignee))
    return {
        "kind": "approval",
        "title": name,
        "app": "Uru",
        "tool": "platform__automation_decide",
        "arguments": [],
        "hidden_arguments": 0,
        "question": quoted(approval.question),
        "step": step,
        "meant_for": person,
    }
