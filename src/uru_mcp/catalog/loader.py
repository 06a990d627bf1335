"""Loads the namespaces from Uru, and then the tools of each namespace concurrently."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

import anyio
import anyio.to_thread

from uru_mcp import limits
from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.account_labels import plainly_titled
from uru_mcp.catalog.namespace_choice import NamespaceChoice, chosen_among
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused, NoAnswer, Refused, UruError, unforeseen
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.catalog_version import ToolVersion
from uru_mcp.uru.execute_endpoints import is_safe_segment
from uru_mcp.uru.http_errors import connection_problem
from uru_mcp.uru.namespaces_and_tools import LeftOut, Namespace, UpstreamTool

REQUESTS_AT_ONCE = 16
LOAD_WITHIN = 30.0  # seconds for one request
AHEAD_WITHIN = 9.0  # seconds, as long as the key is asked about
VERSION_WITHIN = 3.0  # seconds; the tools are loaded without it too
TOOL_CHARS = 300  # that a tool counts besides its texts

log = logging.getLogger(__name__)


class LoadedTools(NamedTuple):
    """The loaded namespaces and tools, the namespaces that failed, and what those that were loaded were chosen by."""

    namespaces: list[Namespace]
    loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]]
    failed: list[tuple[Namespace, UruError]]
    choice: NamespaceChoice

    @property
    def has_gaps(self) -> bool:
        """Whether Uru did not answer for some namespace; a refusal is an answer."""
        return any(isinstance(error, NoAnswer) for _, error in self.failed)


class Ahead:
    """The namespaces, and their version, asked for at the same moment as whether the key is accepted.

    Both are None until they are there, and where Uru does not tell them.
    """

    def __init__(self, client: UruClient, key: Key, *, with_version: bool) -> None:
        self._client = client
        self._with_version = with_version
        self._done = anyio.Event()
        self.key = key
        self.began = time.monotonic()
        self.version: ToolVersion | None = None
        self.namespaces: tuple[Namespace, ...] | None = None

    async def ask(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                if self._with_version:  # sent first, as it is to be of what is listed or of what was before
                    tasks.start_soon(self._ask_version)
                tasks.start_soon(self._ask_namespaces)
        finally:
            self._done.set()

    async def answered(self) -> None:
        """Wait until Uru has answered, or has not in time."""
        await self._done.wait()

    async def _ask_namespaces(self) -> None:
        try:
            self.namespaces = await self._client.check_namespaces(self.key, within=AHEAD_WITHIN)
        except UruError as error:
            log.info("the namespaces are asked for again: %s", error.message)
        except Exception:  # boundary: they are asked for again
            log.exception("the namespaces could not be asked for ahead")

    async def _ask_version(self) -> None:
        try:
            self.version = await self._client.tool_version(None, within=VERSION_WITHIN, key=self.key)
        except UruError as error:
            log.info("the tools are loaded without their version: %s", error.message)
        except Exception:  # boundary: they are loaded without it
            log.exception("the version could not be asked for ahead")


async def ask(
    client: UruClient,
    patterns: tuple[str, ...],
    redaction: Redaction,
    *,
    min_version: int | None = None,
    offered: tuple[Namespace, ...] | None = None,
) -> LoadedTools:
    """Load the namespaces, and then the tools of each that matches the user's patterns.

    `offered` are the namespaces where they have been told already. A namespace that fails is in `failed`, and the
    others are there.

    Raises:
        UruError: The namespaces themselves could not be loaded.
    """
    if offered is None:
        offered = await client.namespaces(within=LOAD_WITHIN, min_version=min_version)
    look = partial(wanted, offered, patterns, redaction)
    is_usual = len(offered) <= limits.NAMESPACES
    namespaces = look() if is_usual else await anyio.to_thread.run_sync(look, abandon_on_cancel=True)
    loading = _Loading(client)
    if len(namespaces) > limits.NAMESPACES:
        loading.failed.append((namespaces[limits.NAMESPACES], _too_many(len(namespaces))))
        namespaces = namespaces[: limits.NAMESPACES]
    async with anyio.create_task_group() as tasks:
        for namespace in namespaces:
            tasks.start_soon(loading.load, namespace)
    for namespace, error in loading.failed:
        log.warning("the tools of %s could not be loaded: %s", namespace.name, error.message)
    return LoadedTools(namespaces, loading.loaded, loading.failed, chosen_among(offered, patterns))


class _Loading:
    """Loads the tools of namespaces with one request each, within the memory limit."""

    def __init__(self, client: UruClient) -> None:
        self._client = client
        self._at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)
        self._room = limits.CATALOG
        self.loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]] = {}
        self.failed: list[tuple[Namespace, UruError]] = []

    async def load(self, namespace: Namespace) -> None:
        async with self._at_once:
            try:
                self.loaded[namespace.name] = await self._tools_of(namespace)
            except KeyRefused as error:  # the key has just been accepted, so this refers to the app's own connection
                self.failed.append((namespace, connection_problem(namespace.title, error.said)))
            except UruError as error:
                self.failed.append((namespace, error))
            except Exception as error:  # boundary: an unexpected error in one namespace must not affect the others
                log.exception("the tools of a namespace could not be loaded")
                self.failed.append((namespace, unforeseen(error)))

    async def _tools_of(self, namespace: Namespace) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
        if self._room < 0:
            raise _no_room()
        told = await self._client.tools(namespace.name, within=LOAD_WITHIN)
        self._room -= _chars(told)
        if self._room < 0:
            raise _no_room()
        return told


def wanted(offered: Iterable[Namespace], patterns: tuple[str, ...], redaction: Redaction) -> list[Namespace]:
    """The namespaces that match the user's patterns, `platform` first and then by name."""
    wanted = [one for one in offered if _is_wanted(one, patterns)]
    wanted.sort(key=lambda namespace: (namespace.name != PLATFORM, namespace.name))
    titled = [
        one._replace(title=redaction.text(one.title), account=one.account and redaction.text(one.account))
        for one in wanted[: limits.NAMESPACES]
    ]
    return [*map(plainly_titled, titled), *wanted[limits.NAMESPACES :]]


def _too_many(count: int) -> Refused:
    return Refused(
        report_messages.TOO_MANY_NAMESPACES.format(count=count, namespaces=limits.NAMESPACES),
        fix=report_messages.NAME_YOUR_NAMESPACES,
        code="too_large",
    )


def _no_room() -> Refused:
    return Refused(
        report_messages.TOO_MANY_CHARACTERS.format(catalog=limits.CATALOG // 1024 // 1024),
        fix=report_messages.NAME_NAMESPACES,
        code="too_large",
    )


def _chars(told: tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]) -> int:
    """The approximate memory use of a namespace's tools, in characters."""
    tools, left_out = told
    texts = sum(len(tool.name) + len(tool.description) + len(tool.schema_json) for tool in tools)
    return texts + sum(len(item.name) for item in left_out) + TOOL_CHARS * (len(tools) + len(left_out))


def _is_wanted(namespace: Namespace, patterns: tuple[str, ...]) -> bool:
    routing = (namespace.name, namespace.connected_account_id, namespace.server_id)
    if not all(is_safe_segment(name) for name in routing if name is not None):
        log.warning("a namespace is left out because its name or account is not valid in a URL: %.80r", namespace.name)
        return False
    if not patterns or (namespace.name == PLATFORM and namespace.recovery):
        return True
    return any(fnmatchcase(namespace.name, pattern) for pattern in patterns)
