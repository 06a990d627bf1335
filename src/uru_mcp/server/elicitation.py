"""Asks the user to approve a waiting run through MCP elicitation, if the client supports it.

Clients that use the `initialize` handshake get an elicitation request; newer ones get an input-required result. The
decision is sent to Uru through the same permission gate as any call. Without a decision the run keeps waiting, and the
result tells the model how to ask the user.
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
from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Unconfirmed, UruError
from uru_mcp.results.approvals import DECISION_SCHEMA, decision, question
from uru_mcp.results.render import Rendered
from uru_mcp.server.sdk_conversion import is_modern, tool_result
from uru_mcp.uru.resource_uris import ResourceUri
from uru_mcp.uru.waiting_steps import Approval

AT_MOST = 64  # open questions
MARGIN = 2.0  # seconds of a call that are reserved for sending the decision to Uru
APPROVAL = "approval"  # the name of our question in an input-required result

NAME_WITHIN = 3.0  # seconds to look up the automation's name
PERSON_WITHIN = 600.0  # seconds that a person has if the client receives progress notifications


Context = ServerRequestContext[Any, Any]


class Caller(Protocol):
    """The part of the bridge that elicitation needs: to run a tool, and to know which key is in use."""

    @property
    def call_within(self) -> float: ...

    async def call_tool(self, name: str, arguments: dict[str, Any], *, within: float | None = None) -> Rendered: ...

    async def accepted_key(self, within: float) -> Key | None: ...

    def key_in_use(self) -> Key | None: ...

    async def title_of(self, run: ResourceUri, within: float) -> str | None: ...

    def refusal(self, error: UruError) -> Rendered: ...


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


@dataclass(frozen=True, slots=True)
class Question:
    """An open approval question: the call that led to it, its result, and the key that was in use."""

    name: str
    arguments: dict[str, Any]
    answer: Rendered
    approval: Approval
    key: Key | None


class Elicitation:
    """Asks for the approvals that calls wait for, and passes the decisions on."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._open: dict[str, Question] = {}  # the oldest first

    async def settle(
        self, ctx: Context, params: types.CallToolRequestParams, rendered: Rendered, call: Time
    ) -> types.CallToolResult | types.InputRequiredResult:
        """The final result of a call once all of its approvals are decided, or the question for the user."""
        while rendered.waits_for is not None and _can_ask(ctx):
            if is_modern(ctx.protocol_version):
                return await self._question(params, rendered, rendered.waits_for)
            asked = self._asked(params, rendered, rendered.waits_for)
            reply = await self._elicit(ctx, rendered.waits_for, call)
            call.until = max(call.until, time.monotonic() + (self._caller.call_within if call.has_progress else 0.0))
            rendered = await self._decided(asked, reply, call.until)
        return tool_result(rendered)

    async def resume(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        """Continue a call that was answered with a question, using the person's response to it.

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
        return Question(params.name, params.arguments or {}, rendered, approval, self._caller.key_in_use())

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
        """The person's response; None if there is none in time, or if the client fails to ask."""
        call.is_asking = True
        try:
            with anyio.move_on_after(call.for_a_person()):
                words = await self._words(approval)
                return await ctx.session.elicit_form(words, DECISION_SCHEMA, ctx.request_id)
        except Exception:  # boundary: if the client fails to ask, the run keeps waiting
            return None
        finally:
            call.is_asking = False
        return None

    async def _words(self, approval: Approval) -> str:
        """The question with the automation's name, which the run itself usually lacks."""
        title = None if approval.automation else await self._caller.title_of(approval.run, NAME_WITHIN)
        return question(approval, title)

    async def _void(self, asked: Question, until: float) -> UruError | None:
        """Why the answer to a question is no longer valid: the key was refused or replaced. None if it is valid."""
        try:
            key = await self._caller.accepted_key(max(0.0, (until - time.monotonic()) / 2))
        except UruError as error:
            return error
        return None if key == asked.key else Unconfirmed(messages.QUESTION_IS_VOID, fix=messages.LOOK_AT_THE_RUN)

    async def _decided(self, asked: Question, reply: types.ElicitResult | None, until: float) -> Rendered:
        void = await self._void(asked, until)
        if void is not None:
            return self._caller.refusal(void)
        content = (reply.content if reply is not None and reply.action == "accept" else None) or {}
        choice, comment = content.get("decision"), content.get("comment")
        if choice not in ("approve", "reject"):
            return _with(asked.answer, messages.UNDECIDED, user_decision=None)
        arguments = decision(asked.approval, str(choice), comment if isinstance(comment, str) else None)
        decided = await self._caller.call_tool(shown_name(PLATFORM, DECIDE), arguments, within=until - time.monotonic())
        return _with(decided, messages.USER_DECIDED.format(choice=choice), user_decision=choice)


def _with(rendered: Rendered, note: str, **members: Any) -> Rendered:
    waits_for = rendered.waits_for if members["user_decision"] is not None else None
    return replace(rendered.noted(note, **members), waits_for=waits_for)


def _can_ask(ctx: Context) -> bool:
    """Whether the client supports form elicitation; per the MCP spec, a client that lists no mode supports forms."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
