"""Asks Uru about one key: whether it is accepted, which is known of Uru, and what its record says, which is a bonus.

Only 401 of `/tools/sync/version` or of `/namespaces`, or a record that says so, condemns a key. The record's endpoint
is assumed: whatever it answers, and however late, nothing else waits for it for long or fails because of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import anyio
from anyio.abc import TaskGroup

from uru_mcp import messages
from uru_mcp.access.permission_evidence import Evidence
from uru_mcp.errors import Code, KeyRefused, NoAnswer, UruError, WorkspaceProblem
from uru_mcp.uru.api import NOT_IMPLEMENTED, UruClient
from uru_mcp.uru.http_errors import new_key, workspace_problem
from uru_mcp.uru.key_record import KeyRecord

ASK_WITHIN = 9.0  # seconds
VERSION_WITHIN = 3.0  # seconds of them, before the namespaces are asked for instead
RECORD_AT_ONCE = 0.5  # seconds before the key is checked without its record
RECORD_WITHIN = 3.0  # seconds that a look waits for the record
RECORD_AGAIN = 60.0  # seconds before a record that was not told in time is waited for again

ENDED: Mapping[str, tuple[Code, str]] = {
    "revoked": ("key_revoked", messages.KEY_DELETED),
    "deleted": ("key_revoked", messages.KEY_DELETED),
    "expired": ("key_expired", messages.KEY_EXPIRED),
    **dict.fromkeys(("disabled", "inactive", "suspended", "blocked"), ("key_rejected", messages.KEY_SWITCHED_OFF)),
}
"""What a record's `status` may say of a key that has ended; any other says nothing."""

PASSING = (408, 425, 499)  # statuses of a gateway that has not waited for an answer

log = logging.getLogger(__name__)


class Introspection:
    """Looks at a key with one client. A question about the record goes on when a look no longer waits for it."""

    def __init__(self, client: UruClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._hearing: dict[Evidence, anyio.Event] = {}
        self._late_at = float("-inf")
        self._is_told = True  # as far as is known: the last look was answered with a record

    async def look(self, evidence: Evidence, tasks: TaskGroup, *, suffices: Callable[[KeyRecord | None], bool]) -> None:
        """Ask whether the key is accepted, and have the evidence note what its record tells.

        A record that `suffices`, and comes at once, shows that the key is accepted.

        Raises:
            KeyRefused, WorkspaceProblem: What Uru says.
            UruError: Uru did not answer, or is not there.
        """
        if evidence.key is None:
            raise NoAnswer(messages.NO_KEY_NOW, fix=messages.WHOAMI_SAYS_WHY)
        told_before = evidence.told_times
        heard = self._begin_hearing(evidence, tasks)
        until = time.monotonic() + RECORD_WITHIN
        if self._is_told:
            with anyio.move_on_after(RECORD_AT_ONCE):
                await heard.wait()
        self._is_told = evidence.told_times > told_before
        if self._is_told and suffices(evidence.record):
            return
        patience = 0.0 if self._clock() - self._late_at < RECORD_AGAIN else RECORD_WITHIN
        try:
            await self._check(evidence)
        finally:
            with anyio.move_on_after(min(patience, until - time.monotonic())):
                await heard.wait()
        self._is_told = evidence.told_times > told_before
        if not heard.is_set() and patience:
            self._late_at = self._clock()

    async def _check(self, evidence: Evidence) -> None:
        key = evidence.key
        if key is None:
            raise AssertionError("unreachable")
        until = time.monotonic() + ASK_WITHIN
        try:
            await self._client.check_version(key, within=VERSION_WITHIN)
        except (KeyRefused, WorkspaceProblem):
            raise
        except UruError as error:
            log.info("the key is checked without the version of the tools: %s", error.message)
            namespaces = await self._client.check_namespaces(key, within=until - time.monotonic())
            if namespaces and all(namespace.recovery for namespace in namespaces):
                raise workspace_problem("workspace_selection_required") from None

    def _begin_hearing(self, evidence: Evidence, tasks: TaskGroup) -> anyio.Event:
        """The question about the record that is under way, or a new one."""
        if evidence not in self._hearing:
            self._hearing[evidence] = anyio.Event()
            tasks.start_soon(self._hear, evidence, self._hearing[evidence])
        return self._hearing[evidence]

    async def _hear(self, evidence: Evidence, done: anyio.Event) -> None:
        key, asked_at = evidence.key, self._clock()
        try:
            if key is not None:
                evidence.tell(await self._client.key_record(key, within=ASK_WITHIN), asked_at=asked_at)
        except UruError as error:
            log.info("Uru does not tell of the key: %s", error.message)
            evidence.tell_nothing(is_final=is_final(error))
        except Exception:  # boundary: the record is a bonus, and what nobody foresaw in it costs nothing else
            log.exception("the key's record could not be read")
            evidence.tell_nothing(is_final=True)
        finally:
            del self._hearing[evidence]
            done.set()


def is_final(error: UruError) -> bool:
    """Whether a service that answers a question about the key so has no such endpoint, or will not tell."""
    status = error.details.get("status")
    return status == NOT_IMPLEMENTED or (not isinstance(error, NoAnswer) and status not in PASSING)


def ended(record: KeyRecord | None, steps: str) -> KeyRefused | None:
    """What a record says against its key; nothing, where only a date does, since clocks differ."""
    status = (record.status or "").strip().lower() if record is not None else ""
    if status not in ENDED:
        return None
    code, message = ENDED[status]
    return KeyRefused(message, fix=new_key(steps), code=code)
