"""The tools to fall back to while Uru does not answer: those of the disk cache, within the user's current settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import anyio.to_thread

from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.cache_format import CachedTools
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.disk_cache import DiskCache
from uru_mcp.catalog.loader import LoadedTools, wanted
from uru_mcp.catalog.namespace_choice import NamespaceChoice
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.untrusted_input.redaction import Redaction

Value = TypeVar("Value")


class CatalogKey(NamedTuple):
    """The key and the workspace that a catalog belongs to."""

    key: Key | None
    workspace_id: str | None
    lacks_workspace: bool


class Fallback:
    """Keeps complete lists of tools, and returns them; does nothing without a disk cache."""

    def __init__(self, disk_cache: DiskCache | None, patterns: tuple[str, ...], redaction: Redaction) -> None:
        self._disk_cache = disk_cache
        self._patterns = patterns
        self._redaction = redaction

    async def catalog(self, place: CatalogKey | None, rules: UserRules) -> Catalog | None:
        """The cached tools of the workspace; None if there are none."""
        disk_cache = self._disk_cache
        if disk_cache is None or place is None or place.key is None or place.workspace_id is None:
            return None
        key, workspace_id = place.key, place.workspace_id

        def read() -> Catalog | None:
            listing = disk_cache.fetch(key, workspace_id)
            if listing is None:
                return None
            namespaces = wanted(listing.namespaces, self._patterns, self._redaction)
            loaded = {one: (tools, ()) for one, tools in listing.tools.items()}
            choice = NamespaceChoice(self._patterns)
            catalog = assembled(namespaces, loaded, [], self._redaction, rules=rules, choice=choice)
            return replace(catalog, told_at=dict.fromkeys(listing.tools, listing.told_at), source="disk")

        return await in_thread(read)

    async def keep(self, place: CatalogKey, told: LoadedTools) -> None:
        disk_cache, key, workspace_id = self._disk_cache, place.key, place.workspace_id
        if disk_cache is None or key is None or workspace_id is None or place.lacks_workspace or told.has_gaps:
            return
        tools = {name: offered for name, (offered, _) in told.loaded.items()}
        listing = CachedTools(tuple(told.namespaces), tools, datetime.now(UTC))
        await in_thread(lambda: disk_cache.keep(key, workspace_id, listing))


async def in_thread(work: Callable[[], Value]) -> Value:
    """Run the work in a thread, so that calls are answered meanwhile; cancellation does not wait for the thread."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
