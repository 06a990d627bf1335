"""Background runs: tool calls that continue after their deadline. Results are kept for one hour.

A call must be answered within its deadline, but a run may take longer. So runs execute here, and the caller waits until
its deadline. This module does not know MCP, or how a run is sent to Uru.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from uru_mcp.errors import ArgumentError, NoAnswer, UruError, unforeseen
from uru_mcp.messages import call_messages
from uru_mcp.results.render import Document
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.http_errors import unconfirmed

AT_MOST = 256  # calls, running and kept
KEPT = 3600.0  # seconds
KEPT_CHARS = 64 * 1024 * 1024  # of all results together
ID = re.compile(r"call_[0-9a-f]{24}")  # the ids of any uru-mcp process
TURN = 0.9  # share of the caller's wait; a call that has not started by then fails

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[Document]]


@dataclass(eq=False, slots=True)
class BackgroundRun:
    """A call and its outcome: a document or an error, or neither while it is running."""

    tool: str
    clock: Callable[[], float]
    began: float
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")
    ended: float | None = None
    document: Document | None = None
    error: UruError | None = None
    over: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_kept_at_end: bool = False
    owner: object = None

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran."""
        return (self.clock() if self.ended is None else self.ended) - self.began

    @property
    def state(self) -> str:
        """`running`, `succeeded`, or the code of its error."""
        if self.error is not None:
            return self.error.code
        return "succeeded" if self.over.is_set() else "running"

    def end(self, document: Document | None = None, error: UruError | None = None) -> None:
        """Set the outcome, unless there already is one."""
        if not self.over.is_set():
            self.document, self.error, self.ended = document, error, self.clock()
            self.over.set()

    def abort(self) -> None:
        """End it as unconfirmed and log that, unless it has an outcome."""
        if self.over.is_set():
            return
        error = unconfirmed(call_messages.was_cancelled(self.tool, round(self.seconds)))
        error.details["tool"] = self.tool
        self.end(error=error)
        log.error(
            "%s (%s) was cut off after %.0f seconds; whether it happened is not known. Look before it is repeated.",
            self.tool,
            self.id,
            self.seconds,
        )


class BackgroundRuns:
    """The running calls, and the finished ones whose results are kept."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks: TaskGroup
        self._clock = clock
        self._open: dict[str, BackgroundRun] = {}
        self._kept: dict[str, BackgroundRun] = {}  # the oldest first
        self._owner = object()  # stands for the current key
        self._turns = anyio.CapacityLimiter(AT_MOST)

    def start(self, tasks: TaskGroup) -> None:
        """Run calls in this task group from now on."""
        self._tasks = tasks

    def start_over(self) -> None:
        """Reset after a key rotation: drop the results of the previous key. Running calls go on for their callers."""
        for outcome in self._open.values():
            log.warning("%s (%s) was begun with an earlier key; its outcome is not kept.", outcome.tool, outcome.id)
        self._open, self._kept, self._owner = {}, {}, object()

    async def carry_out(self, tool: str, work: Work, *, wait: float) -> BackgroundRun:
        """Start the work, and wait `wait` seconds for it. If it takes longer, it continues, and its result is kept.

        If the caller is cancelled, the work is cancelled too, and kept as unconfirmed. So is all work at shutdown.

        Raises:
            NoAnswer: Too many calls are running, and none ended in time; the work was not started.
        """
        outcome = self.begun(tool)
        await self._turn(outcome, wait * TURN)
        if outcome.owner is self._owner:
            self._open[outcome.id] = outcome
        self._make_room()
        self._tasks.start_soon(self._work, outcome, work)
        try:
            await self.wait(outcome, wait - outcome.seconds)
        except anyio.get_cancelled_exc_class():
            outcome.is_kept_at_end = True
            outcome.scope.cancel()
            raise
        if not outcome.over.is_set():
            outcome.is_kept_at_end = True
        return outcome

    async def _turn(self, outcome: BackgroundRun, within: float) -> None:
        """Wait for a free slot. Raises: NoAnswer when there is none within `within` seconds."""
        with suppress(anyio.WouldBlock):
            self._turns.acquire_on_behalf_of_nowait(outcome)
            return
        with anyio.move_on_after(within) as turn:
            await self._turns.acquire_on_behalf_of(outcome)
        if turn.cancelled_caught:
            message = call_messages.TOO_MANY_CALLS.format(at_most=AT_MOST)
            raise NoAnswer(message, fix=call_messages.TRY_WHEN_SOME_ENDED, code="rate_limited")

    async def wait(self, outcome: BackgroundRun, seconds: float) -> None:
        """Wait until it is over, at most `seconds`."""
        with anyio.move_on_after(seconds):
            await outcome.over.wait()

    def begun(self, tool: str) -> BackgroundRun:
        """A new run that begins now."""
        return BackgroundRun(tool, self._clock, self._clock(), owner=self._owner)

    def keep(self, outcome: BackgroundRun) -> None:
        """Keep a finished run for `uru_result`, unless the key has been rotated since it began."""
        if outcome.owner is not self._owner:
            return
        self._kept[outcome.id] = outcome
        self._make_room()

    def get(self, wanted: str) -> BackgroundRun:
        """The call with that id, running or kept.

        Raises:
            Unconfirmed: The call is unknown, but has an id of ours: an earlier process may have started it, so running
                it again could do the work twice.
            ArgumentError: It is not an id of ours (`not_found`).
        """
        self._make_room()
        wanted = wanted.strip()
        found = self._open.get(wanted) or self._kept.get(wanted)
        if found is None and ID.fullmatch(wanted):
            raise unconfirmed(call_messages.CALL_NOT_KNOWN_NOW.format(wanted=wanted))
        if found is None:
            raise ArgumentError(
                call_messages.NO_SUCH_CALL.format(wanted=quoted(wanted, 60), at_most=AT_MOST),
                fix=call_messages.LIST_THE_CALLS,
                code="not_found",
            )
        return found

    def all(self) -> list[BackgroundRun]:
        """The calls that `uru_result` can return, newest first."""
        self._make_room()
        return sorted([*self._open.values(), *self._kept.values()], key=lambda outcome: outcome.began, reverse=True)

    async def _work(self, outcome: BackgroundRun, work: Work) -> None:
        try:
            with outcome.scope:
                outcome.end(await work())
        except UruError as error:
            outcome.end(error=error)
        except Exception as error:  # boundary: an unexpected error ends only this call
            log.exception("%s failed", outcome.tool)
            outcome.end(error=unforeseen(error))
        finally:
            outcome.abort()  # does nothing if it has an outcome
            self._open.pop(outcome.id, None)
            self._turns.release_on_behalf_of(outcome)
            if outcome.is_kept_at_end:
                self.keep(outcome)

    def _make_room(self) -> None:
        """Evict expired results, and the oldest ones beyond the limits."""
        kept = list(self._kept.values())
        chars = sum(_chars(outcome) for outcome in kept)
        for outcome in kept:
            is_old = outcome.ended is not None and self._clock() - outcome.ended > KEPT
            if not is_old and len(self._open) + len(self._kept) <= AT_MOST and chars <= KEPT_CHARS:
                break
            chars -= _chars(outcome)
            del self._kept[outcome.id]


def _chars(outcome: BackgroundRun) -> int:
    return len(outcome.document.text) if outcome.document is not None else 0
