"""Asking the person behind a client what a run waits for, where the client can: by elicitation in the handshake era,
by an input-required result in the newer one.

What a person decides is told to Uru through the same gate as any call. Who is not asked, or does not decide, leaves the
run waiting, and the model has the words to ask.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
import mcp.types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from uru_mcp.approvals import DECISION_SCHEMA, decision, question
from uru_mcp.names import shown_name
from uru_mcp.policy import DECIDE, PLATFORM
from uru_mcp.protocol import is_modern, tool_result
from uru_mcp.records import Approval
from uru_mcp.render import Rendered

AT_MOST = 64  # open questions
MARGIN = 2.0  # seconds of a call that are kept for telling Uru
APPROVAL = "approval"  # the name of our question in an input-required result

Context = ServerRequestContext[Any, Any]
Call = Callable[[str, dict[str, Any], float], Awaitable[Rendered]]


@dataclass(frozen=True, slots=True)
class Question:
    """An approval that a person was asked about in answer to a call."""

    name: str
    arguments: dict[str, Any]
    answer: Rendered
    approval: Approval


class Asking:
    """Settles what calls wait for. `call` runs a tool by name, with arguments, within so many seconds."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._open: dict[str, Question] = {}  # the oldest first

    async def settle(
        self, ctx: Context, params: types.CallToolRequestParams, rendered: Rendered, until: float
    ) -> types.CallToolResult | types.InputRequiredResult:
        """The result of a call, after all that it waits for was decided, or the question to the person.

        `until` is the moment of the monotonic clock at which the call must be answered.
        """
        while rendered.waits_for is not None and _can_ask(ctx):
            if is_modern(ctx.protocol_version):
                return self._question(params, rendered, rendered.waits_for)
            with anyio.move_on_after(until - MARGIN - time.monotonic()) as waiting:
                reply = await self._elicit(ctx, rendered.waits_for)
            if waiting.cancelled_caught:
                reply = None
            rendered = await self._decided(rendered, rendered.waits_for, reply, until)
        return tool_result(rendered)

    async def resume(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        """The answer to a call that brings what a person said to the question that it was answered with before.

        The tool itself is not run again.

        Raises:
            MCPError: No such question is open for this call.
        """
        asked = self._open.get(params.request_state or "")
        if asked is None or (asked.name, asked.arguments) != (params.name, params.arguments or {}):
            raise MCPError(
                types.INVALID_PARAMS, "This question is not open any more. The run still waits; look at it in Uru."
            )
        del self._open[params.request_state or ""]
        reply = (params.input_responses or {}).get(APPROVAL)
        return await self._decided(
            asked.answer, asked.approval, reply if isinstance(reply, types.ElicitResult) else None, until
        )

    def _question(
        self, params: types.CallToolRequestParams, rendered: Rendered, approval: Approval
    ) -> types.InputRequiredResult:
        state = secrets.token_hex(16)
        self._open[state] = Question(params.name, params.arguments or {}, rendered, approval)
        if len(self._open) > AT_MOST:
            del self._open[next(iter(self._open))]
        form = types.ElicitRequestFormParams(message=question(approval), requested_schema=DECISION_SCHEMA)
        return types.InputRequiredResult(
            input_requests={APPROVAL: types.ElicitRequest(params=form)}, request_state=state
        )

    async def _elicit(self, ctx: Context, approval: Approval) -> types.ElicitResult | None:
        try:
            return await ctx.session.elicit_form(question(approval), DECISION_SCHEMA, ctx.request_id)
        except Exception:  # boundary: a client that cannot ask after all leaves the run waiting
            return None

    async def _decided(
        self, rendered: Rendered, approval: Approval, reply: types.ElicitResult | None, until: float
    ) -> Rendered:
        content = (reply.content if reply is not None and reply.action == "accept" else None) or {}
        choice, comment = content.get("decision"), content.get("comment")
        if choice not in ("approve", "reject"):
            note = "[The user was asked just now and has not decided; the run still waits.]"
            return _with(rendered, note, user_decision=None)
        arguments = decision(approval, str(choice), comment if isinstance(comment, str) else None)
        decided = await self._call(shown_name(PLATFORM, DECIDE), arguments, until - time.monotonic())
        return _with(decided, f"[The user was asked, and decided: {choice}.]", user_decision=choice)


def _with(rendered: Rendered, note: str, **members: Any) -> Rendered:
    waits_for = rendered.waits_for if members["user_decision"] is not None else None
    return replace(rendered.noted(note, **members), waits_for=waits_for)


def _can_ask(ctx: Context) -> bool:
    """Whether the client has forms; one that names no mode at all has them, by the protocol's own rule."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
