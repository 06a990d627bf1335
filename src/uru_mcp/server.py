"""The MCP server: the bridge's lists and answers in the SDK's types, in both protocol eras."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import mcp.types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError

from uru_mcp import __version__
from uru_mcp.bridge import Bridge, Unconfigured
from uru_mcp.errors import UnknownTool
from uru_mcp.own_tools import INSTRUCTIONS, Definition
from uru_mcp.render import Rendered

Context = ServerRequestContext[Any, Any]

NO_SUCH_TOOL = "Unknown tool. List the tools again, or find one with uru_search_tools."  # the name may hold anything

NOTIFICATIONS = NotificationOptions(tools_changed=True)

log = logging.getLogger(__name__)


class Listeners:
    """The clients that are told when lists change: the handshake era's by its session, the newer one's by its bus."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.session: ServerSession | None = None

    async def tools_changed(self) -> None:
        await self.bus.publish(ToolsListChanged())
        if self.session is not None:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # the client has gone
                await self.session.send_tool_list_changed()


def build_server(bridge: Bridge | Unconfigured) -> Server[None]:
    """The server of one bridge, for any transport; its lifespan is the bridge's."""
    listeners = Listeners()
    bridge.on_change = listeners.tools_changed

    @asynccontextmanager
    async def lifespan(_: Server[None]) -> AsyncIterator[None]:
        async with bridge.running():
            yield

    async def list_tools(ctx: Context, _: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        listeners.session = ctx.session
        return types.ListToolsResult(tools=[_tool(definition) for definition in await bridge.list_tools()])

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        listeners.session = ctx.session
        try:
            return _result(await bridge.call_tool(params.name, params.arguments or {}))
        except UnknownTool:
            raise MCPError(types.INVALID_PARAMS, NO_SUCH_TOOL) from None

    return Server(
        "uru-mcp",
        version=__version__,
        title="Uru",
        instructions=INSTRUCTIONS,
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_subscriptions_listen=ListenHandler(listeners.bus),
    )


def _tool(definition: Definition) -> types.Tool:
    return types.Tool(
        name=definition.name,
        title=definition.title,
        description=definition.description,
        input_schema=definition.schema,
        annotations=types.ToolAnnotations(
            title=definition.title,
            read_only_hint=definition.read_only,
            destructive_hint=definition.destructive,
            idempotent_hint=definition.idempotent,
            open_world_hint=definition.open_world,
        ),
    )


def _result(rendered: Rendered) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=rendered.text)],
        structured_content=rendered.structure,
        is_error=rendered.is_error,
    )
