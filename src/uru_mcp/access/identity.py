"""Fetches and caches the key's status: its workspace and permissions, or the error that prevents its use.

The only place that decides what a refused key means, and that asks the keyring for a new one. It fails closed: an
unknown permission is not granted. It does not know tools; `gate.py` compares the grant with what a tool needs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from uru_mcp.access.key_lookup import Introspection, ended
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.permission_evidence import GRACE, Evidence
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.errors import KeyRefused, KeyUnavailable, NoAnswer, SettingsError, UruError, WorkspaceProblem, unforeseen
from uru_mcp.messages import access_messages
from uru_mcp.permissions import Permissions
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.key_record import KeyRecord
from uru_mcp.uru.namespaces_and_tools import Workspace

FRESH = 60.0  # seconds that a good status is cached
RECENT = 10.0  # seconds before the status is fetched again after a refused key or a failed request

log = logging.getLogger(__name__)


class Identity:
    """Fetches the key's status from Uru and caches it. Concurrent callers share one request.

    A request continues after its callers time out, so that a slow response still updates the cache. Call `start` with
    a task group before the first request. `on_question` is called with the key when a request begins. `declared` is the
    user's declaration, and `allowed` the administrator's ceiling.
    """

    def __init__(
        self,
        client: UruClient,
        keyring: Keyring,
        *,
        declared: Permissions | None,
        allowed: Permissions,
        workspace_id: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._introspection = Introspection(client, clock)
        self._keyring = keyring
        self._declared = declared
        self._allowed = allowed
        self._forbidden: SettingsError | None = None
        self._workspace_id = workspace_id
        self._clock = clock
        self._tasks: TaskGroup
        self._pending: anyio.Event | None = None
        self._began = float("-inf")
        self._answered = float("-inf")
        self._is_stale = False
        self._refusal: tuple[Key, KeyRefused] | None = None
        self._evidence = Evidence(None, declared, clock, allowed)
        self._key_status = self._unknown()
        self.on_question: Callable[[Key], None] = lambda _: None

    def start_over(self) -> None:
        """Reset after a key rotation: discard everything that is about the previous key."""
        self._answered = float("-inf")
        self._evidence = Evidence(None, self._declared, self._clock, self._allowed)
        self._key_status = self._unknown()

    def keep_to(self, allowed: Permissions, forbidden: SettingsError | None) -> None:
        """Keep from now on to another ceiling of the administrator's; if all is `forbidden`, nothing is sent at all."""
        self._allowed = self._evidence.allowed = allowed
        self._forbidden = forbidden

    def start(self, tasks: TaskGroup) -> None:
        """Run all requests in this task group from now on."""
        self._tasks = tasks

    @property
    def key_status(self) -> KeyStatus:
        """The last known status; sends no request. A grant that was not confirmed for `GRACE` seconds is dropped."""
        if self._forbidden is not None:
            return KeyStatus(trouble=self._forbidden, key=self._key_status.key)
        if self._key_status.trouble is None and self._clock() - self._answered >= GRACE:
            last = self._key_status
            self._key_status = KeyStatus(
                record=last.record, trouble=last.refresh_error or _no_answer_yet(), key=last.key
            )
        self._key_status = self._with_evidence(self._key_status)
        return self._key_status

    def _with_evidence(self, key_status: KeyStatus) -> KeyStatus:
        """The status with the grant that follows from the current evidence; the same object if nothing has changed."""
        evidence = self._evidence
        if key_status.grant is None or key_status.key != evidence.key:
            return key_status
        grant, record = evidence.grant, evidence.record
        if (grant, record) == (key_status.grant, key_status.record):
            return key_status
        workspace = key_status.workspace
        if key_status.trouble is None and workspace is None:
            workspace = self._workspace(record)
        return key_status._replace(grant=grant, record=record, workspace=workspace)

    @property
    def needs_read_check(self) -> bool:
        """Whether Read is neither reported nor declared, so that only a harmless read can show if the key has it."""
        key_status = self.key_status
        return key_status.trouble is None and key_status.key == self._evidence.key and self._evidence.needs_read_check

    def note_success(self, key: Key | None, permissions: Permissions) -> None:
        """Record that a call with this key, which needs these permissions, succeeded."""
        if key is not None and key == self._evidence.key:
            self._evidence.note_success(permissions)

    def note_refusal(self, key: Key | None, missing: Permissions, granted: Permissions | None) -> None:
        """Record that Uru refused a call with this key for missing permissions; `granted` is what it says it has."""
        if key is not None and key == self._evidence.key:
            self._evidence.note_refusal(missing, granted)

    async def current(self) -> KeyStatus:
        """The status, refreshed if it is old, an error or marked stale, or if the key may have been rotated."""
        return await self._no_older_than(self._cache_lifetime())

    def mark_stale(self) -> None:
        """Refresh the status before its next use: Uru has refused something that the status allows."""
        self._is_stale = True

    async def recent(self) -> KeyStatus:
        """A newly fetched status, for lists and before a call is refused.

        If Uru has refused the key or failed to answer within the last `RECENT` seconds, that status is reused.
        """
        last = self._key_status
        is_bad = last.refresh_error is not None or last.is_refused or isinstance(last.trouble, KeyUnavailable)
        return await (self._no_older_than(RECENT) if is_bad else self.ask())

    async def key_may_have_changed(self) -> bool:
        """Whether the key may have been rotated since the status was fetched."""
        return await self._keyring.may_have_changed()

    async def after_refusal(self, key: Key | None) -> KeyStatus:
        """The status after a request with this key was refused; fetched again unless the key is known to be refused."""
        if self._key_status.key in (key, None) and not self._key_status.is_refused:
            return await self.ask()
        return self.key_status

    def refusal_of(self, key: Key | None) -> KeyRefused | None:
        """The error with which Uru refused this key when its status was last fetched, if it did."""
        return self._refusal[1] if self._refusal is not None and self._refusal[0] == key else None

    async def ask(self) -> KeyStatus:
        """The status, fetched by a request that begins after this call."""
        called_at = self._clock()
        await self._share_request()
        if self._began < called_at:
            await self._share_request()
        return self.key_status

    async def _no_older_than(self, seconds: float) -> KeyStatus:
        """A status that is at most `seconds` old."""
        if await self.key_may_have_changed() or (self._is_stale and not self._key_status.is_refused):
            return await self.ask()
        if self._clock() - self._began >= seconds:
            await self._share_request()
        return self.key_status

    def _cache_lifetime(self) -> float:
        """Seconds that the current status stays cached."""
        last = self._key_status
        if last.refresh_error is not None or last.is_refused or isinstance(last.trouble, KeyUnavailable):
            return RECENT
        return FRESH if self.key_status.trouble is None else 0.0

    async def _share_request(self) -> None:
        """Wait for the pending request, or start one, unless nothing may be sent."""
        if self._forbidden is not None:
            return
        if self._pending is None:
            self._pending = anyio.Event()
            self._tasks.start_soon(self._ask, self._pending)
        await self._pending.wait()

    async def _ask(self, done: anyio.Event) -> None:
        began = self._clock()
        self._is_stale = False
        try:
            self._key_status = await self._answer()
        except Exception as error:  # boundary: an unexpected error blocks calls, and does not end the process
            log.exception("the key could not be asked about")
            self._key_status = KeyStatus(trouble=unforeseen(error))
        finally:
            self._began = began
            self._pending = None
            done.set()
        log.info("the key's state is %s", self._key_status.state)

    async def _answer(self) -> KeyStatus:
        """The status of the key or, if Uru refuses it and the keyring has a new one, of that key."""
        try:
            key = await self._keyring.current()
            key_status = await self._answer_about(key)
            if isinstance(key_status.trouble, KeyRefused) and await self._keyring.after_refusal(key) != key:
                key_status = await self._answer_about(await self._keyring.current())
        except KeyUnavailable as error:
            return KeyStatus(trouble=error)
        return key_status

    async def _answer_about(self, key: Key) -> KeyStatus:
        key_status = (await self._asked_about(key))._replace(key=key)
        if isinstance(key_status.trouble, KeyRefused):
            self._refusal = (key, key_status.trouble)
        elif self.refusal_of(key) is not None:
            self._refusal = None
        return key_status

    async def _asked_about(self, key: Key) -> KeyStatus:
        if self._evidence.key != key:
            self._evidence = Evidence(key, self._declared, self._clock, self._allowed)
        self.on_question(key)
        evidence, records_before = self._evidence, self._evidence.records_received
        try:
            await self._introspection.look(evidence, self._tasks, suffices=self._suffices)
        except KeyRefused as error:
            return KeyStatus(trouble=error)
        except WorkspaceProblem as error:
            return KeyStatus(grant=evidence.grant, record=evidence.record, trouble=error)
        except UruError as error:
            has_record = evidence.records_received > records_before
            refusal = self._ended(evidence.record) if has_record else None
            if refusal is not None or not has_record:
                return KeyStatus(trouble=refusal) if refusal is not None else self._unanswered(error)
        self._answered = self._clock()
        record = evidence.record
        return KeyStatus(
            grant=evidence.grant,
            record=record,
            workspace=self._workspace(record),
            contradiction=self._ended(record),
        )

    def _suffices(self, record: KeyRecord | None) -> bool:
        """Whether a record alone shows that the key is accepted, in the configured workspace."""
        named = record.workspace.id if record is not None and record.workspace is not None else None
        return named is not None and self._workspace_id in (None, named) and self._ended(record) is None

    def _ended(self, record: KeyRecord | None) -> KeyRefused | None:
        return ended(record, self._keyring.source.steps)

    def _workspace(self, record: KeyRecord | None) -> Workspace | None:
        """The workspace of the record, unless the user configured another one."""
        named = record.workspace if record is not None else None
        if named is not None and named.id is not None and self._workspace_id in (None, named.id):
            return named
        return None if self._workspace_id is None else Workspace(self._workspace_id, None)

    def _unknown(self) -> KeyStatus:
        if self._keyring.in_use is not None:
            return KeyStatus(trouble=_no_answer_yet())
        message = access_messages.KEY_HAS_NOT_COME.format(name=self._keyring.source.name)
        return KeyStatus(trouble=NoAnswer(message, fix=access_messages.WAITING_FOR_SOURCE))

    def _unanswered(self, error: UruError) -> KeyStatus:
        """The status after a failed request: the last grant within the grace period, then none."""
        last = self.key_status
        if last.trouble is None:
            return last._replace(refresh_error=error)
        return KeyStatus(record=last.record, trouble=error)


def _no_answer_yet() -> NoAnswer:
    return NoAnswer(access_messages.NOT_ANSWERED_YET, fix=access_messages.TRY_IN_A_MOMENT)
