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

from uru_mcp import calls, discovery, gate, surface
from uru_mcp.arguments import check
from uru_mcp.catalog import Catalog, Tool
from uru_mcp.client import UruClient
from uru_mcp.connection import Connection
from uru_mcp.errors import ArgumentError, NoAnswer, SettingsError, UnknownTool, UruError, unforeseen
from uru_mcp.identity import Identity, Standing
from uru_mcp.loading import Catalogs
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
        connection = Connection(
            settings.proxy_url, settings.api_key, workspace_id=workspace_id, redaction=redaction, transport=transport
        )
        self._client = UruClient(connection, redaction)
        self._identity = Identity(self._client, ceiling=settings.permissions, workspace_id=workspace_id)
        self._catalogs = Catalogs(self._client, settings.namespaces, redaction, on_load=self._tell_of_load)
        self._list_within = min(FIRST_LIST_WITHIN, settings.call_deadline - MARGIN)
        self._seen: tuple[Standing, Catalog] = (self._identity.standing, self._catalogs.current)
        self._shown: list[str] | None = None
        self.on_change: Callable[[], Awaitable[None]] = _nobody

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Asks Uru for identity and catalog in the background, and closes every connection at the end."""
        try:
            async with anyio.create_task_group() as tasks:
                self._identity.start(tasks)
                self._catalogs.start(tasks)
                tasks.start_soon(self._look_ahead)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._client.aclose()

    async def list_tools(self) -> list[Definition]:
        """The tools to show now, as far as Uru has told them in time."""
        try:
            await self._look(self._list_within)
            definitions = self._definitions()
        except Exception:  # boundary: whatever happens, there is a tool that can be asked
            log.exception("the tools could not be listed")
            definitions = [OWN["uru_whoami"]]
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
        except Exception as error:  # boundary: no exception reaches the client, which would be shown its words
            log.exception("%s failed", name)
            return self._renderer.error(unforeseen(error))

    async def _call(self, name: str, arguments: dict[str, Any], deadline: float) -> Rendered:
        if name == "uru_whoami":
            await self._look(self._list_within, at_once=True)
            return self._whoami()
        if name in OWN:
            check(name, OWN[name].schema, arguments, trusted=True)
        standing, catalog = await self._look((deadline - time.monotonic()) / 2)  # the rest is for the call itself
        gate.require(name, NOTHING, standing)
        if name == "uru_search_tools":
            return self._search(arguments, standing, catalog)
        try:
            call = surface.resolve(name, arguments, catalog)
        except UnknownTool as error:
            wanted = error.details["tool"]
            reason = standing.trouble or self._catalogs.trouble or catalog.failure_of(wanted) or error
            raise reason.with_traceback(None) from None
        return await self._run(call, standing, deadline)

    def _search(self, arguments: dict[str, Any], standing: Standing, catalog: Catalog) -> Rendered:
        reason = standing.trouble or (None if catalog.namespaces else self._catalogs.trouble)
        if reason is not None:
            raise reason.with_traceback(None)
        return self._renderer.answer(discovery.search(catalog, standing, arguments, budget=self._settings.result_chars))

    async def _run(self, call: surface.Call, standing: Standing, deadline: float) -> Rendered:
        tool = call.tool
        if not gate.allows(tool.needs, standing):
            standing, _ = await self._look((deadline - time.monotonic()) / 2, at_once=True)
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
            await self._look_anew(deadline - time.monotonic())
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

    async def _look(self, within: float, *, at_once: bool = False) -> tuple[Standing, Catalog]:
        """How the key stands and what Uru offers now, or after `within` seconds what is known of it.

        `at_once` takes no answer that is older than a few seconds.
        """
        with anyio.move_on_after(within):
            standing = await (self._identity.recent() if at_once else self._identity.current())
            await self._catalogs.refresh(standing)
            await self._tell()
        return self._identity.standing, self._catalogs.current

    async def _look_anew(self, within: float) -> None:
        """Look at what a call has changed; the call itself has succeeded, so no failure here is one of its own."""
        with anyio.move_on_after(within):
            self._catalogs.forget()
            await self._identity.ask()
            await self._look(within)

    async def _look_ahead(self) -> None:
        try:
            await self._look(FIRST_LIST_WITHIN)
        except Exception:  # boundary: a background task must not end the process
            log.exception("Uru could not be asked ahead")

    async def _tell_of_load(self) -> None:
        try:
            await self._tell()
        except Exception:  # boundary: nor must a list that cannot be made
            log.exception("clients could not be told")

    async def _tell(self) -> None:
        """Tell listeners when the list is not what they were shown."""
        seen = (self._identity.standing, self._catalogs.current)
        if self._shown is None or (seen[0] is self._seen[0] and seen[1] is self._seen[1]):
            return
        self._seen = seen
        now = [definition.name for definition in self._definitions()]
        if now != self._shown:
            self._shown = now
            await self.on_change()

    def _definitions(self) -> list[Definition]:
        return surface.listed(
            self._catalogs.current,
            self._identity.standing,
            direct=self._settings.direct_tools,
            budget=self._settings.tool_tokens,
        )

    def _whoami(self) -> Rendered:
        facts = Facts(
            standing=self._identity.standing,
            catalog=self._catalogs.current,
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
