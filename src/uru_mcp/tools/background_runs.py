"""Calls that outlive their answer: they go on in the background, and what comes of them is kept for an hour.

A call is answered within its deadline and a run may take longer. So runs are carried out here, and whoever asked waits
as long as there is time. Nothing here knows Uru or MCP.
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

from uru_mcp import messages
from uru_mcp.errors import ArgumentError, NoAnswer, UruError, unforeseen
from uru_mcp.results.render import Document
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.http_errors import unconfirmed

AT_MOST = 256  # calls, under way and kept
KEPT = 3600.0  # seconds
KEPT_CHARS = 64 * 1024 * 1024  # of all results together
ID = re.compile(r"call_[0-9a-f]{24}")  # as ours are, in this process and any other
TURN = 0.9  # of the time that a caller waits; who has not begun by then is told so

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[Document]]


@dataclass(eq=False, slots=True)
class BackgroundRun:
    """A call and what came of it: a document or an error, and neither while it is under way."""

    tool: str
    clock: Callable[[], float]
    began: float
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")
    ended: float | None = None
    document: Document | None = None
    error: UruError | None = None
    over: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_wanted_later: bool = False
    asker: object = None

    @property
    def seconds(self) -> float:
        """How long it has been under way, or was."""
        return (self.clock() if self.ended is None else self.ended) - self.began

    @property
    def state(self) -> str:
        """`running`, `succeeded`, or the code of its error."""
        if self.error is not None:
            return self.error.code
        return "succeeded" if self.over.is_set() else "running"

    def end(self, document: Document | None = None, error: UruError | None = None) -> None:
        """The first end counts."""
        if not self.over.is_set():
            self.document, self.error, self.ended = document, error, self.clock()
            self.over.set()

    def cut_off(self) -> None:
        """End it without an outcome, unless it has one, and say so in the log."""
        if self.over.is_set():
            return
        error = unconfirmed(messages.was_cancelled(self.tool, round(self.seconds)))
        error.details["tool"] = self.tool
        self.end(error=error)
        log.error(
            "%s (%s) was cut off after %.0f seconds; whether it happened is not known. Look before it is repeated.",
            self.tool,
            self.id,
            self.seconds,
        )


class BackgroundRuns:
    """The calls that are under way, and those that ended and are asked for later."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks: TaskGroup
        self._clock = clock
        self._open: dict[str, BackgroundRun] = {}
        self._kept: dict[str, BackgroundRun] = {}  # the oldest first
        self._asker = object()
        self._turns = anyio.CapacityLimiter(AT_MOST)

    def start(self, tasks: TaskGroup) -> None:
        """Carry calls out in this task group from now on."""
        self._tasks = tasks

    def start_over(self) -> None:
        """Let go what was asked for with an earlier key; what is under way goes on for those who wait for it."""
        for outcome in self._open.values():
            log.warning("%s (%s) was begun with an earlier key; its outcome is not kept.", outcome.tool, outcome.id)
        self._open, self._kept, self._asker = {}, {}, object()

    async def carry_out(self, tool: str, work: Work, *, wait: float) -> BackgroundRun:
        """Begin the work, and wait `wait` seconds for it; if it is not over by then it goes on, and is kept.

        When whoever waits is cancelled, so is the work, which is kept as unconfirmed; so is all work at the end.

        Raises:
            NoAnswer: Too many calls are under way, and none ended in time; the work was not begun.
        """
        outcome = self.begun(tool)
        await self._turn(outcome, wait * TURN)
        if outcome.asker is self._asker:
            self._open[outcome.id] = outcome
        self._make_room()
        self._tasks.start_soon(self._work, outcome, work)
        try:
            await self.wait(outcome, wait - outcome.seconds)
        except anyio.get_cancelled_exc_class():
            outcome.is_wanted_later = True
            outcome.scope.cancel()
            raise
        if not outcome.over.is_set():
            outcome.is_wanted_later = True
        return outcome

    async def _turn(self, outcome: BackgroundRun, within: float) -> None:
        """Raises: NoAnswer when none comes within so many seconds."""
        with suppress(anyio.WouldBlock):
            self._turns.acquire_on_behalf_of_nowait(outcome)
            return
        with anyio.move_on_after(within) as turn:
            await self._turns.acquire_on_behalf_of(outcome)
        if turn.cancelled_caught:
            message = messages.TOO_MANY_CALLS.format(at_most=AT_MOST)
            raise NoAnswer(message, fix=messages.TRY_WHEN_SOME_ENDED, code="rate_limited")

    async def wait(self, outcome: BackgroundRun, seconds: float) -> None:
        """Until it is over, or so many seconds."""
        with anyio.move_on_after(seconds):
            await outcome.over.wait()

    def begun(self, tool: str) -> BackgroundRun:
        """The outcome of a call that begins now."""
        return BackgroundRun(tool, self._clock, self._clock(), asker=self._asker)

    def keep(self, outcome: BackgroundRun) -> None:
        """Keep what is over, to be asked for again, but not with another key than the one it was begun with."""
        if outcome.asker is not self._asker:
            return
        self._kept[outcome.id] = outcome
        self._make_room()

    def get(self, wanted: str) -> BackgroundRun:
        """The call of that id, under way or kept.

        Raises:
            Unconfirmed: Nothing is known of it here, but its id is one of ours: a process that has ended may have begun
                it, and to run it again could do it twice.
            ArgumentError: There can be no such call (`not_found`).
        """
        self._make_room()
        wanted = wanted.strip()
        found = self._open.get(wanted) or self._kept.get(wanted)
        if found is None and ID.fullmatch(wanted):
            raise unconfirmed(messages.CALL_NOT_KNOWN_NOW.format(wanted=wanted))
        if found is None:
            raise ArgumentError(
                messages.NO_SUCH_CALL.format(wanted=quoted(wanted, 60), at_most=AT_MOST),
                fix=messages.LIST_THE_CALLS,
                code="not_found",
            )
        return found

    def all(self) -> list[BackgroundRun]:
        """The calls that can be asked for, the newest first."""
        self._make_room()
        return sorted([*self._open.values(), *self._kept.values()], key=lambda outcome: outcome.began, reverse=True)

    async def _work(self, outcome: BackgroundRun, work: Work) -> None:
        try:
            with outcome.scope:
                outcome.end(await work())
        except UruError as error:
            outcome.end(error=error)
        except Exception as error:  # boundary: it ends this call, and not the others
            log.exception("%s failed", outcome.tool)
            outcome.end(error=unforeseen(error))
        finally:
            outcome.cut_off()  # unless it is over
            self._open.pop(outcome.id, None)
            self._turns.release_on_behalf_of(outcome)
            if outcome.is_wanted_later:
                self.keep(outcome)

    def _make_room(self) -> None:
        """Let go what is too old or too much."""
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
