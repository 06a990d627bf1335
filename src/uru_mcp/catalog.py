"""What Uru offers this key's workspace: namespaces and tools, named, classified and searchable.

A `Catalog` is a snapshot that never changes; loading makes a new one. Whether a tool may be called is not decided here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import anyio
from anyio.abc import TaskGroup

from uru_mcp.client import UruClient, is_safe_segment
from uru_mcp.errors import UruError
from uru_mcp.identity import Standing
from uru_mcp.names import shown_name
from uru_mcp.permissions import Permissions
from uru_mcp.policy import PLATFORM, dispatcher_of, is_foreign, needs_of, reads_only
from uru_mcp.redaction import Redaction
from uru_mcp.search import Index
from uru_mcp.wire import LeftOut, Namespace, UpstreamTool

REQUESTS_AT_ONCE = 8
LOAD_WITHIN = 30.0  # seconds for one request
RELOAD_AFTER = 10.0  # seconds before what could not be loaded is tried again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tool:
    """One of Uru's tools as we offer it. `id` is its name for MCP clients, `name` its name in Uru."""

    id: str
    namespace: Namespace
    name: str
    title: str
    description: str
    schema: dict[str, Any]
    needs: Permissions
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool

    @property
    def dispatcher(self) -> str | None:
        """The tool of ours that can run it, or None where only its own name can."""
        return dispatcher_of(self.needs, read_only=self.read_only)

    @property
    def is_run(self) -> bool:
        """Whether calling it may change something, so that it is never sent twice."""
        return not (self.read_only and self.namespace.name == PLATFORM)


@dataclass(frozen=True)
class Catalog:
    """Uru's tools by id, `platform` first and then by namespace, in Uru's own order within each.

    `failed` names the namespaces whose tools could not be loaded, and why.
    """

    namespaces: tuple[Namespace, ...] = ()
    tools: Mapping[str, Tool] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    failed: tuple[tuple[Namespace, UruError], ...] = ()

    @cached_property
    def index(self) -> Index:
        return Index({tool.id: words_of(tool) for tool in self.tools.values()})

    def of(self, namespace: Namespace) -> tuple[Tool, ...]:
        return self._by_namespace.get(namespace.name, ())

    @cached_property
    def _by_namespace(self) -> dict[str, tuple[Tool, ...]]:
        grouped: dict[str, list[Tool]] = {}
        for tool in self.tools.values():
            grouped.setdefault(tool.namespace.name, []).append(tool)
        return {name: tuple(tools) for name, tools in grouped.items()}


async def load(client: UruClient, patterns: tuple[str, ...], redaction: Redaction) -> Catalog:
    """Ask Uru for its namespaces and then for the tools of each that fits the user's patterns.

    A namespace that fails is in `failed`, and the others are there.

    Raises:
        UruError: The namespaces themselves could not be had.
    """
    namespaces = [n for n in await client.namespaces(within=LOAD_WITHIN) if _is_wanted(n, patterns)]
    namespaces.sort(key=lambda namespace: (namespace.name != PLATFORM, namespace.name))
    loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]] = {}
    failed: list[tuple[Namespace, UruError]] = []
    at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

    async def load_one(namespace: Namespace) -> None:
        async with at_once:
            try:
                loaded[namespace.name] = await client.tools(namespace.name, within=LOAD_WITHIN)
            except UruError as error:
                log.warning("the tools of %s could not be loaded: %s", namespace.name, error.message)
                failed.append((namespace, error))

    async with anyio.create_task_group() as tasks:
        for namespace in namespaces:
            tasks.start_soon(load_one, namespace)
    return _assembled(namespaces, loaded, failed, redaction)


def _is_wanted(namespace: Namespace, patterns: tuple[str, ...]) -> bool:
    if not is_safe_segment(namespace.name):
        log.warning("a namespace whose name cannot stand in a URL is left out: %r", namespace.name)
        return False
    if not patterns or (namespace.name == PLATFORM and namespace.recovery):
        return True
    return any(fnmatchcase(namespace.name, pattern) for pattern in patterns)


