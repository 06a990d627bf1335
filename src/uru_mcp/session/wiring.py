"""Creates the bridge's components that talk to Uru from the settings: connection, key identity, catalogs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from uru_mcp.access.identity import Identity
from uru_mcp.catalog.current_catalog import CurrentCatalog
from uru_mcp.catalog.disk_cache import DiskCache
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.http import Connection

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport


class Parts:
    """Creates the components, which share one connection and one client. `transport` replaces the network."""

    def __init__(
        self,
        settings: Settings,
        redaction: Redaction,
        keyring: Keyring,
        transport: AsyncBaseTransport | None,
        heavy_work: anyio.CapacityLimiter,
    ) -> None:
        self._settings = settings
        self._redaction = redaction
        self._keyring = keyring
        self._heavy_work = heavy_work
        self._is_remote = transport is None
        self.connection = Connection(
            settings.proxy_url,
            keyring,
            workspace_id=settings.workspace_id,
            redaction=redaction,
            transport=transport,
            heavy_work=heavy_work,
        )
        self.client = UruClient(self.connection, redaction)

    def identity(self, clock: Callable[[], float]) -> Identity:
        settings = self._settings
        return Identity(
            self.client,
            self._keyring,
            declared=settings.permissions,
            allowed=settings.allowed_permissions,
            workspace_id=settings.workspace_id,
            clock=clock,
        )

    def current_catalog(self, *, on_load: Callable[[], Awaitable[None]]) -> CurrentCatalog:
        settings, disk_cache = self._settings, None
        if self._is_remote and settings.cache is not None:  # an application in this process is always reachable
            disk_cache = DiskCache(settings.cache, settings.proxy_url, self._redaction)
        return CurrentCatalog(
            self.client,
            settings.namespaces,
            self._redaction,
            disk_cache=disk_cache,
            with_versions=settings.sync_interval > 0,
            heavy_work=self._heavy_work,
            on_load=on_load,
            rules=settings.rules,
        )
