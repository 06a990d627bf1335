"""Confirmation of a call by a person: the question with the arguments that will be sent, and what a yes covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from uru_mcp.access.gate import runs_unasked
from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.catalog.catalog import Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Declined, UruError
from uru_mcp.messages import call_messages, policy_messages
from uru_mcp.results.shown_arguments import Shown, in_lines, shown
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.quoting import NAME_CHARS, quoted

Way = Literal["elicitation", "card", "terminal", "none"]
"""How a client can ask a person."""

QUESTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"decision": {"type": "string", "enum": ["no", "yes"], "title": "Run it?"}},
    "required": ["decision"],
}
"""The elicitation form, in the subset of JSON Schema that MCP allows for it."""


class Consent(NamedTuple):
    """A person's decision on a call, for these arguments and this key. The audit log records `way`.

    `is_of_a_step` is set if the person decided a step of a run, and so saw no arguments: we built them.
    """

    tool: str
    arguments: dict[str, Any]
    key: Key | None
    way: Way
    answer: Literal["yes", "no"] | None = "yes"
    is_of_a_step: bool = False

    def covers(self, tool: str, made: dict[str, Any], sent: dict[str, Any], key: Key | None) -> bool:
        """Whether it is a yes to exactly this call: made with the arguments `made`, and sent to the tool as `sent`."""
        arguments = made if self.is_of_a_step else sent
        return self.answer == "yes" and (self.tool, self.arguments, self.key) == (tool, arguments, key)


class Confirmation(NamedTuple):
    """A call that waits for a person's confirmation: what would be sent with which key, and the call as it was made.

    `is_by_policy` is whether the administrator, and not only the user, wants it to be confirmed.
    `is_for_the_model` is whether a person can be asked because a model made the call: a decision on a run that only a
    person may make has a question of its own.
    """

    tool: Tool
    arguments: dict[str, Any]
    key: Key | None
    shown: Shown
    is_for_the_model: bool = True
    is_by_policy: bool = False

    @property
    def app(self) -> str:
        return quoted(self.tool.namespace.title, NAME_CHARS)

    @property
    def question(self) -> str:
        """The question for the person, on several lines."""
        asked = call_messages.CONFIRM_CALL.format(
            title=quoted(self.tool.title, NAME_CHARS), app=self.app, tool=self.tool.id
        )
        rows = in_lines(self.shown)
        return "\n".join([asked, *rows, call_messages.YES_IS_FOR_THIS])

    @property
    def structure(self) -> dict[str, Any]:
        """`{"kind": "confirmation", "title": …, "app": …, "tool": …, "arguments": […], "hidden_arguments": 0}`"""
        return {
            "kind": "confirmation",
            "title": quoted(self.tool.title, NAME_CHARS),
            "app": self.app,
            "tool": self.tool.id,
            **self.shown.structure,
        }

    def consent(self, way: Way, answer: Literal["yes", "no"] | None) -> Consent:
        return Consent(self.tool.id, self.arguments, self.key, way, answer)


class NeedsYes(Declined):
    """The call runs only after a person's confirmation. If the client cannot ask, this is the refusal."""

    def __init__(self, confirmation: Confirmation) -> None:
        tool = confirmation.tool
        title, is_by_policy = quoted(tool.title, NAME_CHARS), confirmation.is_by_policy
        if confirmation.is_for_the_model:
            said_by = policy_messages.BY_POLICY if is_by_policy else call_messages.BY_URU_CONFIRM
            message = call_messages.NOBODY_TO_ASK.format(title=title, app=confirmation.app, said_by=said_by)
            fix = policy_messages.TELL_WHAT_POLICY_HOLDS_BACK if is_by_policy else call_messages.TELL_WHAT_WOULD_RUN
        else:
            said_by = policy_messages.BY_POLICY if is_by_policy else call_messages.BY_URU_APPROVALS
            message = call_messages.ONLY_A_PERSON_DECIDES.format(said_by=said_by)
            fix = call_messages.PERSON_DECIDES_IN_URU
        would_run = {"tool": tool.id, "title": title, "app": confirmation.app, **confirmation.shown.structure}
        super().__init__(message, fix=fix, tool=tool.id, would_run=would_run)
        self.confirmation = confirmation


def askable(error: UruError, way: Way) -> Confirmation | None:
    """The confirmation to ask for after a call was refused with this error; None if it cannot be asked in this way."""
    if not isinstance(error, NeedsYes) or way == "none":
        return None
    return error.confirmation if error.confirmation.is_for_the_model or way == "terminal" else None


def said_no(consent: Consent) -> Declined:
    """The error for the model if the person declined or did not answer."""
    if consent.answer == "no":
        message = call_messages.PERSON_SAID_NO.format(tool=consent.tool)
        return Declined(message, fix=call_messages.DO_NOT_TRY_AGAIN, tool=consent.tool, user_decision="no")
    return Declined(
        call_messages.NOBODY_ANSWERED.format(tool=consent.tool), fix=call_messages.ASK_BEFORE_AGAIN, tool=consent.tool
    )


def require_yes(
    tool: Tool,
    made: dict[str, Any],
    sent: dict[str, Any],
    snapshot: Snapshot,
    consent: Consent | None,
    clean: Callable[[Any], Any],
) -> None:
    """Require that the call needs no confirmation, or that a person has confirmed exactly its arguments.

    Raises:
        NeedsYes: It is not confirmed. `clean` removes from its arguments what a person may not be shown.
    """
    rules, key = snapshot.catalog.rules, snapshot.key_status.key
    is_decision = rules.only_person_decides and tool.id == shown_name(PLATFORM, DECIDE)
    if not is_decision and runs_unasked(tool, rules):
        return
    if consent is None or not consent.covers(tool.id, made, sent, key):
        by_policy = rules.is_person_by_policy if is_decision else rules.confirmed.are_closed_by_policy(tool)
        raise NeedsYes(Confirmation(tool, sent, key, shown(sent, clean), not is_decision, by_policy))
