"""The parts of a bridge that talk to Uru, made from the settings: connection, identity of the key, catalogs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from uru_mcp.attic import Attic
from uru_mcp.catalogs import Catalogs
from uru_mcp.client import UruClient
from uru_mcp.connection import Connection
from uru_mcp.identity import Identity
from uru_mcp.keyring import Keyring
from uru_mcp.redaction import Redaction
from uru_mcp.settings import Settings

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport


class Parts:
    """Makes them with one connection and one client. `transport` stands in for the network."""

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
            workspace_id=settings.fixed_workspace,
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
            workspace_id=settings.fixed_workspace,
            clock=clock,
        )

    def catalogs(self, *, on_load: Callable[[], Awaitable[None]]) -> Catalogs:
        settings, attic = self._settings, None
        if self._is_remote and settings.cache is not None:  # an application in this process can always be reached
            attic = Attic(settings.cache, settings.proxy_url, self._redaction)
        return Catalogs(
            self.client,
            settings.namespaces,
            self._redaction,
            attic=attic,
            with_versions=settings.sync_interval > 0,
            heavy_work=self._heavy_work,
            on_load=on_load,
            rules=settings.rules,
        )
