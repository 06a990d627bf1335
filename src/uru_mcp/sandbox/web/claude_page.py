"""The page that shows what Claude sees with a key, by querying uru-mcp itself."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from .forms import read_permissions
from .mcp_server import NotSeen, Seen
from .stand_in import stand_in
from .visit import Refusal, Visit


class ClaudePage:
    """Runs one query at a time, since each starts a process."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()

    async def show(self, visit: Visit) -> Response:
        key = visit.key()
        asked_for = visit.request.query_params.getlist("permissions")
        permissions = read_permissions(asked_for, otherwise=key.permissions)
        seen, problem = None, ""
        try:
            seen = await self._look(visit, permissions)
        except NotSeen as error:
            problem = str(error)
        return visit.page("claude.html", key=key, permissions=permissions, seen=seen, problem=problem)

    async def _look(self, visit: Visit, permissions: tuple[str, ...]) -> Seen:
        server = visit.site.server
        if server is None:
            raise Refusal(404, "Not here", "This sandbox runs without uru-mcp, so nobody can be asked.")
        async with self._looking:
            with stand_in(visit.database, visit.key(), permissions) as text:
                return await server.seen(text, visit.url)
