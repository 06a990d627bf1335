"""MCP request handlers: pass each request to the bridge and convert the answer, for every protocol version."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, TypeVar

import anyio
import mcp.types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    ListenHandler,
)
from mcp.shared.exceptions import MCPError

from uru_mcp import __version__
from uru_mcp.approvals import cards
from uru_mcp.approvals.settling import Settling
from uru_mcp.audit.key_card import CARD
from uru_mcp.audit.trace_context import note_arrival
from uru_mcp.bridge import Bridge
from uru_mcp.errors import UnknownTool, UruError
from uru_mcp.messages import report_messages
from uru_mcp.resources.cursors import require_none
from uru_mcp.resources.resource_requests import ResourceHandlers
from uru_mcp.results.consent import Way
from uru_mcp.results.render import Rendered
from uru_mcp.server import sdk_conversion
from uru_mcp.server.apps import extension
from uru_mcp.server.apps.card_tools import with_card_tools
from uru_mcp.server.apps.card_wording import for_card
from uru_mcp.server.apps.tool_meta import Audience, tool_meta
from uru_mcp.server.client_capabilities import audience_of, shows_cards, way_of
from uru_mcp.server.elicitation import Elicitation, Time
from uru_mcp.server.invalid_params import name_fields
from uru_mcp.server.list_notifications import DISCONNECTED, Listeners
from uru_mcp.server.unconfigured import Unconfigured
from uru_mcp.session.list_changes import List
from uru_mcp.tools.definitions import CARD_TOOLS, Definition
from uru_mcp.tools.instructions import instructions

Context = ServerRequestContext[Any, Any]
Answer = TypeVar("Answer")

NO_SUCH_TOOL = report_messages.UNKNOWN_MCP_TOOL  # without the name, which is untrusted input

NOTIFICATIONS = NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
PROGRESS_EACH = 5  # seconds


class Handlers:
    """One method for each MCP request."""

    def __init__(self, bridge: Bridge | Unconfigured, progress_each: float) -> None:
        self._bridge = bridge
        self._progress_each = progress_each
        settling = Settling(bridge)
        self._elicitation = Elicitation(bridge, settling)
        self._cards = cards.Cards(bridge, settling)
        self._listed: tuple[list[Definition], Audience | None, types.ListToolsResult] = (
            [],
            None,
            types.ListToolsResult(tools=[]),
        )
        self.listeners = Listeners()

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        self.listeners.session = ctx.session
        with self._protocol_errors(ctx):
            require_none(params.cursor if params is not None else None)
        definitions = await self._bridge.list_tools()
        audience = audience_of(ctx, self._bridge.rules)
        if definitions is not self._listed[0] or audience != self._listed[1]:
            self._listed = (definitions, audience, self._shown(definitions, audience))
        return self._listed[2]

    def _shown(self, definitions: list[Definition], audience: Audience) -> types.ListToolsResult:
        shown = [*with_card_tools(definitions), cards.DEFINITION] if audience.shows_cards else definitions
        metas = (tool_meta(one.name, audience, self._bridge.waits_for_a_yes) for one in shown)
        return types.ListToolsResult(tools=[sdk_conversion.tool(*one) for one in zip(shown, metas, strict=True)])

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        self.listeners.session = ctx.session
        note_arrival(ctx.protocol_version, ctx.meta)
        until = time.monotonic() + self._bridge.call_within
        if "progress_token" not in (ctx.meta or {}):
            return await self._settled(ctx, params, Time(until))
        time_left = Time(until, has_progress=True)
        result: types.CallToolResult | types.InputRequiredResult | None = None
        failure: MCPError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_report_progress, ctx.session, self._progress_each, time_left)
            try:
                result = await self._settled(ctx, params, time_left)
            except MCPError as error:  # the task group would wrap it in an exception group
                failure = error
            tasks.cancel_scope.cancel()
        if result is None:
            raise failure or MCPError(types.INTERNAL_ERROR, report_messages.ENDED_WITHOUT_ANSWER)
        return result

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        cursor = params.cursor if params is not None else None
        page = await self._resource_handlers(
            ctx, "resources", lambda handlers, within: handlers.resources(cursor, within=within)
        )
        resources = [sdk_conversion.resource(one) for one in page.resources]
        if cursor is None and shows_cards(ctx):
            resources += extension.resources()
        return types.ListResourcesResult(resources=resources, next_cursor=page.next_cursor)

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        cursor = params.cursor if params is not None else None
        found = await self._resource_handlers(
            ctx, "resources", lambda handlers, within: handlers.templates(cursor, within=within)
        )
        return types.ListResourceTemplatesResult(resource_templates=[sdk_conversion.template(one) for one in found])

    async def read_resource(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        view = extension.contents(params.uri) if shows_cards(ctx) else None
        if view is not None:
            return view
        mime_type, piece = await self._resource_handlers(
            ctx, "resources", lambda handlers, within: handlers.read(params.uri, within=within), uri=params.uri
        )
        return sdk_conversion.contents(params.uri, mime_type, piece)

    async def list_prompts(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        cursor = params.cursor if params is not None else None
        offers, following = await self._resource_handlers(
            ctx, "prompts", lambda handlers, within: handlers.prompts(cursor, within=within)
        )
        return types.ListPromptsResult(prompts=[sdk_conversion.prompt(one) for one in offers], next_cursor=following)

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        filled = await self._resource_handlers(
            ctx, "prompts", lambda handlers, within: handlers.prompt(params.name, params.arguments or {}, within=within)
        )
        return sdk_conversion.prompt_result(filled)

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        ref, argument = params.ref, params.argument
        given = (params.context.arguments if params.context is not None else None) or {}

        async def ask(resource_handlers: ResourceHandlers, within: float) -> list[str]:
            if isinstance(ref, types.PromptReference):
                return await resource_handlers.complete_prompt(ref.name, argument.name, argument.value, within=within)
            return await resource_handlers.complete_uri(ref.uri, argument.name, argument.value, given, within=within)

        kind: List = "prompts" if isinstance(ref, types.PromptReference) else "resources"
        return sdk_conversion.completion(await self._resource_handlers(ctx, kind, ask))

    async def _settled(
        self, ctx: Context, params: types.CallToolRequestParams, call: Time
    ) -> types.CallToolResult | types.InputRequiredResult:
        """The result of a call, after the person was asked what it waits for, or with the question."""
        way = way_of(ctx, params.name, self._bridge.rules)
        arguments = params.arguments or {}
        if params.name == cards.DEFINITION.name and shows_cards(ctx):
            return sdk_conversion.tool_result(for_card(await self._cards.decide(arguments, call.until)))
        if params.name in CARD_TOOLS and not shows_cards(ctx):
            raise MCPError(types.INVALID_PARAMS, NO_SUCH_TOOL)
        answered = await self._elicitation.settle(ctx, params, await self._answer(params, call.until, way), call)
        if isinstance(answered, types.InputRequiredResult):
            return answered
        if params.name == "uru_whoami" and shows_cards(ctx):
            answered = answered._replace(meta={CARD: await self._bridge.recorder.key_card()})
        if way == "card":
            answered = await self._cards.asking(params.name, arguments, answered)
        return sdk_conversion.tool_result(for_card(answered) if shows_cards(ctx) else answered)

    async def _answer(self, params: types.CallToolRequestParams, until: float, way: Way) -> Rendered:
        try:
            if params.request_state is not None:
                return await self._elicitation.resume(params, until)
            return await self._bridge.call_tool(params.name, params.arguments or {}, way=way)
        except UnknownTool:
            raise MCPError(types.INVALID_PARAMS, NO_SUCH_TOOL) from None

    async def _resource_handlers(
        self,
        ctx: Context,
        name: List,
        ask: Callable[[ResourceHandlers, float], Awaitable[Answer]],
        *,
        uri: str | None = None,
    ) -> Answer:
        self.listeners.session = ctx.session
        with self._protocol_errors(ctx, uri):
            return await self._bridge.resource_request(name, ask)

    @contextmanager
    def _protocol_errors(self, ctx: Context, uri: str | None = None) -> Iterator[None]:
        """Translate a `UruError` into an MCP error. `uri` is the requested resource, if there is one."""
        try:
            yield
        except UruError as error:
            of_resource = uri is not None
            if of_resource and error.code == "not_found":
                error.details["uri"] = uri  # MCP requires the URI as the client sent it
            refusal = self._bridge.refusal(error)
            raise sdk_conversion.protocol_error(error, refusal, ctx.protocol_version, of_resource=of_resource) from None


class _Server(Server[None]):
    """The SDK's server with instructions that are computed whenever a client asks for them."""

    def __init__(self, bridge: Bridge | Unconfigured, *facts: Any, **more: Any) -> None:
        self._bridge = bridge
        super().__init__(*facts, **more)

    @property
    def instructions(self) -> str:
        return instructions(self._bridge.blocking_error)

    @instructions.setter
    def instructions(self, _: str | None) -> None:
        """Ignore the value that the SDK assigns in its constructor."""


def build_server(bridge: Bridge | Unconfigured, *, progress_each: float = PROGRESS_EACH) -> Server[None]:
    """Build the MCP server for a bridge, for any transport. The bridge must be `running` while the server is in use.

    A call sends progress notifications every `progress_each` seconds, if the client asked for them.
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
    """Send progress notifications with the elapsed time; the SDK sends none if the request has no progress token."""
    for seconds in count(each, each):
        await anyio.sleep(each)
        said = (
            report_messages.AT_IT_FOR.format(seconds=seconds)
            if not call.is_asking
            else report_messages.WAITING_FOR_DECISION
        )
        with suppress(*DISCONNECTED):
            await session.report_progress(seconds, None, said)
