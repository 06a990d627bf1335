"""Applies a person's answer: runs the confirmed call, decides the step of a run, or does neither.

Decisions are sent to Uru through the same gate as any call. This module knows neither forms nor cards.
"""

from __future__ import annotations

import time
from typing import Any, Literal, NamedTuple, Protocol

from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Declined, Unconfirmed, UruError
from uru_mcp.messages import access_messages, call_messages
from uru_mcp.results.automation_approvals import decision, question
from uru_mcp.results.consent import Confirmation, Consent, Way
from uru_mcp.results.render import Rendered
from uru_mcp.uru.resource_uris import ResourceUri
from uru_mcp.uru.waiting_steps import Approval

NAME_WITHIN = 3.0  # seconds to look up the automation's name

Waiting = Approval | Confirmation


class Caller(Protocol):
    """The part of the bridge that questions need: running a tool, and the key that is in use."""

    @property
    def call_within(self) -> float: ...

    @property
    def rules(self) -> UserRules: ...

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        *,
        within: float | None = None,
        way: Way = "none",
        consent: Consent | None = None,
    ) -> Rendered: ...

    def declined(self, name: str, arguments: dict[str, Any], consent: Consent) -> Rendered: ...

    def answer(self, structure: dict[str, Any], note: str) -> Rendered: ...

    def recorded(self, name: str, rendered: Rendered) -> Rendered: ...

    async def accepted_key(self, within: float) -> Key | None: ...

    def key_in_use(self) -> Key | None: ...

    async def title_of(self, run: ResourceUri, within: float) -> str | None: ...

    def refusal(self, error: UruError) -> Rendered: ...


class Question(NamedTuple):
    """A question to a person: the call that led to it, its answer, and the key of that call."""

    name: str
    arguments: dict[str, Any]
    answer: Rendered
    waiting: Waiting
    key: Key | None


class Reply(NamedTuple):
    """The person's answer: yes, no or none. The comment belongs to a decision on a run."""

    way: Way
    answer: Literal["yes", "no"] | None
    comment: str | None = None


class Settling:
    """Builds the question for a person, and acts on the answer."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def asked(self, name: str, arguments: dict[str, Any], rendered: Rendered, waiting: Waiting) -> Question:
        """The question about a call, with the key that the call was made with."""
        key = waiting.key if isinstance(waiting, Confirmation) else self._caller.key_in_use()
        return Question(name, arguments, rendered, waiting, key)

    async def decided(self, asked: Question, reply: Reply, until: float) -> Rendered:
        """Act on a reply: the answer of the call that waited for it, or the reason why there is none."""
        void = await self._void(asked, until)
        if void is not None:
            return self._caller.refusal(void)
        if isinstance(asked.waiting, Confirmation):
            return await self._confirmed(asked, asked.waiting, reply, until)
        return await self._approved(asked, asked.waiting, reply, until)

    async def words(self, waiting: Waiting) -> str:
        """The text of the question, with the automation's name, which the run's record usually lacks."""
        if isinstance(waiting, Confirmation):
            return waiting.question
        return question(waiting, None if waiting.automation else await self.title_of(waiting))

    async def title_of(self, approval: Approval) -> str | None:
        """The automation's name, or None if it cannot be fetched quickly."""
        return await self._caller.title_of(approval.run, NAME_WITHIN)

    async def _void(self, asked: Question, until: float) -> UruError | None:
        """Why the answer is void: the key cannot be checked, or is not the key that the question was asked with."""
        try:
            key = await self._caller.accepted_key(max(0.0, (until - time.monotonic()) / 2))
        except UruError as error:
            return error
        if key == asked.key:
            return None
        if isinstance(asked.waiting, Confirmation):
            return Declined(call_messages.YES_IS_VOID, fix=access_messages.SAME_CALL_AGAIN)
        return Unconfirmed(call_messages.QUESTION_IS_VOID, fix=call_messages.LOOK_AT_THE_RUN)

    async def _confirmed(self, asked: Question, waiting: Confirmation, reply: Reply, until: float) -> Rendered:
        consent = waiting.consent(reply.way, reply.answer)
        if consent.answer != "yes":
            return self._caller.declined(asked.name, asked.arguments, consent)
        ran = await self._caller.call_tool(
            asked.name, asked.arguments, within=until - time.monotonic(), consent=consent
        )
        return ran if ran.is_error else ran.noted(call_messages.USER_SAID_YES, user_decision="yes")

    async def _approved(self, asked: Question, approval: Approval, reply: Reply, until: float) -> Rendered:
        if reply.answer is None:
            return _with(asked.answer, call_messages.UNDECIDED, user_decision=None)
        choice = "approve" if reply.answer == "yes" else "reject"
        tool, arguments = shown_name(PLATFORM, DECIDE), decision(approval, choice, reply.comment)
        consent = Consent(tool, arguments, asked.key, reply.way, "yes", is_of_a_step=True)
        decided = await self._caller.call_tool(tool, arguments, within=until - time.monotonic(), consent=consent)
        return _with(decided, call_messages.USER_DECIDED.format(choice=choice), user_decision=choice)


def _with(rendered: Rendered, note: str, **members: Any) -> Rendered:
    waits_for = rendered.waits_for if members["user_decision"] is not None else None
    return rendered.noted(note, **members)._replace(waits_for=waits_for)