def _assembled(
    namespaces: Iterable[Namespace],
    loaded: Mapping[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]],
    failed: Iterable[tuple[Namespace, UruError]],
    redaction: Redaction,
) -> Catalog:
    tools: dict[str, Tool] = {}
    left_out: list[LeftOut] = []
    for namespace in namespaces:
        offered, unusable = loaded.get(namespace.name, ((), ()))
        left_out += unusable
        for upstream in offered:
            tool = classified(namespace, upstream, redaction)
            if tool.id in tools:
                left_out.append(LeftOut(namespace.name, upstream.name, "another tool is shown under the same name"))
            else:
                tools[tool.id] = tool
    return Catalog(tuple(namespaces), tools, tuple(left_out), tuple(failed))


def classified(namespace: Namespace, upstream: UpstreamTool, redaction: Redaction) -> Tool:
    """The tool as we offer it: named, with what it needs, with hints that are true and words that can all be seen."""
    needs = needs_of(namespace.name, upstream.name, declared=upstream.declared, read_only=upstream.read_only)
    read_only = reads_only(namespace.name, upstream.name, needs, read_only=upstream.read_only)
    trusted = not is_foreign(namespace.name)
    return Tool(
        id=shown_name(namespace.name, upstream.name),
        namespace=namespace,
        name=upstream.name,
        title=redaction.text(upstream.title or upstream.name.replace("_", " ").strip().capitalize()),
        description=redaction.text(upstream.description),
        schema=redaction.value(upstream.schema),
        needs=needs,
        read_only=read_only,
        destructive=not read_only and not (trusted and upstream.destructive is False),
        idempotent=read_only or (trusted and upstream.idempotent is True),
        open_world=not (trusted and upstream.open_world is False),
    )


def words_of(tool: Tool) -> tuple[str, str, str, str, str]:
    """What a search looks at: name, title, description, namespace and parameter names."""
    parameters = tool.schema.get("properties")
    names = " ".join(parameters) if isinstance(parameters, dict) else ""
    return tool.name, tool.title, tool.description, f"{tool.namespace.name} {tool.namespace.title}", names


class Catalogs:
    """The catalog of the workspace that is selected now. It loads in the background, once however many calls wait.

    `trouble` is why the last load failed; what could not be loaded is tried again when somebody asks, but not at once.
    """

    def __init__(
        self,
        client: UruClient,
        patterns: tuple[str, ...],
        redaction: Redaction,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._patterns = patterns
        self._redaction = redaction
        self._clock = clock
        self._place: object = None
        self._tried_at = float("-inf")
        self._loading: anyio.Event | None = None
        self.current = Catalog()
        self.trouble: UruError | None = None

    async def of(self, standing: Standing, *, tasks: TaskGroup, within: float) -> Catalog:
        """The catalog for this standing, or after `within` seconds what there is of it."""
        if self._loading is None and self._is_due(standing):
            self._loading = anyio.Event()
            tasks.start_soon(self._load, standing, self._loading)
        if self._loading is not None:
            with anyio.move_on_after(within):
                await self._loading.wait()
        return self.current

    def _is_due(self, standing: Standing) -> bool:
        if standing.trouble is not None and not standing.lacks_workspace:
            return False
        if _place(standing) != self._place:
            return True
        return (self.trouble is not None or bool(self.current.failed)) and self._clock() - self._tried_at > RELOAD_AFTER

    async def _load(self, standing: Standing, done: anyio.Event) -> None:
        if _place(standing) != self._place:
            self.current, self._place = Catalog(), _place(standing)  # never another workspace's tools
        try:
            self.current, self.trouble = await load(self._client, self._patterns, self._redaction), None
        except UruError as error:
            log.warning("the catalog could not be loaded: %s", error.message)
            self.trouble = error
        finally:
            self._tried_at = self._clock()
            self._loading = None
            done.set()


def _place(standing: Standing) -> tuple[str | None, bool]:
    return (standing.workspace.id if standing.workspace else None, standing.lacks_workspace)
