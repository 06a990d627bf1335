"""Asks Uru about one key: checks whether it is accepted, and fetches its record if there is one.

A key counts as refused only after a 401 from `/tools/sync/version` or `/namespaces`, or if its record says so. The
record's endpoint is assumed, not documented: a slow or failing response neither delays nor fails anything else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import anyio
from anyio.abc import TaskGroup

from uru_mcp.access.permission_evidence import Evidence
from uru_mcp.errors import Code, KeyRefused, NoAnswer, UruError, WorkspaceProblem
from uru_mcp.messages import access_messages
from uru_mcp.uru.api import NOT_IMPLEMENTED, UruClient
from uru_mcp.uru.http_errors import new_key, workspace_problem
from uru_mcp.uru.key_record import KeyRecord

ASK_WITHIN = 9.0  # seconds
VERSION_WITHIN = 3.0  # seconds of ASK_WITHIN, before the check falls back to the namespaces
RECORD_AT_ONCE = 0.5  # seconds before the key is checked without its record
RECORD_WITHIN = 3.0  # seconds that a lookup waits for the record
RECORD_AGAIN = 60.0  # seconds before a lookup waits again for a record that was late

ENDED: Mapping[str, tuple[Code, str]] = {
    "revoked": ("key_revoked", access_messages.KEY_DELETED),
    "deleted": ("key_revoked", access_messages.KEY_DELETED),
    "expired": ("key_expired", access_messages.KEY_EXPIRED),
    **dict.fromkeys(
        ("disabled", "inactive", "suspended", "blocked"), ("key_rejected", access_messages.KEY_SWITCHED_OFF)
    ),
}
"""The values of a record's `status` that mean a refused key; any other value is ignored."""

PASSING = (408, 425, 499)  # temporary statuses, from gateways that gave up waiting

log = logging.getLogger(__name__)


class Introspection:
    """Looks up keys with one client. A request for the record continues when the lookup stops waiting for it."""

    def __init__(self, client: UruClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._fetching: dict[Evidence, anyio.Event] = {}
        self._late_at = float("-inf")
        self._has_record = True  # whether the last lookup received a record; assumed for the first one

    async def look(self, evidence: Evidence, tasks: TaskGroup, *, suffices: Callable[[KeyRecord | None], bool]) -> None:
        """Check whether the key is accepted, and add its record to the evidence.

        If the record arrives at once and `suffices`, no other request is sent.

        Raises:
            KeyRefused, WorkspaceProblem: Uru refuses the key, or the workspace.
            UruError: Uru did not answer, or cannot be reached.
        """
        if evidence.key is None:
            raise NoAnswer(access_messages.NO_KEY_NOW, fix=access_messages.WHOAMI_SAYS_WHY)
        records_before = evidence.records_received
        fetched = self._begin_fetch(evidence, tasks)
        until = time.monotonic() + RECORD_WITHIN
        if self._has_record:
            with anyio.move_on_after(RECORD_AT_ONCE):
                await fetched.wait()
        self._has_record = evidence.records_received > records_before
        if self._has_record and suffices(evidence.record):
            return
        patience = 0.0 if self._clock() - self._late_at < RECORD_AGAIN else RECORD_WITHIN
        try:
            await self._check(evidence)
        finally:
            with anyio.move_on_after(min(patience, until - time.monotonic())):
                await fetched.wait()
        self._has_record = evidence.records_received > records_before
        if not fetched.is_set() and patience:
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

    def _begin_fetch(self, evidence: Evidence, tasks: TaskGroup) -> anyio.Event:
        """Start the request for the record, unless one is pending. The event is set when it is done."""
        if evidence not in self._fetching:
            self._fetching[evidence] = anyio.Event()
            tasks.start_soon(self._fetch_record, evidence, self._fetching[evidence])
        return self._fetching[evidence]

    async def _fetch_record(self, evidence: Evidence, done: anyio.Event) -> None:
        key, asked_at = evidence.key, self._clock()
        try:
            if key is not None:
                evidence.add_record(await self._client.key_record(key, within=ASK_WITHIN), asked_at=asked_at)
        except UruError as error:
            log.info("Uru does not tell of the key: %s", error.message)
            evidence.note_no_record(is_final=is_final(error))
        except Exception:  # boundary: the record is optional, so an unexpected error in it fails nothing else
            log.exception("the key's record could not be read")
            evidence.note_no_record(is_final=True)
        finally:
            del self._fetching[evidence]
            done.set()


def is_final(error: UruError) -> bool:
    """Whether this response to a request for the record means that asking again will not help."""
    status = error.details.get("status")
    return status == NOT_IMPLEMENTED or (not isinstance(error, NoAnswer) and status not in PASSING)


def ended(record: KeyRecord | None, steps: str) -> KeyRefused | None:
    """The error if a record says that its key is refused. Its dates are ignored, since clocks differ."""
    status = (record.status or "").strip().lower() if record is not None else ""
    if status not in ENDED:
        return None
    code, message = ENDED[status]
    return KeyRefused(message, fix=new_key(steps), code=code)
