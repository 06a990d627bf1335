"""What waits for a person, and the one-time tokens with which a card decides it.

The seam between the server and the card `ui://uru/decision.html`, the same in both protocol eras:

1. A call whose client shows cards, and cannot elicit, is answered with a result that is no error. Its `_meta` has the
   question and the token, which stands nowhere else. `structuredContent` and `content` say the same without the token.

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
         "question": "Refund 900 EUR to Ana?",     Uru's words, data of strangers; "" for a confirmation
         "step": "Head of service",                or null
         "meant_for": "Ana Ferreira",              who is to decide, where Uru tells it, or null
         "consequence": "If you say yes, …",       our sentence of what a yes does
         "yes": "Run it", "no": "Do not run it",   the words for the two buttons
         "expires_at": "2026-07-14T09:10:00+00:00"}}

   `value` is text, of anything but a text its JSON. `hidden` is how many of its characters are not shown: they are
   missing where the value has `…`. All texts but ours are strangers': set them as `textContent`. For an approval the
   result is that of the run, with its `data` and `approvals`; for a confirmation it has `"waiting": {…}`, the question
   above without token and buttons.

2. The card calls the tool `uru_decide`, which only clients with MCP Apps are shown, with visibility `["app"]`:

       {"token": "…", "decision": "yes"}           or "no"; for an approval also "comment", 1,000 characters at most
       {"token": "…"}                              asks how it stands and decides nothing

3. What it answers. To a look: `{"decision": {"state": "open" | "yes" | "no" | "over"}}`, never an error.
   To a yes: what the call itself answers, its result with `"user_decision": "yes"` in the structure, or its error. To a
   no: an error with the code `declined`, which says so to the model and has `"user_decision": "no"`. An approval is
   answered with the run as it then is, and with `"user_decision": "approve" | "reject"`, as with elicitation. A second
   decision, an expired token, another key and a wrong token are errors with the code `declined`, the message to show,
   and `"state": "yes" | "no" | "over"`.
   When a run then waits for the next decision, the answer has its own `_meta` as in 1.

The `text` of each answer is fit for a person and for a model: a card may pass it on with `ui/update-model-context`.
A token is good for what it was made for, with the key in use then, once, for ten minutes.
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
AT_MOST = 64  # decisions that are kept, open or not
COMMENT_CHARS = 1_000

Answer = Literal["yes", "no"]
State = Literal["open", "yes", "no", "over"]
Waiting = TypeVar("Waiting")


@dataclass(slots=True)
class Decision(Generic[Waiting]):
    """Something that waits for a person. `began` is a moment of the monotonic clock."""

    waiting: Waiting
    began: float
    token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    answer: Answer | None = None


class Decisions(Generic[Waiting]):
    """The decisions of one process, the oldest first."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: list[Decision[Waiting]] = []

    def open(self, waiting: Waiting) -> Decision[Waiting]:
        """A new decision, with a token of its own. Of too many, the oldest goes."""
        made = Decision(waiting, self._clock())
        self._kept = [*self._kept, made][-AT_MOST:]
        return made

    def peek(self, token: object) -> Waiting | None:
        """What waits for the decision of this token, whether it still may be decided or not."""
        found = self._find(token)
        return None if found is None else found.waiting

    def state_of(self, token: object) -> State:
        """How the decision of this token stands."""
        found = self._find(token)
        if found is None:
            return "over"
        return found.answer or ("over" if self._is_over(found) else "open")

    def take(self, token: object, answer: Answer) -> Decision[Waiting]:
        """The decision of this token, which is decided with that.

        Raises:
            Declined: There is none, its time is over, or it is decided already. The token is never repeated.
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
