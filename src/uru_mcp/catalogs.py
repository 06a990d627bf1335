"""Which catalog holds now: that of the key in use and the workspace selected; it is loaded again when it must be.

What is asked of Uru is in `loading.py`, and what is kept for bad days in `attic.py`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from uru_mcp import messages
from uru_mcp.assembly import assembled
from uru_mcp.attic import Attic
from uru_mcp.catalog import Catalog
from uru_mcp.client import UruClient
from uru_mcp.errors import NoAnswer, UruError, unforeseen
from uru_mcp.imports import SEARCH, in_parts
from uru_mcp.key import Key
from uru_mcp.key_status import Standing
from uru_mcp.loading import LOAD_WITHIN, VERSION_WITHIN, Ahead, Told, ask, wanted
from uru_mcp.redaction import Redaction
from uru_mcp.transcript import Listing
from uru_mcp.versions import ToolVersion

RELOAD_AFTER = 10.0  # seconds before what could not be loaded is tried again

Value = TypeVar("Value")

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Whose tools they are: which key asked, and in which workspace."""

    key: Key | None
    workspace_id: str | None
    lacks_workspace: bool


class Catalogs:
    """The catalog of the workspace that is selected now. It loads in the background, once however many calls wait.

    `trouble` is why there is no catalog, or only an older one: one that was loaded before, or one from the `attic`.
    What could not be loaded is tried again when somebody asks, but not at once. `on_load` is awaited after each load,
    since whoever asked may have gone on without it. `version` is that of `current`, where `with_versions` asks for it.
    """

    def __init__(
        self,
        client: UruClient,
        patterns: tuple[str, ...],
        redaction: Redaction,
        *,
        attic: Attic | None,
        with_versions: bool,
        heavy_work: anyio.CapacityLimiter,
        on_load: Callable[[], Awaitable[None]],
    ) -> None:
        self._on_load = on_load
        self._client = client
        self._patterns = patterns
        self._redaction = redaction
        self._attic = attic
        self._with_versions = with_versions
        self._heavy_work = heavy_work
        self._wanted = Standing()
        self._tasks: TaskGroup
        self._tried_at = float("-inf")
        self._loading: anyio.Event | None = None
        self._expected: ToolVersion | None = None
        self._indexing = anyio.Lock()
        self._ahead: Ahead | None = None
        self.place: Place | None = None
        self.version: ToolVersion | None = None
        self.current = Catalog()
        self.trouble: UruError | None = _not_loaded()

    def start(self, tasks: TaskGroup) -> None:
        """Load from now on in this task group, also when whoever asked has stopped waiting."""
        self._tasks = tasks

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
        """Load again when somebody asks: the workspace may be another one, even where Uru does not tell which."""
        self.place = None

    def expect(self, version: ToolVersion | None) -> None:
        """Load again when somebody asks, once Uru is at this version; None: whatever version it is at will do."""
        if version is not None or self._expected is not None:
            self._tried_at = float("-inf")  # what failed was something else
        self._expected = version

    def start_over(self) -> None:
        """Forget the catalog at once, and what is under way: it was asked for with an earlier key."""
        self.current, self.trouble, self.place, self.version, self._expected = (
            Catalog(),
            _not_loaded(),
            None,
            None,
            None,
        )

    async def refresh(self, standing: Standing) -> None:
        """Wait until `current` is the catalog for this standing, or for a later one that somebody else asked for."""
        self._wanted = standing
        while self._loading is not None or self._is_due(self._wanted):
            if self._loading is None:
                self._loading = anyio.Event()
                self._tasks.start_soon(self._load, self._wanted, self._loading)
            await self._loading.wait()

    async def searchable(self, catalog: Catalog) -> Catalog:
        """The catalog, once it has its index, which is made once however many wait for it."""
        async with self._indexing:
            if not catalog.is_indexed:
                await in_parts(SEARCH)
                await _in_thread(lambda: catalog.index)
        return catalog

    async def fall_back(self) -> None:
        """Take what the attic has, where Uru has told nothing of this workspace yet, and has not refused to."""
        place = self.place
        kept = await self._kept(place) if self._is_at_a_loss() else None
        if kept is not None and self.place is place and self._is_at_a_loss():
            self.current = kept
            await self._on_load()

    def _is_at_a_loss(self) -> bool:
        return self.current.source == "nobody" and isinstance(self.trouble, NoAnswer)

    def _is_due(self, standing: Standing) -> bool:
        if standing.trouble is not None and not standing.lacks_workspace:
            return False
        if _place(standing) != self.place:
            return True
        is_wanting = self.trouble is not None or bool(self.current.failed) or self._expected is not None
        return is_wanting and time.monotonic() - self._tried_at > RELOAD_AFTER

    async def _load(self, standing: Standing, done: anyio.Event) -> None:
        place = _place(standing)
        if place != self.place:
            self.current, self.place = Catalog(), place  # never another workspace's tools
            self.version = self._expected = None
            self.trouble = _not_loaded()
        expected, told = self._expected, None
        try:
            told = await self._renew(place, expected)
        except UruError as error:
            log.warning("the catalog could not be loaded: %s", error.message)
            if self.place == place:  # and neither another key in use nor another workspace selected meanwhile
                self.trouble = error
                await self._make_do()
        except Exception as error:  # boundary: what nobody foresaw ends a load and not the process
            log.exception("the catalog could not be loaded")
            if self.place == place:
                self.trouble = unforeseen(error)
        finally:
            if self._expected in (None, expected):  # otherwise it is for a later version that there is another load
                self._tried_at = time.monotonic()
            self._loading = None
            done.set()
        await self._on_load()
        if told is not None and self.place == place:
            await self._keep(place, told)

    async def _renew(self, place: Place, expected: ToolVersion | None) -> Told:
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
            older = await self._kept(place) or older
        async with self._heavy_work:
            renewed = await _in_thread(lambda: assembled(*told, self._redaction, older=older))
        if self.place == place:
            self.current, self.trouble, self.version = renewed, None, version or self.version
            if self._expected is expected:
                self._expected = None
            if ahead is not None and version is not None:
                self._tasks.start_soon(self._confirm, place, ahead)
        return told

    async def _confirm(self, place: Place, ahead: Ahead) -> None:
        """See whether the namespaces are those of the version that was told at the same moment, or of one before it."""
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

    async def _asked_ahead(self, place: Place) -> Ahead | None:
        """What was asked for ahead, where it was asked for just now and with this key; it serves once."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.key != place.key or time.monotonic() - ahead.began > RELOAD_AFTER:
            return None
        await ahead.answered()
        return ahead if ahead.namespaces is not None else None

    async def _version_before(self, place: Place) -> ToolVersion | None:
        """The version before a load, so that what changes while it is under way is newer; None where it is not told."""
        if not self._with_versions or place.lacks_workspace:
            return None
        try:
            return await self._client.tool_version(self.version, within=VERSION_WITHIN)
        except UruError as error:
            log.info("the tools are loaded without their version: %s", error.message)
            return None

    async def _make_do(self) -> None:
        """Go on without an answer; what was kept is not used against a refusal, which is one."""
        if isinstance(self.trouble, NoAnswer):
            await self.fall_back()
        elif self.current.source == "disk":
            self.current = Catalog()

    async def _kept(self, place: Place | None) -> Catalog | None:
        """What the attic has of the workspace, as far as it is wanted now."""
        attic = self._attic
        if attic is None or place is None or place.key is None or place.workspace_id is None:
            return None
        key, workspace_id = place.key, place.workspace_id

        def read() -> Catalog | None:
            listing = attic.fetch(key, workspace_id)
            if listing is None:
                return None
            namespaces = wanted(listing.namespaces, self._patterns, self._redaction)
            catalog = assembled(
                namespaces, {one: (tools, ()) for one, tools in listing.tools.items()}, [], self._redaction
            )
            return replace(catalog, told_at=dict.fromkeys(listing.tools, listing.told_at), source="disk")

        return await _in_thread(read)

    async def _keep(self, place: Place, told: Told) -> None:
        attic, key, workspace_id = self._attic, place.key, place.workspace_id
        if attic is None or key is None or workspace_id is None or place.lacks_workspace or told.has_gaps:
            return
        tools = {name: offered for name, (offered, _) in told.loaded.items()}
        listing = Listing(tuple(told.namespaces), tools, datetime.now(UTC))
        await _in_thread(lambda: attic.keep(key, workspace_id, listing))


async def _in_thread(work: Callable[[], Value]) -> Value:
    """So that calls are answered meanwhile; whoever stops waiting does not wait for the thread either."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


def _not_loaded() -> NoAnswer:
    return NoAnswer(messages.TOOLS_NOT_TOLD, fix=messages.TRY_IN_A_MINUTE, code="timed_out")


def _place(standing: Standing) -> Place:
    return Place(standing.key, standing.workspace.id if standing.workspace else None, standing.lacks_workspace)
