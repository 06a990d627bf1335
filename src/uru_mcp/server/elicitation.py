"""Asks the user to confirm a call or to decide a waiting run through MCP elicitation, if the client supports it.

Clients that use the `initialize` handshake get an elicitation request; newer ones get an input-required result. Without
a decision, the run keeps waiting, and the call is not run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import mcp.types as types
from mcp.shared.exceptions import MCPError

from uru_mcp.approvals.decisions import Decisions
from uru_mcp.approvals.settling import Caller, Question, Reply, Settling, Waiting
from uru_mcp.errors import Declined
from uru_mcp.messages import call_messages
from uru_mcp.results.automation_approvals import DECISION_SCHEMA
from uru_mcp.results.consent import QUESTION_SCHEMA, Confirmation
from uru_mcp.results.render import Rendered
from uru_mcp.server.client_capabilities import Context, can_elicit
from uru_mcp.server.sdk_conversion import is_modern

MARGIN = 2.0  # seconds of a call that are reserved for sending the decision to Uru
INPUT = "approval"  # the name of our question in an input-required result

PERSON_WITHIN = 600.0  # seconds that a person has if the client receives progress notifications


@dataclass(slots=True)
class Time:
    """A call's deadline `until`, on the monotonic clock, and whether a person `is_asking` now.

    Clients time out after about a minute. A person gets longer only if the client receives progress notifications
    (`has_progress`), which reset its timeout.
    """

    until: float
    has_progress: bool = False
    is_asking: bool = False

    def for_a_person(self) -> float:
        """Seconds that a person has left to answer."""
        return PERSON_WITHIN if self.has_progress else self.until - MARGIN - time.monotonic()


class Elicitation:
    """Asks for the approvals that calls wait for, and passes the decisions on."""

    def __init__(self, caller: Caller, settling: Settling) -> None:
        self._caller = caller
        self._settling = settling
        self._open: Decisions[Question] = Decisions()

    async def settle(
        self, ctx: Context, params: types.CallToolRequestParams, rendered: Rendered, call: Time
    ) -> Rendered | types.InputRequiredResult:
        """The final result of a call once all that it waits for is decided, or the question for the person."""
        while rendered.waits_for is not None and can_elicit(ctx) and self._is_asked_about(params.name):
            asked = self._settling.asked(params.name, params.arguments or {}, rendered, rendered.waits_for)
            if is_modern(ctx.protocol_version):
                return await self._question(asked)
            reply = await self._elicit(ctx, asked.waiting, call)
            call.until = max(call.until, time.monotonic() + (self._caller.call_within if call.has_progress else 0.0))
            rendered = await self._settling.decided(asked, _read(asked.waiting, reply), call.until)
        return rendered

    async def resume(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        """Continue a call that was answered with a question, using the person's response to it.

        The tool itself is run only if it was asked about before it was.

        Raises:
            MCPError: No such question is open for this call.
        """
        token = params.request_state or ""
        asked = self._open.peek(token)
        if asked is None or (asked.name, asked.arguments) != (params.name, params.arguments or {}):
            raise MCPError(types.INVALID_PARAMS, call_messages.QUESTION_IS_CLOSED)
        reply = (params.input_responses or {}).get(INPUT)
        read = _read(asked.waiting, reply if isinstance(reply, types.ElicitResult) else None)
        try:
            self._open.take(token, read.answer or "no")
        except Declined:
            raise MCPError(types.INVALID_PARAMS, call_messages.QUESTION_IS_CLOSED) from None
        return await self._settling.decided(asked, read, until)

    def _is_asked_about(self, name: str) -> bool:
        """A record that is only read is asked about where the model has no words of its own to decide it."""
        return name != "uru_read_resource" or self._caller.rules.only_person_decides

    async def _question(self, asked: Question) -> types.InputRequiredResult:
        words = await self._settling.words(asked.waiting)
        form = types.ElicitRequestFormParams(message=words, requested_schema=_schema(asked.waiting))
        state = self._open.open(asked).token
        return types.InputRequiredResult(input_requests={INPUT: types.ElicitRequest(params=form)}, request_state=state)

    async def _elicit(self, ctx: Context, waiting: Waiting, call: Time) -> types.ElicitResult | None:
        """The person's response; None if there is none in time, or if the client fails to ask."""
        call.is_asking = True
        try:
            with anyio.move_on_after(call.for_a_person()):
                words = await self._settling.words(waiting)
                return await ctx.session.elicit_form(words, _schema(waiting), ctx.request_id)
        except Exception:  # boundary: if the client fails to ask, the run or call keeps waiting
            return None
        finally:
            call.is_asking = False
        return None


def _schema(waiting: Waiting) -> dict[str, Any]:
    return QUESTION_SCHEMA if isinstance(waiting, Confirmation) else DECISION_SCHEMA


def _read(waiting: Waiting, reply: types.ElicitResult | None) -> Reply:
    """What a filled form says. To decline a call's question is a no to it; a run is left waiting by that."""
    content = (reply.content if reply is not None and reply.action == "accept" else None) or {}
    if isinstance(waiting, Confirmation):
        is_no = reply is not None and (reply.action == "decline" or content.get("decision") == "no")
        return Reply("elicitation", "yes" if content.get("decision") == "yes" else "no" if is_no else None)
    comment = content.get("comment")
    meant: dict[Any, Literal["yes", "no"]] = {"approve": "yes", "reject": "no"}
    choice = content.get("decision")
    answer = meant.get(choice) if isinstance(choice, str) else None
    return Reply("elicitation", answer, comment if isinstance(comment, str) else None)
