"""Holds the current catalog, for the key in use and the selected workspace, and reloads it when needed.

`loader.py` requests it from Uru, and `disk_cache.py` keeps a copy to fall back to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from uru_mcp.access.key_status import KeyStatus
from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.disk_cache import DiskCache
from uru_mcp.catalog.fallback import CatalogKey, Fallback, in_thread
from uru_mcp.catalog.loader import LOAD_WITHIN, VERSION_WITHIN, Ahead, LoadedTools, ask
from uru_mcp.catalog.user_choices import misfit_in_words
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import NoAnswer, UruError, unforeseen
from uru_mcp.lazy_imports import SEARCH, in_parts
from uru_mcp.messages import access_messages
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.catalog_version import ToolVersion

AFTERWARDS = 0.25  # seconds after a load before what nobody waits for, so that a list that waits is answered first
RELOAD_AFTER = 10.0  # seconds before what could not be loaded is tried again

Value = TypeVar("Value")
log = logging.getLogger(__name__)


class CurrentCatalog:
    """The catalog of the selected workspace. It loads in the background, once for all waiting calls.

    `trouble` is why there is no catalog, or only an older one: from an earlier load or from the `disk_cache`. A failed
    load is retried on the next request, but not immediately. `on_load` is awaited after each load, since callers may
    have stopped waiting. `version` is that of `current`, if `with_versions` is set.
    """

    def __init__(
        self,
        client: UruClient,
        patterns: tuple[str, ...],
        redaction: Redaction,
        *,
        disk_cache: DiskCache | None,
        with_versions: bool,
        heavy_work: anyio.CapacityLimiter,
        on_load: Callable[[], Awaitable[None]],
        rules: UserRules | None = None,
    ) -> None:
        self._rules = rules or UserRules()
        self._on_load = on_load
        self._client = client
        self._patterns = patterns
        self._redaction = redaction
        self._fallback = Fallback(disk_cache, patterns, redaction)
        self._with_versions = with_versions
        self._heavy_work = heavy_work
        self._wanted = KeyStatus()
        self._tasks: TaskGroup
        self._tried_at = float("-inf")
        self._loading: anyio.Event | None = None
        self._expected: ToolVersion | None = None
        self._indexing = anyio.Lock()
        self._ahead: Ahead | None = None
        self.place: CatalogKey | None = None
        self.version: ToolVersion | None = None
        self.current = self._empty
        self.trouble: UruError | None = _not_loaded()

    def start(self, tasks: TaskGroup) -> None:
        """Use this task group for loads, so that they continue when callers stop waiting."""
        self._tasks = tasks

    @property
    def _empty(self) -> Catalog:
        """No tools, and what the user has set, which holds for what stands in for them too."""
        return Catalog(rules=self._rules)

    @property
    def is_loading(self) -> bool:
        return self._loading is not None

    def ask_ahead(self, key: Key) -> None:
        """Ask for the first catalog already, while Uru is asked about the key; what comes of it is used only then."""
        is_first = self.current.source == "nobody" and self.place is None and self._loading is None
        if is_first and (self._ahead is None or self._ahead.key != key):
            self._ahead = Ahead(self._client, key, with_version=self._with_versions)
            self._tasks.start_soon(self._ahead.ask)

    def forget(self) -> None:
        """Reload on the next request: the workspace may have changed, even if Uru does not report which it is."""
        self.place = None

    def expect(self, version: ToolVersion | None) -> None:
        """Reload on the next request, once Uru has this version; None accepts any version."""
        if version is not None or self._expected is not None:
            self._tried_at = float("-inf")  # an earlier failure was for another version
        self._expected = version

    def choose(self, rules: UserRules) -> None:
        """Choose tools by these rules from now on, and load them again if the rules are others."""
        if rules != self._rules:
            self._rules = rules
            self.start_over()

    def start_over(self) -> None:
        """Discard the catalog and any load in progress: they belong to an earlier key."""
        self.current, self.trouble = self._empty, _not_loaded()
        self.place = self.version = self._expected = None

    async def refresh(self, key_status: KeyStatus) -> None:
        """Wait until `current` is the catalog for this key status, or for a newer one that another call requested."""
        self._wanted = key_status
        while self._loading is not None or self._is_due(self._wanted):
            if self._loading is None:
                self._loading = anyio.Event()
                self._tasks.start_soon(self._load, self._wanted, self._loading)
            await self._loading.wait()

    async def searchable(self, catalog: Catalog) -> Catalog:
        """The catalog, once its search index is built; it is built once for all waiting calls."""
        async with self._indexing:
            if not catalog.is_indexed:
                await in_parts(SEARCH)
                await in_thread(lambda: catalog.index)
        return catalog

    async def fall_back(self) -> None:
        """Fall back to the disk cache if nothing is loaded for this workspace yet and Uru has not refused it."""
        place = self.place
        kept = await self._fallback.catalog(place, self._rules) if self._is_at_a_loss() else None
        if kept is not None and self.place is place and self._is_at_a_loss():
            self.current = kept
            await self._on_load()

    def _is_at_a_loss(self) -> bool:
        return self.current.source == "nobody" and isinstance(self.trouble, NoAnswer)

    def _is_due(self, key_status: KeyStatus) -> bool:
        if key_status.trouble is not None and not key_status.lacks_workspace:
            return False
        if _place(key_status) != self.place:
            return True
        is_wanting = self.trouble is not None or bool(self.current.failed) or self._expected is not None
        return is_wanting and time.monotonic() - self._tried_at > RELOAD_AFTER

    async def _load(self, key_status: KeyStatus, done: anyio.Event) -> None:
        place = _place(key_status)
        if place != self.place:
            self.current, self.place = self._empty, place  # never another workspace's tools
            self.version = self._expected = None
            self.trouble = _not_loaded()
        expected, told = self._expected, None
        try:
            told = await self._renew(place, expected)
        except UruError as error:
            log.warning("the catalog could not be loaded: %s", error.message)
            if self.place == place:  # neither the key nor the workspace has changed meanwhile
                self.trouble = error
                await self._use_fallback()
        except Exception as error:  # boundary: an unexpected error must end only the load, not the process
            log.exception("the catalog could not be loaded")
            if self.place == place:
                self.trouble = unforeseen(error)
        finally:
            if self._expected in (None, expected):  # otherwise another load for a later version follows
                self._tried_at = time.monotonic()
            self._loading = None
            done.set()
        await self._on_load()
        if told is not None:
            await anyio.sleep(AFTERWARDS)
            if self.place == place:  # neither the key nor the workspace has changed meanwhile
                await self._fallback.keep(place, told)

    async def _renew(self, place: CatalogKey, expected: ToolVersion | None) -> LoadedTools:
        """Raises: `UruError` when Uru does not tell its namespaces."""
        ahead = await self._asked_ahead(place) if expected is None else None
        version = ahead.version if ahead is not None else expected or await self._version_before(place)
        told = await ask(
            self._client,
            self._patterns,
            self._redaction,
            min_version=expected.number if expected is not None else None,
            offered=ahead.namespaces if ahead is not None else None,
        )
        older = self.current
        if told.has_gaps and older.source == "nobody":
            older = await self._fallback.catalog(place, self._rules) or older
        async with self._heavy_work:
            renewed = await in_thread(
                lambda: assembled(*told[:3], self._redaction, older=older, rules=self._rules, choice=told.choice)
            )
        if self.place == place:
            self._warn_of_misfits(renewed)
            self.current, self.trouble, self.version = renewed, None, version or self.version
            if self._expected is expected:
                self._expected = None
            if ahead is not None and version is not None:
                self._tasks.start_soon(self._confirm, place, ahead)
        return told

    def _warn_of_misfits(self, renewed: Catalog) -> None:
        """Log once for each pattern of the user that fits no tool what it is taken for."""
        for variable, misfit in (one for one in renewed.rules.misfits if one not in self.current.rules.misfits):
            log.warning("%s", misfit_in_words(variable, misfit))

    async def _confirm(self, place: CatalogKey, ahead: Ahead) -> None:
        """Load again if the namespaces differ from those that were answered at the same moment as the version."""
        await anyio.sleep(AFTERWARDS)
        if self._wanted.trouble is not None:
            return
        try:
            namespaces = await self._client.namespaces(within=LOAD_WITHIN)
        except UruError as error:
            log.info("the namespaces could not be confirmed: %s", error.message)
            return
        except Exception:  # boundary: the catalog is there, and the next change of the version will show
            log.exception("the namespaces could not be confirmed")
            return
        if namespaces != ahead.namespaces and (self.place, self.version) == (place, ahead.version):
            self.expect(ahead.version)
            await self.refresh(self._wanted)

    async def _asked_ahead(self, place: CatalogKey) -> Ahead | None:
        """The requests that were sent ahead, if they are recent and of this key; they are used once."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.key == place.key and time.monotonic() - ahead.began <= RELOAD_AFTER:
            await ahead.answered()
            return ahead if ahead.namespaces is not None else None
        return None

    async def _version_before(self, place: CatalogKey) -> ToolVersion | None:
        """The version before a load, so that changes during the load count as newer; None if it is unknown."""
        if not self._with_versions or place.lacks_workspace:
            return None
        try:
            return await self._client.tool_version(self.version, within=VERSION_WITHIN)
        except UruError as error:
            log.info("the tools are loaded without their version: %s", error.message)
            return None

    async def _use_fallback(self) -> None:
        """Continue without an answer from Uru. After a refusal, which is an answer, the cache is not used."""
        if isinstance(self.trouble, NoAnswer):
            await self.fall_back()
        elif self.current.source == "disk":
            self.current = self._empty


def _not_loaded() -> NoAnswer:
    return NoAnswer(access_messages.TOOLS_NOT_TOLD, fix=access_messages.TRY_IN_A_MINUTE, code="timed_out")


def _place(key_status: KeyStatus) -> CatalogKey:
    workspace = key_status.workspace.id if key_status.workspace else None
    return CatalogKey(key_status.key, workspace, key_status.lacks_workspace)
