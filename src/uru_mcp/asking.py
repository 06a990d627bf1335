"""Asking the person behind a client what a run waits for, where the client can: by elicitation in the handshake era,
by an input-required result in the newer one.

What a person decides is told to Uru through the same gate as any call. Who is not asked, or does not decide, leaves the
run waiting, and the model has the words to ask.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

import anyio
import mcp.types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from uru_mcp import messages
from uru_mcp.errors import Unconfirmed, UruError
from uru_mcp.key import Key
from uru_mcp.names import shown_name
from uru_mcp.policy import DECIDE, PLATFORM
from uru_mcp.protocol import is_modern, tool_result
from uru_mcp.render import Rendered
from uru_mcp.results.approvals import DECISION_SCHEMA, decision, question
from uru_mcp.uris import Address
from uru_mcp.waiting_steps import Approval

AT_MOST = 64  # open questions
MARGIN = 2.0  # seconds of a call that are kept for telling Uru
APPROVAL = "approval"  # the name of our question in an input-required result

NAME_WITHIN = 3.0  # seconds to look up what the automation is called
PERSON_WITHIN = 600.0  # seconds that a person has, where the client is told that its call goes on


Context = ServerRequestContext[Any, Any]


class Desk(Protocol):
    """What questions need of a bridge: to run a tool, and to know which key it was asked with."""

    @property
    def call_within(self) -> float: ...

    async def call_tool(self, name: str, arguments: dict[str, Any], *, within: float | None = None) -> Rendered: ...

    async def accepted_key(self, within: float) -> Key | None: ...

    def key_in_use(self) -> Key | None: ...

    async def title_of(self, run: Address, within: float) -> str | None: ...

    def refusal(self, error: UruError) -> Rendered: ...


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


@dataclass(frozen=True, slots=True)
class Question:
    """An approval that a person was asked about in answer to a call, made with a key."""

    name: str
    arguments: dict[str, Any]
    answer: Rendered
    approval: Approval
    key: Key | None


class Asking:
    """Settles what calls wait for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[str, Question] = {}  # the oldest first

    async def settle(
        self, ctx: Context, params: types.CallToolRequestParams, rendered: Rendered, call: Time
    ) -> types.CallToolResult | types.InputRequiredResult:
        """The result of a call, after all that it waits for was decided, or the question to the person."""
        while rendered.waits_for is not None and _can_ask(ctx):
            if is_modern(ctx.protocol_version):
                return await self._question(params, rendered, rendered.waits_for)
            asked = self._asked(params, rendered, rendered.waits_for)
            reply = await self._elicit(ctx, rendered.waits_for, call)
            call.until = max(call.until, time.monotonic() + (self._desk.call_within if call.has_progress else 0.0))
            rendered = await self._decided(asked, reply, call.until)
        return tool_result(rendered)

    async def resume(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        """The answer to a call that brings what a person said to the question that it was answered with before.

        The tool itself is not run again.

        Raises:
            MCPError: No such question is open for this call.
        """
        asked = self._open.get(params.request_state or "")
        if asked is None or (asked.name, asked.arguments) != (params.name, params.arguments or {}):
            raise MCPError(types.INVALID_PARAMS, messages.QUESTION_IS_CLOSED)
        del self._open[params.request_state or ""]
        reply = (params.input_responses or {}).get(APPROVAL)
        return await self._decided(asked, reply if isinstance(reply, types.ElicitResult) else None, until)

    def _asked(self, params: types.CallToolRequestParams, rendered: Rendered, approval: Approval) -> Question:
        return Question(params.name, params.arguments or {}, rendered, approval, self._desk.key_in_use())

    async def _question(
        self, params: types.CallToolRequestParams, rendered: Rendered, approval: Approval
    ) -> types.InputRequiredResult:
        state = secrets.token_hex(16)
        self._open[state] = self._asked(params, rendered, approval)
        if len(self._open) > AT_MOST:
            del self._open[next(iter(self._open))]
        words = await self._words(approval)
        form = types.ElicitRequestFormParams(message=words, requested_schema=DECISION_SCHEMA)
        return types.InputRequiredResult(
            input_requests={APPROVAL: types.ElicitRequest(params=form)}, request_state=state
        )

    async def _elicit(self, ctx: Context, approval: Approval, call: Time) -> types.ElicitResult | None:
        """What the person says; None where nobody does in time, or the client cannot ask after all."""
        call.is_asking = True
        try:
            with anyio.move_on_after(call.for_a_person()):
                words = await self._words(approval)
                return await ctx.session.elicit_form(words, DECISION_SCHEMA, ctx.request_id)
        except Exception:  # boundary: a client that cannot ask after all leaves the run waiting
            return None
        finally:
            call.is_asking = False
        return None

    async def _words(self, approval: Approval) -> str:
        """The question, with the name of the automation, which its run does not hold as a rule."""
        title = None if approval.automation else await self._desk.title_of(approval.run, NAME_WITHIN)
        return question(approval, title)

    async def _void(self, asked: Question, until: float) -> UruError | None:
        """Why the answer to a question does not count, nor what was known when it was asked."""
        try:
            key = await self._desk.accepted_key(max(0.0, (until - time.monotonic()) / 2))
        except UruError as error:
            return error
        return None if key == asked.key else Unconfirmed(messages.QUESTION_IS_VOID, fix=messages.LOOK_AT_THE_RUN)

    async def _decided(self, asked: Question, reply: types.ElicitResult | None, until: float) -> Rendered:
        void = await self._void(asked, until)
        if void is not None:
            return self._desk.refusal(void)
        content = (reply.content if reply is not None and reply.action == "accept" else None) or {}
        choice, comment = content.get("decision"), content.get("comment")
        if choice not in ("approve", "reject"):
            return _with(asked.answer, messages.UNDECIDED, user_decision=None)
        arguments = decision(asked.approval, str(choice), comment if isinstance(comment, str) else None)
        decided = await self._desk.call_tool(shown_name(PLATFORM, DECIDE), arguments, within=until - time.monotonic())
        return _with(decided, messages.USER_DECIDED.format(choice=choice), user_decision=choice)


def _with(rendered: Rendered, note: str, **members: Any) -> Rendered:
    waits_for = rendered.waits_for if members["user_decision"] is not None else None
    return replace(rendered.noted(note, **members), waits_for=waits_for)


def _can_ask(ctx: Context) -> bool:
    """Whether the client has forms; one that names no mode at all has them, by the protocol's own rule."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
