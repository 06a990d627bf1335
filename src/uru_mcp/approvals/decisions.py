"""Pending decisions and their one-time tokens, and the interface between the server and the decision card.

The interface to the card `ui://uru/decision.html` is the same in both protocol eras:

1. If the client shows cards and cannot elicit, the call is answered with a result that is not an error. Its `_meta` has
   the question and the token, which appears nowhere else. `structuredContent` and `content` have the same information
   without the token.

       "_meta": {"uru-mcp/decision": {
         "token": "64 hexadecimal digits",
         "kind": "confirmation",                   or "approval": a run of an automation that waits
         "title": "Send a mail",                   of the tool, or of the automation
         "app": "Gmail - Demo",                    "Uru" for Uru's own tools and for automations
         "tool": "gmail_demo__GMAIL_SEND_EMAIL",
         "arguments": [                            as they will be sent, redacted; empty for an approval
           {"name": "recipient_email", "value": "ana@demo.example", "hidden": 0},
           {"name": "body", "value": "Dear … yours", "hidden": 8200}],
         "hidden_arguments": 0,                    arguments that have no row at all
         "question": "Refund 900 EUR to Ana?",     Uru's text, which is untrusted; "" for a confirmation
         "step": "Head of service",                or null
         "meant_for": "Ana Ferreira",              the assignee if Uru reports one, or null
         "consequence": "If you say yes, …",       our sentence about what a yes does
         "yes": "Run it", "no": "Do not run it",   the labels of the two buttons
         "expires_at": "2026-07-14T09:10:00+00:00"}}

   `value` is a string, or the JSON of any other value. `hidden` is the number of omitted characters, marked by `…` in
   the value. All texts but ours are untrusted: set them as `textContent`. For an approval, the result is that of the
   run, with its `data` and `approvals`; for a confirmation, it has `"waiting": {…}`, the question above without token
   and buttons.

2. The card calls the tool `uru_decide`, which is listed only for clients with MCP Apps, with visibility `["app"]`:

       {"token": "…", "decision": "yes"}           or "no"; for an approval also "comment", 1,000 characters at most
       {"token": "…"}                              asks for the state and decides nothing

3. The answer depends on the call. Without a decision: `{"decision": {"state": "open" | "yes" | "no" | "over"}}`, never
   an error. After a yes: the answer of the call itself, either its result with `"user_decision": "yes"` in the
   structure, or its error. After a no: an error with the code `declined`, which tells the model so and has
   `"user_decision": "no"`. A decided approval is answered with the run's new state and with
   `"user_decision": "approve" | "reject"`, as with elicitation. A second decision, an expired token, another key and a
   wrong token are errors with the code `declined`, the message to show, and `"state": "yes" | "no" | "over"`.
   If a run then waits for another decision, the answer has its own `_meta` as in 1.

The `text` of each answer suits a person and a model: a card may pass it on with `ui/update-model-context`.
A token is valid once, for ten minutes, and only for its own question and the key that was in use then.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from uru_mcp.errors import Declined
from uru_mcp.messages import call_messages

CARD = "ui://uru/decision.html"
META = "uru-mcp/decision"
TOOL = "uru_decide"

LIFETIME = 600.0  # seconds
AT_MOST = 64  # decisions kept in memory, open or not
COMMENT_CHARS = 1_000

Answer = Literal["yes", "no"]
State = Literal["open", "yes", "no", "over"]
Waiting = TypeVar("Waiting")


@dataclass(slots=True)
class Decision(Generic[Waiting]):
    """A pending decision of a person. `began` is a time of the monotonic clock."""

    waiting: Waiting
    began: float
    token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    answer: Answer | None = None


class Decisions(Generic[Waiting]):
    """The decisions of one process, oldest first."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: list[Decision[Waiting]] = []

    def open(self, waiting: Waiting) -> Decision[Waiting]:
        """Create a decision with its own token. Beyond the limit, the oldest one is dropped."""
        made = Decision(waiting, self._clock())
        self._kept = [*self._kept, made][-AT_MOST:]
        return made

    def peek(self, token: object) -> Waiting | None:
        """The subject of the decision with this token, even if it can no longer be decided."""
        found = self._find(token)
        return None if found is None else found.waiting

    def state_of(self, token: object) -> State:
        """The state of the decision with this token."""
        found = self._find(token)
        if found is None:
            return "over"
        return found.answer or ("over" if self._is_over(found) else "open")

    def take(self, token: object, answer: Answer) -> Decision[Waiting]:
        """Record the answer to the decision with this token, and return the decision.

        Raises:
            Declined: The token is unknown, expired or already used. The message never repeats it.
        """
        state, found = self.state_of(token), self._find(token)
        if found is None or state != "open":
            message = (
                call_messages.ALREADY_DECIDED.format(answer=state)
                if state in ("yes", "no")
                else call_messages.DECISION_IS_OVER
            )
            raise Declined(message, fix=call_messages.CALL_AGAIN_FOR_A_CARD, state=state)
        found.answer = answer
        return found

    def _find(self, token: object) -> Decision[Waiting] | None:
        if not isinstance(token, str):
            return None
        given = token.encode(errors="replace")
        return next((one for one in self._kept if hmac.compare_digest(one.token.encode(), given)), None)

    def _is_over(self, decision: Decision[Waiting]) -> bool:
        return self._clock() - decision.began > LIFETIME
