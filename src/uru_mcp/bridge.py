"""The bridge: one process, one key, one workspace. It puts the rooms together and knows nothing of MCP's wire.

`list_tools` and `call_tool` are the ways of a list and of a call. Each answers in time; what goes wrong is an answer
too, in our own words.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup

from uru_mcp import calls, discovery, gate, surface
from uru_mcp.arguments import check
from uru_mcp.catalog import Catalog, Catalogs, Tool
from uru_mcp.client import UruClient
from uru_mcp.errors import ArgumentError, NoAnswer, SettingsError, UnknownTool, UruError
from uru_mcp.identity import Identity, Standing
from uru_mcp.own_tools import OWN, Definition
from uru_mcp.permissions import NOTHING
from uru_mcp.policy import PLATFORM, SELECT_WORKSPACE
from uru_mcp.redaction import Redaction
from uru_mcp.render import Rendered, Renderer
from uru_mcp.settings import Settings
from uru_mcp.whoami import Facts, report

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

FIRST_LIST_WITHIN = 10.0  # seconds that a list waits for Uru, since some clients ask only once
MARGIN = 0.5  # seconds of a call's deadline that are kept for the answer itself

log = logging.getLogger(__name__)


async def _nobody() -> None:
    """Nobody wants to know."""


class Bridge:
    """Serves one key. `on_change` is awaited when what `list_tools` would answer has changed since it was last asked.

    Enter `running` before the first use. `transport` stands in for the network: an application in this process.
    """

    def __init__(
        self, settings: Settings, redaction: Redaction, *, transport: AsyncBaseTransport | None = None
    ) -> None:
        workspace_id = str(settings.workspace_id) if settings.workspace_id else None
        redaction.remember(settings.api_key.reveal())
        self._settings = settings
        self._workspace_id = workspace_id
        self._renderer = Renderer(redaction, budget=settings.result_chars)
        self._client = UruClient(settings.proxy_url, settings.api_key, workspace_id=workspace_id, transport=transport)
        self._identity = Identity(self._client, ceiling=settings.permissions, workspace_id=workspace_id)
        self._catalogs = Catalogs(self._client, settings.namespaces, redaction)
        self._tasks: TaskGroup
        self._seen: tuple[Standing, Catalog] = (self._identity.standing, self._catalogs.current)
        self._shown: list[str] | None = None
        self.on_change: Callable[[], Awaitable[None]] = _nobody

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Asks Uru for identity and catalog in the background, and closes every connection at the end."""
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._look, FIRST_LIST_WITHIN)
                yield
                self._tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._client.aclose()

    async def list_tools(self) -> list[Definition]:
        """The tools to show now. It waits for Uru at most `FIRST_LIST_WITHIN` seconds."""
        standing, catalog = await self._look(FIRST_LIST_WITHIN)
        definitions = self._definitions(standing, catalog)
        self._shown = [definition.name for definition in definitions]
        return definitions

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Rendered:
        """The answer of a tool, our own or Uru's, within the deadline.

        Raises:
            UnknownTool: There is no MCP tool of that name, which is a fault of the protocol and not of a call.
        """
        try:
            with anyio.fail_after(self._settings.call_deadline):
                return await self._call(name, arguments, time.monotonic() + self._settings.call_deadline - MARGIN)
        except TimeoutError:
            message = f"The call was not answered within {self._settings.call_deadline:g} seconds."
            return self._renderer.error(NoAnswer(message, fix="Try again in a minute.", code="timed_out"))
        except UruError as error:
            if isinstance(error, UnknownTool) and name not in OWN:
                raise
            log.info("%s: %s", name, error.code)
            return self._renderer.error(error)
        except Exception as error:  # boundary: what nobody foresaw is said without details, which may hold anything
            log.error("%s failed: %s", name, type(error).__name__)
            unforeseen = UruError(f"uru-mcp failed inside ({type(error).__name__}).", fix="Report this as a bug.")
            return self._renderer.error(unforeseen)

    async def _call(self, name: str, arguments: dict[str, Any], deadline: float) -> Rendered:
        standing, catalog = await self._look(deadline - time.monotonic())
        if name in OWN:
            check(name, OWN[name].schema, arguments, trusted=True)
        if name == "uru_whoami":
            return self._whoami(standing, catalog)
        gate.require(name, NOTHING, standing)
        if name == "uru_search_tools":
            return self._search(arguments, standing, catalog)
        try:
            call = surface.resolve(name, arguments, catalog)
        except UnknownTool as error:
            raise (standing.trouble or self._catalogs.trouble or error).with_traceback(None) from None
        return await self._run(call, standing, deadline)

    def _search(self, arguments: dict[str, Any], standing: Standing, catalog: Catalog) -> Rendered:
        if standing.trouble is not None:
            raise standing.trouble.with_traceback(None)
        return self._renderer.answer(discovery.search(catalog, standing, arguments, budget=self._settings.result_chars))

    async def _run(self, call: surface.Call, standing: Standing, deadline: float) -> Rendered:
        tool = call.tool
        if not gate.allows(tool.needs, standing):
            standing = await self._identity.recent()
        gate.require(tool.id, tool.needs, standing)
        surface.require_dispatcher(call)
        self._require_own_workspace(tool, call.arguments)
        result = await calls.run(
            tool,
            call.arguments,
            client=self._client,
            identity=self._identity,
            within=deadline - time.monotonic(),
        )
        if _selects_workspace(tool):
            await self._identity.ask()
        await self._look(deadline - time.monotonic())
        return self._renderer.result(result)

    def _require_own_workspace(self, tool: Tool, arguments: dict[str, Any]) -> None:
        """Raises: `ArgumentError` when another workspace is asked for than the one the user fixed."""
        wanted = arguments.get("workspace_id")
        if _selects_workspace(tool) and self._workspace_id is not None and wanted != self._workspace_id:
            raise ArgumentError(
                "The user has fixed the workspace with URU_WORKSPACE_ID. Nothing was sent to Uru.",
                fix="Ask the user to change or remove URU_WORKSPACE_ID if another workspace is wanted.",
                tool=tool.id,
            )

    async def _look(self, within: float) -> tuple[Standing, Catalog]:
        """How the key stands and what Uru offers now; listeners are told when it is not what they were shown."""
        until = time.monotonic() + within
        standing = await self._identity.current()
        catalog = await self._catalogs.of(standing, tasks=self._tasks, within=max(0.0, until - time.monotonic()))
        if self._seen[0] is not standing or self._seen[1] is not catalog:
            self._seen = (standing, catalog)
            await self._tell(standing, catalog)
        return standing, catalog

    async def _tell(self, standing: Standing, catalog: Catalog) -> None:
        if self._shown is None:
            return
        now = [definition.name for definition in self._definitions(standing, catalog)]
        if now != self._shown:
            self._shown = now
            await self.on_change()

    def _definitions(self, standing: Standing, catalog: Catalog) -> list[Definition]:
        return surface.listed(catalog, standing, direct=self._settings.direct_tools, budget=self._settings.tool_tokens)

    def _whoami(self, standing: Standing, catalog: Catalog) -> Rendered:
        facts = Facts(
            standing=standing,
            catalog=catalog,
            catalog_trouble=self._catalogs.trouble,
            base_url=self._settings.proxy_url,
            last4=self._settings.api_key.last4,
            now=datetime.now(UTC),
        )
        return self._renderer.answer(*report(facts))


class Unconfigured:
    """Stands in for the bridge when the settings cannot be used: it sends nothing, and says what to mend."""

    def __init__(self, error: SettingsError, redaction: Redaction) -> None:
        self._error = error
        self._standing = Standing(trouble=error)
        self._renderer = Renderer(redaction, budget=0)  # which bounds results, and there are none
        self.on_change: Callable[[], Awaitable[None]] = _nobody

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def list_tools(self) -> list[Definition]:
        return surface.listed(Catalog(), self._standing, direct="none", budget=0)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Rendered:
        """What is wrong, as the report of `uru_whoami` or as the refusal of any other call."""
        if name == "uru_whoami":
            return self._renderer.answer(*report(Facts(self._standing, Catalog(), None, None, None, datetime.now(UTC))))
        return self._renderer.error(self._error)


def _selects_workspace(tool: Tool) -> bool:
    return (tool.namespace.name, tool.name) == (PLATFORM, SELECT_WORKSPACE)
