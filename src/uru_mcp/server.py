"""The MCP server: what the bridge answers, in both protocol eras."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, TypeVar

import anyio
import mcp.types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError

from uru_mcp import __version__, messages, protocol
from uru_mcp.announcements import List
from uru_mcp.asking import Asking, Time
from uru_mcp.bridge import Bridge
from uru_mcp.cursors import require_none
from uru_mcp.errors import UnknownTool, UruError
from uru_mcp.instructions import instructions
from uru_mcp.invalid_params import name_fields
from uru_mcp.library import Library
from uru_mcp.own_tools import Definition
from uru_mcp.render import Rendered
from uru_mcp.unconfigured import Unconfigured

Context = ServerRequestContext[Any, Any]
Answer = TypeVar("Answer")

NO_SUCH_TOOL = messages.UNKNOWN_MCP_TOOL  # the name may hold anything

NOTIFICATIONS = NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
PROGRESS_EACH = 5  # seconds

GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError)  # the client is not there any more


class Listeners:
    """The clients that are told when lists change: the handshake era's by its session, the newer one's by its bus."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.session: ServerSession | None = None

    async def note_session(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Middleware of the SDK's server. The first list may be answered before the SDK is there."""
        if ctx.method == "initialize":
            self.session = ctx.session
        return await call_next(ctx)

    async def changed(self, name: List) -> None:
        events: dict[List, ServerEvent] = {
            "tools": ToolsListChanged(),
            "resources": ResourcesListChanged(),
            "prompts": PromptsListChanged(),
        }
        await self.bus.publish(events[name])
        if self.session is None:
            return
        session = self.session
        send = {
            "tools": session.send_tool_list_changed,
            "resources": session.send_resource_list_changed,
            "prompts": session.send_prompt_list_changed,
        }
        with suppress(*GONE):
            await send[name]()


class Handlers:
    """The requests of MCP, each as a method."""

    def __init__(self, bridge: Bridge | Unconfigured, progress_each: float) -> None:
        self._bridge = bridge
        self._progress_each = progress_each
        self._asking = Asking(bridge)
        self._listed: tuple[list[Definition], types.ListToolsResult] = ([], types.ListToolsResult(tools=[]))
        self.listeners = Listeners()

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        self.listeners.session = ctx.session
        with self._protocol_errors(ctx):
            require_none(params.cursor if params is not None else None)
        definitions = await self._bridge.list_tools()
        if definitions is not self._listed[0]:
            self._listed = (definitions, types.ListToolsResult(tools=list(map(protocol.tool, definitions))))
        return self._listed[1]

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        self.listeners.session = ctx.session
        until = time.monotonic() + self._bridge.call_within
        if "progress_token" not in (ctx.meta or {}):
            return await self._asking.settle(ctx, params, await self._answer(params, until), Time(until))
        time_left = Time(until, has_progress=True)
        result: types.CallToolResult | types.InputRequiredResult | None = None
        failure: MCPError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_report_progress, ctx.session, self._progress_each, time_left)
            try:
                result = await self._asking.settle(ctx, params, await self._answer(params, until), time_left)
            except MCPError as error:  # which must not leave a task group, as it would become a group itself
                failure = error
            tasks.cancel_scope.cancel()
        if result is None:
            raise failure or MCPError(types.INTERNAL_ERROR, messages.ENDED_WITHOUT_ANSWER)
        return result

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        cursor = params.cursor if params is not None else None
        page = await self._library(ctx, "resources", lambda library, within: library.resources(cursor, within=within))
        resources = [protocol.resource(one) for one in page.resources]
        return types.ListResourcesResult(resources=resources, next_cursor=page.next_cursor)

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        cursor = params.cursor if params is not None else None
        found = await self._library(ctx, "resources", lambda library, within: library.templates(cursor, within=within))
        return types.ListResourceTemplatesResult(resource_templates=[protocol.template(one) for one in found])

    async def read_resource(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        mime_type, piece = await self._library(
            ctx, "resources", lambda library, within: library.read(params.uri, within=within), uri=params.uri
        )
        return protocol.contents(params.uri, mime_type, piece)

    async def list_prompts(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        cursor = params.cursor if params is not None else None
        offers, following = await self._library(
            ctx, "prompts", lambda library, within: library.prompts(cursor, within=within)
        )
        return types.ListPromptsResult(prompts=[protocol.prompt(one) for one in offers], next_cursor=following)

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        filled = await self._library(
            ctx, "prompts", lambda library, within: library.prompt(params.name, params.arguments or {}, within=within)
        )
        return protocol.prompt_result(filled)

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        ref, argument = params.ref, params.argument
        given = (params.context.arguments if params.context is not None else None) or {}

        async def ask(library: Library, within: float) -> list[str]:
            if isinstance(ref, types.PromptReference):
                return await library.complete_prompt(ref.name, argument.name, argument.value, within=within)
            return await library.complete_uri(ref.uri, argument.name, argument.value, given, within=within)

        kind: List = "prompts" if isinstance(ref, types.PromptReference) else "resources"
        return protocol.completion(await self._library(ctx, kind, ask))

    async def _answer(self, params: types.CallToolRequestParams, until: float) -> Rendered:
        try:
            if params.request_state is not None:
                return await self._asking.resume(params, until)
            return await self._bridge.call_tool(params.name, params.arguments or {})
        except UnknownTool:
            raise MCPError(types.INVALID_PARAMS, NO_SUCH_TOOL) from None

    async def _library(
        self,
        ctx: Context,
        name: List,
        ask: Callable[[Library, float], Awaitable[Answer]],
        *,
        uri: str | None = None,
    ) -> Answer:
        self.listeners.session = ctx.session
        with self._protocol_errors(ctx, uri):
            return await self._bridge.ask_library(name, ask)

    @contextmanager
    def _protocol_errors(self, ctx: Context, uri: str | None = None) -> Iterator[None]:
        """Errors of ours become MCP's. `uri` is that of the resource which was asked for, where one was."""
        try:
            yield
        except UruError as error:
            of_resource = uri is not None
            if of_resource and error.code == "not_found":
                error.details["uri"] = uri  # MCP wants it there as it was asked for
            refusal = self._bridge.refusal(error)
            raise protocol.protocol_error(error, refusal, ctx.protocol_version, of_resource=of_resource) from None


class _Server(Server[None]):
    """The SDK's server, whose instructions say what is so when they are asked for."""

    def __init__(self, bridge: Bridge | Unconfigured, *facts: Any, **more: Any) -> None:
        self._bridge = bridge
        super().__init__(*facts, **more)

    @property
    def instructions(self) -> str:
        return instructions(self._bridge.hindrance)

    @instructions.setter
    def instructions(self, _: str | None) -> None:
        """The SDK sets what it was given."""


def build_server(bridge: Bridge | Unconfigured, *, progress_each: float = PROGRESS_EACH) -> Server[None]:
    """The server of one bridge, which is `running` as long as the server is used, for any transport.

    A call that takes longer than `progress_each` seconds reports its progress that often, to a client that asks for it.
    """
    handlers = Handlers(bridge, progress_each)
    bridge.on_change = handlers.listeners.changed

    server = _Server(
        bridge,
        "uru-mcp",
        version=__version__,
        title="Uru",
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
        on_subscriptions_listen=ListenHandler(handlers.listeners.bus),
    )
    server.middleware += [handlers.listeners.note_session, name_fields]
    return server


async def _report_progress(session: ServerSession, each: float, call: Time) -> None:
    """Tell a client that wants to know how long its call has been under way; without its token nothing is sent."""
    for seconds in count(each, each):
        await anyio.sleep(each)
        said = messages.AT_IT_FOR.format(seconds=seconds) if not call.is_asking else messages.WAITING_FOR_DECISION
        with suppress(*GONE):
            await session.report_progress(seconds, None, said)
