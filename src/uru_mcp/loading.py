"""Loading catalogs from Uru: all namespaces side by side, in the background, and again when something failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from fnmatch import fnmatchcase

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from uru_mcp.answers import connection_problem
from uru_mcp.catalog import Catalog, assembled
from uru_mcp.client import UruClient, is_safe_segment
from uru_mcp.errors import KeyRefused, NoAnswer, UruError, unforeseen
from uru_mcp.identity import Standing
from uru_mcp.policy import PLATFORM
from uru_mcp.redaction import Redaction
from uru_mcp.wire import LeftOut, Namespace, UpstreamTool

REQUESTS_AT_ONCE = 8
LOAD_WITHIN = 30.0  # seconds for one request
RELOAD_AFTER = 10.0  # seconds before what could not be loaded is tried again

log = logging.getLogger(__name__)


async def load(client: UruClient, patterns: tuple[str, ...], redaction: Redaction) -> Catalog:
    """Ask Uru for its namespaces and then for the tools of each that fits the user's patterns.

    A namespace that fails is in `failed`, and the others are there.

    Raises:
        UruError: The namespaces themselves could not be had.
    """
    namespaces = [
        replace(namespace, title=redaction.text(namespace.title))
        for namespace in await client.namespaces(within=LOAD_WITHIN)
        if _is_wanted(namespace, patterns)
    ]
    namespaces.sort(key=lambda namespace: (namespace.name != PLATFORM, namespace.name))
    loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]] = {}
    failed: list[tuple[Namespace, UruError]] = []
    at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

    async def load_one(namespace: Namespace) -> None:
        async with at_once:
            try:
                loaded[namespace.name] = await client.tools(namespace.name, within=LOAD_WITHIN)
            except KeyRefused as error:  # the key was just found good, so this is about the app's own connection
                failed.append((namespace, connection_problem(namespace.title, error.details.get("quoted", ""))))
            except UruError as error:
                failed.append((namespace, error))
            except Exception as error:  # boundary: one namespace that nobody foresaw does not cost the others
                log.exception("the tools of a namespace could not be loaded")
                failed.append((namespace, unforeseen(error)))

    async with anyio.create_task_group() as tasks:
        for namespace in namespaces:
            tasks.start_soon(load_one, namespace)
    for namespace, error in failed:
        log.warning("the tools of %s could not be loaded: %s", namespace.name, error.message)
    # in a thread, so that calls are answered meanwhile; whoever stops waiting does not wait for the thread either
    return await anyio.to_thread.run_sync(assembled, namespaces, loaded, failed, redaction, abandon_on_cancel=True)


def _is_wanted(namespace: Namespace, patterns: tuple[str, ...]) -> bool:
    routing = (namespace.name, namespace.connected_account_id, namespace.server_id)
    if not all(is_safe_segment(name) for name in routing if name is not None):
        log.warning("a namespace is left out, its name or account cannot stand in a URL: %.80r", namespace.name)
        return False
    if not patterns or (namespace.name == PLATFORM and namespace.recovery):
        return True
    return any(fnmatchcase(namespace.name, pattern) for pattern in patterns)


class Catalogs:
    """The catalog of the workspace that is selected now. It loads in the background, once however many calls wait.

    `trouble` is why there is no catalog, or only an older one. What could not be loaded is tried again when somebody
    asks, but not at once. `on_load` is awaited after each load, since whoever asked may have gone on without it.
    """

    def __init__(
        self,
        client: UruClient,
        patterns: tuple[str, ...],
        redaction: Redaction,
        *,
        on_load: Callable[[], Awaitable[None]],
    ) -> None:
        self._on_load = on_load
        self._client = client
        self._patterns = patterns
        self._redaction = redaction
        self._place: object = None
        self._wanted = Standing()
        self._tasks: TaskGroup
        self._tried_at = float("-inf")
        self._loading: anyio.Event | None = None
        self.current = Catalog()
        self.trouble: UruError | None = _not_loaded()

    def start(self, tasks: TaskGroup) -> None:
        """Load from now on in this task group, also when whoever asked has stopped waiting."""
        self._tasks = tasks

    def forget(self) -> None:
        """Load again when somebody asks: the workspace may be another one, even where Uru does not tell which."""
        self._place = None

    async def refresh(self, standing: Standing) -> None:
        """Wait until `current` is the catalog for this standing, or for a later one that somebody else asked for."""
        self._wanted = standing
        while self._loading is not None or self._is_due(self._wanted):
            if self._loading is None:
                self._loading = anyio.Event()
                self._tasks.start_soon(self._load, self._wanted, self._loading)
            await self._loading.wait()

    def _is_due(self, standing: Standing) -> bool:
        if standing.trouble is not None and not standing.lacks_workspace:
            return False
        if _place(standing) != self._place:
            return True
        return (
            self.trouble is not None or bool(self.current.failed)
        ) and time.monotonic() - self._tried_at > RELOAD_AFTER

    async def _load(self, standing: Standing, done: anyio.Event) -> None:
        if _place(standing) != self._place:
            self.current, self._place = Catalog(), _place(standing)  # never another workspace's tools
            self.trouble = _not_loaded()
        try:
            self.current, self.trouble = await load(self._client, self._patterns, self._redaction), None
        except UruError as error:
            log.warning("the catalog could not be loaded: %s", error.message)
            self.trouble = error
        except Exception as error:  # boundary: what nobody foresaw ends a load and not the process
            log.exception("the catalog could not be loaded")
            self.trouble = unforeseen(error)
        finally:
            self._tried_at = time.monotonic()
            self._loading = None
            done.set()
        await self._on_load()


def _not_loaded() -> NoAnswer:
    return NoAnswer("Uru has not told its tools yet.", fix="Try again in a minute.", code="timed_out")


def _place(standing: Standing) -> tuple[str | None, bool]:
    return (standing.workspace.id if standing.workspace else None, standing.lacks_workspace)
