"""List-changed notifications: through the session in the handshake era, through a subscription in the newer era."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)

from uru_mcp.session.list_changes import List

DISCONNECTED = (anyio.ClosedResourceError, anyio.BrokenResourceError)


class Listeners:
    """Sends list-changed notifications: through the session for clients that use `initialize`, else through the bus."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.session: ServerSession | None = None

    async def note_session(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware of the SDK's server. The first list may be answered before the SDK is imported."""
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
        session = self.session
        if session is None:
            return
        send = {
            "tools": session.send_tool_list_changed,
            "resources": session.send_resource_list_changed,
            "prompts": session.send_prompt_list_changed,
        }
        with suppress(*DISCONNECTED):
            await send[name]()
