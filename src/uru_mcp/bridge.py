"""The bridge: one process, one key, one workspace. It puts the rooms together and knows nothing of MCP's wire.

`list_tools`, `call_tool` and `ask_library` are the ways of a list, of a call, and of everything else. Each answers in
time; what goes wrong with a call is an answer too, in our own words.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from uru_mcp import surface
from uru_mcp.attic import Attic
from uru_mcp.audit import AuditLog
from uru_mcp.calls import Calls
from uru_mcp.catalogs import Catalogs
from uru_mcp.client import UruClient
from uru_mcp.connection import Connection
from uru_mcp.errors import KeyReplaced, NoAnswer, UnknownTool, UruError, unforeseen
from uru_mcp.identity import Identity
from uru_mcp.key_source import source_of
from uru_mcp.keyring import Keyring
from uru_mcp.library import Library
from uru_mcp.outcomes import Outcomes
from uru_mcp.outlook import Outlook, View
from uru_mcp.own_tools import OWN, Definition
from uru_mcp.read_check import ReadCheck
from uru_mcp.records import PROMPTS, Kind
from uru_mcp.redaction import Redaction
from uru_mcp.render import Rendered, Renderer
from uru_mcp.settings import Settings
from uru_mcp.shelves import Shelves
from uru_mcp.sync import Sync
from uru_mcp.tool_calls import ToolCalls
from uru_mcp.whoami import Facts, report
from uru_mcp.witness import Circumstances, Witness

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

FIRST_LIST_WITHIN = 10.0  # seconds that a list waits for Uru, since some clients ask only once
MARGIN = 0.5  # seconds of a call's deadline that are kept for the answer itself

List = Literal["tools", "resources", "prompts"]
Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


async def nobody(_: List) -> None:
    """Nobody wants to know."""


class Bridge:
    """Serves one key at a time.

    `on_change` is awaited with the name of a list that is not what it was when last asked for. Enter `running` before
    the first use. `transport` stands in for the network: an application in this process. What keeps a processor busy
    waits for its turn at `heavy_work`, as anybody can.
    """

    def __init__(
        self,
        settings: Settings,
        redaction: Redaction,
        *,
        transport: AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._redaction = redaction
        self._renderer = Renderer(redaction, budget=settings.result_chars)
        self._keyring = keyring = Keyring(source_of(settings), redaction)
        self.heavy_work = anyio.CapacityLimiter(1)
        connection = self._connection(transport)
        self._client = UruClient(connection, redaction)
        identity = Identity(
            self._client, keyring, declared=settings.permissions, workspace_id=settings.fixed_workspace, clock=clock
        )
        connection.on_refusal = identity.doubt
        catalogs = self._catalogs(redaction, is_remote=transport is None)
        calls = Calls(self._client, identity)
        self._outlook = Outlook(identity, catalogs, ReadCheck(calls, identity), on_look=self._tell)
        self._sync = Sync(
            self._client, self._outlook, catalogs, key=lambda: keyring.in_use, interval=settings.sync_interval
        )
        shelves = Shelves(calls, redaction)
        self._library = Library(self._outlook, shelves, self._renderer, redaction, lambda: self._report()[0])
        self._outcomes = Outcomes()
        rooms_of_one_key = (identity, catalogs, shelves, self._outcomes, connection)
        keyring.on_change = tuple(room.start_over for room in rooms_of_one_key)
        self._tool_calls = ToolCalls(
            self._outlook,
            calls,
            self._library,
            self._outcomes,
            self._renderer,
            report=self._report,
            on_change=self._tell_of_records,
            workspace_id=settings.fixed_workspace,
            execute_timeout=settings.execute_timeout,
        )
        audit = AuditLog(settings.audit_log, redaction) if settings.audit_log else None
        self._witness = Witness(audit, self._circumstances)
        self._shown: dict[List, object] = {}
        self._seen = self._outlook.now
        self._tasks: TaskGroup
        self._listed: tuple[View, list[Definition]] | None = None
        self.on_change: Callable[[List], Awaitable[None]] = nobody

    @property
    def call_within(self) -> float:
        """Seconds in which a call is answered, whatever happens."""
        return self._settings.call_deadline

    @property
    def view(self) -> View:
        """What is known now, without asking, of the key and of Uru's tools."""
        return self._outlook.now

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Asks Uru for identity and catalog in the background, and closes every connection at the end."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                self._outlook.start(tasks)
                self._outcomes.start(tasks)
                if self._settings.sync_interval:
                    tasks.start_soon(self._sync.run)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._client.aclose()

    async def list_tools(self) -> list[Definition]:
        """The tools to show now, as far as Uru has told them in time."""
        try:
            is_first = "tools" not in self._shown  # a later one is asked for because something may have changed
            await self._outlook.look(self._within(FIRST_LIST_WITHIN), at_once=not is_first)
            definitions = self._definitions()
        except Exception:  # boundary: whatever happens, there is a tool that can be asked
            log.exception("the tools could not be listed")
            definitions = [OWN["uru_whoami"]]
        self._shown["tools"] = _names(definitions)
        self._tasks.start_soon(self._prepare_calls)
        return definitions

    async def call_tool(self, name: str, arguments: dict[str, Any], *, within: float | None = None) -> Rendered:
        """The answer of a tool, our own or Uru's, within the deadline or so many seconds.

        Raises:
            UnknownTool: There is no MCP tool of that name, which is a fault of the protocol and not of a call.
        """
        deadline = time.monotonic() + self._within(float("inf") if within is None else within - MARGIN)
        with self._witness.watching(name, arguments) as seen:
            try:
                seen.rendered = await self._in_time(lambda: self._tool_calls.answer(name, arguments, deadline))
            except UruError as error:
                if isinstance(error, UnknownTool) and name not in OWN:
                    raise
                log.info("%s: %s", name, error.code)
                seen.rendered = self.refusal(error)
            return seen.rendered

    async def ask_library(self, name: List, ask: Callable[[Library, float], Awaitable[Answer]]) -> Answer:
        """What the library answers to `ask(library, seconds)`, which belongs to one of its lists.

        Raises:
            UruError: Whatever went wrong.
        """
        answer = await self._in_time(lambda: ask(self._library, self._within()))
        resources, prompts = self._library.outline()
        self._shown[name] = resources if name == "resources" else prompts
        return answer

    def refusal(self, error: UruError) -> Rendered:
        """An error in the words and the structure in which it may leave."""
        return self._renderer.error(error)

    async def _prepare_calls(self) -> None:
        """Have ready what calls need, so that the first ones take no longer than others."""
        try:
            await anyio.to_thread.run_sync(import_module, "uru_mcp.arguments", abandon_on_cancel=True)
            await self._outlook.searchable(self._outlook.now)
        except Exception:  # boundary: what nobody foresaw in a tool's words ends a search and not the process
            log.exception("the calls could not be prepared")

    async def _in_time(self, answer: Callable[[], Awaitable[Answer]]) -> Answer:
        """Raises: `UruError`, and nothing else, whatever happens; at the deadline at the latest."""
        try:
            with anyio.fail_after(self._settings.call_deadline):
                try:
                    return await answer()
                except KeyReplaced:
                    return await answer()  # once more from the start, through the gate of the key in use now
        except UruError:
            raise
        except TimeoutError:
            message = f"The call was not answered within {self._settings.call_deadline:g} seconds."
            raise NoAnswer(message, fix="Try again in a minute.", code="timed_out") from None
        except Exception as error:  # boundary: no exception reaches the client, which would be shown its words
            log.exception("a request failed")
            raise unforeseen(error) from None

    def _within(self, at_most: float = float("inf")) -> float:
        return min(at_most, self._settings.call_deadline - MARGIN)

    async def _tell(self) -> None:
        """Tell listeners which lists are not what they were shown."""
        view = self._outlook.now
        if not self._shown or (view.standing == self._seen.standing and view.catalog is self._seen.catalog):
            return
        self._seen = view
        try:
            resources, prompts = self._library.outline()
            now: dict[List, object] = {"tools": _names(self._definitions()), "resources": resources, "prompts": prompts}
            for name, shown in list(self._shown.items()):
                if now[name] != shown:
                    self._shown[name] = now[name]
                    await self.on_change(name)
        except Exception:  # boundary: a client that cannot be told does not fail the call that found out
            log.exception("clients could not be told")

    async def _tell_of_records(self, kinds: tuple[Kind, ...]) -> None:
        await self.on_change("resources")
        if PROMPTS in kinds:
            await self.on_change("prompts")

    def _connection(self, transport: AsyncBaseTransport | None) -> Connection:
        return Connection(
            self._settings.proxy_url,
            self._keyring,
            workspace_id=self._settings.fixed_workspace,
            redaction=self._redaction,
            transport=transport,
            heavy_work=self.heavy_work,
        )

    def _catalogs(self, redaction: Redaction, *, is_remote: bool) -> Catalogs:
        settings, attic = self._settings, None
        if is_remote and settings.cache is not None:  # an application in this process can always be reached
            attic = Attic(settings.cache, settings.proxy_url, redaction)
        return Catalogs(
            self._client,
            settings.namespaces,
            redaction,
            attic=attic,
            with_versions=settings.sync_interval > 0,
            heavy_work=self.heavy_work,
            on_load=self._tell,
        )

    def _definitions(self) -> list[Definition]:
        """The same list again, as long as what it depends on is the same."""
        view, settings = self._outlook.now, self._settings
        if self._listed is None or view.catalog is not self._listed[0].catalog or view != self._listed[0]:
            definitions = surface.listed(
                view.catalog, view.standing, direct=settings.direct_tools, budget=settings.tool_tokens
            )
            self._listed = (view, definitions)
        return self._listed[1]

    def _circumstances(self, tool: str) -> Circumstances:
        view = self._outlook.now
        needs = surface.needs_of(tool, view.catalog)
        return Circumstances(needs, view.standing.grant, self._keyring.last4)

    def _report(self) -> tuple[dict[str, Any], str]:
        view = self._outlook.now
        facts = Facts(
            standing=view.standing,
            catalog=view.catalog,
            catalog_trouble=self._outlook.catalog_trouble,
            records_failed=self._library.failed,
            base_url=self._settings.proxy_url,
            last4=self._keyring.last4,
            now=datetime.now(UTC),
            ignored_variables=(*self._settings.ignored, *self._settings.foreign),
            source=self._keyring.source,
            exposure=self._keyring.exposure,
            unseen_removed=self._redaction.unseen,
        )
        return report(facts)


def _names(definitions: list[Definition]) -> list[str]:
    return [definition.name for definition in definitions]
