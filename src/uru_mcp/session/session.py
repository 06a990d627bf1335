"""The session: refreshes the key's status and the tool catalog together, before every list and every call.

It decides when they are refreshed. Whether something is allowed is decided by `access/gate.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import anyio
from anyio.abc import TaskGroup

from uru_mcp.access import gate
from uru_mcp.access.identity import Identity
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.current_catalog import CurrentCatalog
from uru_mcp.config.managed_policy import ManagedPolicy
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused, KeyReplaced, KeyUnavailable, UruError
from uru_mcp.messages import access_messages
from uru_mcp.permissions import Permissions
from uru_mcp.session.policy_changes import PolicyChanges
from uru_mcp.session.read_permission_check import ReadCheck

WARM_UP_WITHIN = 10.0  # seconds

log = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    """The key's status and the catalog at one moment."""

    key_status: KeyStatus
    catalog: Catalog


class Session:
    """Refreshes an identity and its catalog. `on_look` is awaited after each refresh that finishes in time.

    Every snapshot keeps to the administrator's policy as its file is at that moment.
    """

    def __init__(
        self,
        identity: Identity,
        current_catalog: CurrentCatalog,
        read_check: ReadCheck,
        policy_changes: PolicyChanges,
        *,
        on_look: Callable[[], Awaitable[None]],
    ) -> None:
        self._identity = identity
        self._read_check = read_check
        self._current_catalog = current_catalog
        self._policy_changes = policy_changes
        self._on_look = on_look
        self._told: str | None = None
        identity.on_question = current_catalog.ask_ahead

    def start(self, tasks: TaskGroup) -> None:
        """Start the first refresh in this task group; requests that outlive their caller continue in it too."""
        self._identity.start(tasks)
        self._current_catalog.start(tasks)
        tasks.start_soon(self._warm_up)

    @property
    def now(self) -> Snapshot:
        """The current snapshot; sends no request."""
        self._policy_changes.look()
        return Snapshot(self._identity.key_status, self._current_catalog.current)

    @property
    def policy(self) -> ManagedPolicy | None:
        """The administrator's policy that the current snapshot keeps to."""
        return self._policy_changes.policy

    @property
    def catalog_trouble(self) -> UruError | None:
        """Why the catalog is missing or outdated."""
        return self._current_catalog.trouble

    @property
    def blocking_error(self) -> UruError | None:
        """The error that blocks every call, as last seen; None if some calls can work. Sends no request."""
        key_status = self.now.key_status
        return key_status.trouble if key_status.is_refused or isinstance(key_status.trouble, KeyUnavailable) else None

    async def accepted_key(self, within: float) -> Key | None:
        """The key in use, once Uru has confirmed it. Raises: UruError when Uru refuses it."""
        key_status = (await self.look(within, at_once=True)).key_status
        if key_status.is_refused and key_status.trouble is not None:
            raise key_status.trouble.with_traceback(None)
        return key_status.key

    async def look(self, within: float, *, at_once: bool = False) -> Snapshot:
        """A refreshed snapshot, or the last known one if the refresh takes longer than `within` seconds.

        `at_once` bypasses the cached key status, unless Uru has just refused the key or failed to answer.
        """
        self._policy_changes.look()
        with anyio.move_on_after(within):
            key_status = await (self._identity.recent() if at_once else self._identity.current())
            await self._current_catalog.refresh(key_status)
            if isinstance(self._current_catalog.trouble, KeyRefused):  # refused just now; there may be a new key
                await self._current_catalog.refresh(await self._identity.current())
            await self._read_check.look(self._current_catalog.current)
            await self._on_look()
            return self._logged()
        await self._current_catalog.fall_back()
        return self._logged()

    def _logged(self) -> Snapshot:
        """The snapshot, once a new reason why calls cannot work is in the log, for who reads only that."""
        trouble = self._identity.key_status.trouble
        told, self._told = self._told, trouble.message if trouble is not None else None
        if trouble is not None and self._told != told and not isinstance(trouble, KeyUnavailable):  # the keyring's
            log.warning("%s %s", trouble.message, trouble.fix)
        return self.now

    async def searchable(self, snapshot: Snapshot) -> Catalog:
        """The snapshot's catalog, once its search index is built."""
        return await self._current_catalog.searchable(snapshot.catalog)

    def mark_stale(self) -> None:
        """Fetch the key's status again at the next refresh: Uru has refused something that the status allows."""
        self._identity.mark_stale()

    async def refresh_after_change(self, within: float) -> None:
        """Fetch the key's status and the catalog again after a call that changed them. Never fails that call."""
        with anyio.move_on_after(within):
            self._current_catalog.forget()
            await self._identity.ask()
            await self.look(within)

    async def notice_key(self, within: float) -> None:
        """Refresh only if the key may have been rotated."""
        if await self._identity.key_may_have_changed():
            await self.look(within)

    async def admit(self, what: str, needs: Permissions, snapshot: Snapshot, *, within: float) -> Snapshot:
        """Check the permission gate, and refresh once before refusing. Returns the snapshot that allows the call.

        Raises:
            KeyReplaced: The key was rotated, so the result for the previous key is not valid.
            PermissionMissing, UruError: As `gate.require`.
        """
        if not gate.allows(needs, snapshot.key_status):
            key = snapshot.key_status.key
            snapshot = await self.look(within, at_once=True)
            if snapshot.key_status.key != key:
                message = access_messages.ANOTHER_KEY_BY_NOW
                raise KeyReplaced(message, fix=access_messages.SAME_CALL_AGAIN)
        gate.require(what, needs, snapshot.key_status)
        return snapshot

    async def _warm_up(self) -> None:
        try:
            await self.look(WARM_UP_WITHIN)
        except Exception:  # boundary: a background task must not end the process
            log.exception("Uru could not be asked ahead")
