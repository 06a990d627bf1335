"""Asking the person behind a client what a call waits for, where the client can: by elicitation in the handshake era,
by an input-required result in the newer one.

It may be a decision on a run, or a yes to the call itself. Who is not asked, or does not decide, leaves the run
waiting, or the call not run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import mcp.types as types
from mcp.shared.exceptions import MCPError

from uru_mcp import messages
from uru_mcp.approvals.decisions import Decisions
from uru_mcp.approvals.settling import Desk, Question, Reply, Settling, Waiting
from uru_mcp.client_abilities import Context, can_elicit
from uru_mcp.errors import Declined
from uru_mcp.protocol import is_modern
from uru_mcp.render import Rendered
from uru_mcp.results.approvals import DECISION_SCHEMA
from uru_mcp.results.consent import QUESTION_SCHEMA, Confirmation

MARGIN = 2.0  # seconds of a call that are kept for telling Uru
INPUT = "approval"  # the name of our question in an input-required result

PERSON_WITHIN = 600.0  # seconds that a person has, where the client is told that its call goes on


@dataclass(slots=True)
class Time:
    """When a call must be answered, as a moment of the monotonic clock, and whether it `is_asking` a person now.

    Clients give a call about a minute. A person has longer only where the client `has_progress`, by which it can tell
    that the call goes on.
    """

    until: float
    has_progress: bool = False
    is_asking: bool = False

    def for_a_person(self) -> float:
        """Seconds that a person has from now on."""
        return PERSON_WITHIN if self.has_progress else self.until - MARGIN - time.monotonic()


class Asking:
    """Settles what calls wait for."""

    def __init__(self, desk: Desk, settling: Settling) -> None:
        self._desk = desk
        self._settling = settling
        self._open: Decisions[Question] = Decisions()

    async def settle(
        self, ctx: Context, params: types.CallToolRequestParams, rendered: Rendered, call: Time
    ) -> Rendered | types.InputRequiredResult:
        """The answer to a call, after all that it waits for was decided, or the question to the person."""
        while rendered.waits_for is not None and can_elicit(ctx) and self._is_asked_about(params.name):
            asked = self._settling.asked(params.name, params.arguments or {}, rendered, rendered.waits_for)
            if is_modern(ctx.protocol_version):
                return await self._question(asked)
            reply = await self._elicit(ctx, asked.waiting, call)
            call.until = max(call.until, time.monotonic() + (self._desk.call_within if call.has_progress else 0.0))
            rendered = await self._settling.decided(asked, _read(asked.waiting, reply), call.until)
        return rendered

    async def resume(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        """The answer to a call that brings what a person said to the question that it was answered with before.

        The tool itself is run only if it was asked about before it was.

        Raises:
            MCPError: No such question is open for this call.
        """
        token = params.request_state or ""
        asked = self._open.peek(token)
        if asked is None or (asked.name, asked.arguments) != (params.name, params.arguments or {}):
            raise MCPError(types.INVALID_PARAMS, messages.QUESTION_IS_CLOSED)
        reply = (params.input_responses or {}).get(INPUT)
        read = _read(asked.waiting, reply if isinstance(reply, types.ElicitResult) else None)
        try:
            self._open.take(token, read.answer or "no")
        except Declined:
            raise MCPError(types.INVALID_PARAMS, messages.QUESTION_IS_CLOSED) from None
        return await self._settling.decided(asked, read, until)

    def _is_asked_about(self, name: str) -> bool:
        """A record that is only read is asked about where the model has no words of its own to decide it."""
        return name != "uru_read_resource" or self._desk.rules.only_person_decides

    async def _question(self, asked: Question) -> types.InputRequiredResult:
        words = await self._settling.words(asked.waiting)
        form = types.ElicitRequestFormParams(message=words, requested_schema=_schema(asked.waiting))
        state = self._open.open(asked).token
        return types.InputRequiredResult(input_requests={INPUT: types.ElicitRequest(params=form)}, request_state=state)

    async def _elicit(self, ctx: Context, waiting: Waiting, call: Time) -> types.ElicitResult | None:
        """What the person says; None where nobody does in time, or the client cannot ask after all."""
        call.is_asking = True
        try:
            with anyio.move_on_after(call.for_a_person()):
                words = await self._settling.words(waiting)
                return await ctx.session.elicit_form(words, _schema(waiting), ctx.request_id)
        except Exception:  # boundary: a client that cannot ask after all leaves what waits as it is
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
