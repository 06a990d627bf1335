"""What changes in Uru while a process runs shows in its next list and its next call; what was so before is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import pytest

from tests.process import Served, served
from tests.time_limits import WITHIN
from tests.world import ALL, Uru
from uru_mcp.sandbox.serve import serving

LOG_NOTE = "company_demo__LOG_NOTE"
ORDERS = [("list", "call"), ("call", "list")]  # which of them is first to find out


class Desk:
    """A running server, and what it shows and does now."""

    def __init__(self, server: Served) -> None:
        self._server = server

    async def tools(self) -> set[str]:
        return {tool["name"] for tool in (await self._server.result("tools/list"))["tools"]}

    async def note(self, text: str) -> str:
        """`done`, or the code of the error."""
        return await self.call("uru_execute", {"tool": LOG_NOTE, "input": {"text": text}})

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        answer = await self._server.call(tool, arguments)
        return str(answer["structuredContent"]["error"]["code"]) if answer["isError"] else "done"

    async def seen(self, order: tuple[str, str], text: str) -> tuple[bool, str]:
        """Whether notes are listed, and what became of a note, asked for in this order."""
        found: dict[str, Any] = {}
        for what in order:
            found[what] = LOG_NOTE in await self.tools() if what == "list" else await self.note(text)
        return found["list"], found["call"]


@asynccontextmanager
async def at_work(url: str, key: str, **variables: str) -> AsyncIterator[Desk]:
    async with served(URU_API_KEY=key, URU_PROXY_URL=url, **variables) as server:
        await server.initialize("2025-11-25")
        yield Desk(server)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_key_that_is_narrowed_widened_and_deleted(uru: Uru, order: tuple[str, str]) -> None:
    made = uru.key(ALL)
    async with serving(uru.sandbox) as url, at_work(url, made.text) as desk:
        assert await desk.seen(order, "first") == (True, "done")
        uru.sandbox.keys.set_permissions(made.record.id, {"read"})
        assert await desk.seen(order, "narrowed") == (False, "insufficient_permission")
        uru.sandbox.keys.set_permissions(made.record.id, {"execute"})
        assert await desk.seen(order, "widened") == (True, "done")
        assert "platform__context_query" not in await desk.tools()
        uru.sandbox.keys.delete(made.record.id)
        assert await desk.seen(order, "deleted") == (False, "key_revoked")
        assert await desk.tools() == {"uru_whoami"}
    assert uru.notes == ["first", "widened"]


async def test_a_list_of_resources_is_not_empty_for_what_the_key_lacked_before(uru: Uru) -> None:
    made = uru.key({"execute"})
    async with serving(uru.sandbox) as url, served(URU_API_KEY=made.text, URU_PROXY_URL=url) as server:
        await server.initialize("2025-11-25")
        assert (await server.result("resources/list"))["resources"] == []
        uru.sandbox.keys.set_permissions(made.record.id, {"read"})
        assert (await server.result("resources/list"))["resources"] != []
        uru.sandbox.keys.set_permissions(made.record.id, {"execute"})
        assert "error" in await server.ask("resources/list"), "Uru refused it, and an empty list would not say so"
        assert (await server.result("resources/list"))["resources"] == []


async def test_a_workspace_that_is_selected_here_or_elsewhere(uru: Uru) -> None:
    only = {workspace.id: f"company_demo__ONLY_{workspace.name.upper()}" for workspace in (uru.acme, uru.globex)}
    for workspace_id, name in only.items():
        uru.sandbox.put_tool(workspace_id, "company_demo", {"name": name.partition("__")[2]})
    made = uru.key(ALL, workspace=None)
    async with serving(uru.sandbox) as url, at_work(url, made.text) as desk:
        assert LOG_NOTE not in await desk.tools()
        assert await desk.note("nowhere") == "workspace_selection_required"
        for workspace in (uru.acme, uru.globex):
            assert await desk.call("platform__set_current_workspace", {"workspace_id": workspace.id}) == "done"
            assert await desk.note(workspace.name) == "done"
            assert await desk.tools() & set(only.values()) == {only[workspace.id]}
        uru.sandbox.keys.select_workspace(made.record.id, uru.acme.id)
        assert await desk.tools() & set(only.values()) == {only[uru.acme.id]}
        assert await desk.call("uru_execute", {"tool": only[uru.globex.id]}) == "unknown_tool"
    noted = uru.sandbox.database.rows(
        "SELECT workspace_id, text FROM notes WHERE text IN ('Acme', 'Globex', 'nowhere')"
    )
    assert {row["text"]: row["workspace_id"] for row in noted} == {"Acme": uru.acme.id, "Globex": uru.globex.id}


async def test_a_tool_that_is_removed(uru: Uru) -> None:
    async with serving(uru.sandbox) as url, at_work(url, uru.key().text) as desk:
        assert await desk.note("first") == "done"
        uru.sandbox.remove_tool(uru.acme.id, "company_demo", "LOG_NOTE")
        assert await desk.note("removed") == "not_found"
    assert uru.notes == ["first"]


async def test_tools_that_come_and_go(uru: Uru) -> None:
    new = "company_demo__NEW"
    async with serving(uru.sandbox) as url, at_work(url, uru.key().text, URU_SYNC_INTERVAL="0.1") as desk:
        assert new not in await desk.tools()
        for number in range(2):
            uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "NEW"})
            with anyio.fail_after(WITHIN):
                while new not in await desk.tools():
                    pass  # the list itself takes its time
            assert await desk.call(new, {}) == "done"
            uru.sandbox.remove_tool(uru.acme.id, "company_demo", "NEW")
            assert await desk.call(new, {}) == "not_found", number
            with anyio.fail_after(WITHIN):
                while new in await desk.tools():
                    pass
            assert await desk.call("uru_execute", {"tool": new}) == "unknown_tool"


async def test_a_service_that_is_down_and_up_again(uru: Uru) -> None:
    async with AsyncExitStack() as service:
        url = await service.enter_async_context(serving(uru.sandbox))
        async with at_work(url, uru.key().text) as desk:
            assert await desk.note("up") == "done"
            await service.aclose()
            assert await desk.note("down") == "unavailable"
            assert LOG_NOTE in await desk.tools(), "which the key may call as far as is known"
            await service.enter_async_context(serving(uru.sandbox, int(url.rpartition(":")[2])))
            assert await desk.seen(ORDERS[0], "up again") == (True, "done")
    assert uru.notes == ["up", "up again"]
