"""Creates the components that talk to Uru, from the settings, and runs them: client, key identity, catalog, session."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from uru_mcp.access.identity import Identity
from uru_mcp.catalog.current_catalog import CurrentCatalog
from uru_mcp.catalog.disk_cache import DiskCache
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.api_key import Key
from uru_mcp.session.policy_changes import PolicyChanges
from uru_mcp.session.read_permission_check import ReadCheck
from uru_mcp.session.session import Session
from uru_mcp.session.tool_execution import Calls
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.http import Connection


class Parts:
    """The components, which share one connection and one client.

    `on_look` is awaited after each refresh of the key's status and the catalog. `on_send` is called before each request
    to Uru, with its key; setting it also calls it for the requests before.
    """

    def __init__(
        self,
        settings: Settings,
        redaction: Redaction,
        connection: Connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keyring, self._connection = connection.keyring, connection
        self.client = UruClient(connection, redaction)
        self.identity = Identity(
            self.client,
            self.keyring,
            declared=settings.permissions,
            allowed=settings.allowed_permissions,
            workspace_id=settings.workspace_id,
            clock=clock,
        )
        self.current_catalog = self._current_catalog(settings, redaction)
        self.calls = Calls(self.client, self.identity)
        read_check = ReadCheck(self.calls, self.identity)
        policy_changes = PolicyChanges(settings, self.identity, self.current_catalog)
        self.session = Session(
            self.identity, self.current_catalog, read_check, policy_changes, on_look=self._after_look
        )
        self.on_look: Callable[[], Awaitable[None]] | None = None
        self._sent_before: list[Key] = []
        self._tasks: TaskGroup | None = None
        connection.on_refusal, connection.on_send = self.identity.mark_stale, self._sent_before.append
        self.keyring.on_change = (self.identity.start_over, self.current_catalog.start_over)

    @property
    def on_send(self) -> Callable[[Key], None]:
        return self._connection.on_send

    @on_send.setter
    def on_send(self, on_send: Callable[[Key], None]) -> None:
        self._connection.on_send = on_send
        while self._sent_before:
            on_send(self._sent_before.pop(0))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[TaskGroup]:
        """Fetch the key's status and the catalog in the background, and close every connection at the end.

        Yields a task group that is cancelled at the end. Entered again, it yields the same one.
        """
        if self._tasks is not None:
            yield self._tasks
            return
        try:
            async with anyio.create_task_group() as self._tasks:
                self.session.start(self._tasks)
                yield self._tasks
                self._tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self.client.aclose()

    def _current_catalog(self, settings: Settings, redaction: Redaction) -> CurrentCatalog:
        disk_cache = None
        if settings.cache is not None and self._connection.is_remote:  # an application in this process always answers
            disk_cache = DiskCache(settings.cache, settings.proxy_url, redaction)
        return CurrentCatalog(
            self.client,
            settings.namespaces,
            redaction,
            disk_cache=disk_cache,
            with_versions=settings.sync_interval > 0,
            heavy_work=self._connection.heavy_work,
            on_load=self._after_look,
            rules=settings.rules,
        )

    async def _after_look(self) -> None:
        if self.on_look is not None:
            await self.on_look()
