"""Connections are few enough to be borne, enough for what is quick, and given back whatever happens."""

from __future__ import annotations

import threading

import anyio
import pytest

from tests.world import Connect, Uru, connection, until
from uru_mcp.errors import NoAnswer
from uru_mcp.sandbox.serve import serving
from uru_mcp.tools.background_runs import AT_MOST
from uru_mcp.uru.http import CONNECTIONS, Request

LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


async def test_long_runs_leave_room_for_what_is_quick(connect_once: Connect, uru: Uru) -> None:
    uru.faults.delay("/execute/company_demo", 60)
    async with serving(uru.sandbox) as url, connect_once(url=url, CALL_DEADLINE="12") as claude:
        await claude.tools()
        async with anyio.create_task_group() as tasks:
            for _ in range(AT_MOST):
                tasks.start_soon(claude.data, "uru_execute", LOG_NOTE)
        meanwhile = await claude.data("platform__context_query", {"op": "list"})
    assert uru.sent("/execute/company_demo") == AT_MOST
    assert meanwhile["data"]["items"]


async def test_reading_a_body_is_part_of_the_time_that_a_request_has(uru: Uru) -> None:
    is_over = threading.Event()
    request = Request("GET", "/keys/self", read=lambda _: is_over.wait(20))
    async with serving(uru.sandbox) as url, connection(url, uru.key().text) as opened:
        with pytest.raises(NoAnswer) as raised:
            await opened.exchange(request, 0.5)
        is_over.set()
    assert raised.value.code == "timed_out"


async def test_what_gets_no_connection_in_its_time_is_told_that_nothing_was_sent(uru: Uru) -> None:
    look = Request("GET", "/keys/self")
    async with serving(uru.sandbox) as url, connection(url, uru.key().text) as opened:
        uru.faults.delay("/keys/self", 60, times=CONNECTIONS)
        async with anyio.create_task_group() as tasks:
            for _ in range(CONNECTIONS):
                tasks.start_soon(opened.send, look, 60)
            await until(lambda: uru.sent("/keys/self") == CONNECTIONS)
            with pytest.raises(NoAnswer) as raised:
                await opened.send(look, 3)
            tasks.cancel_scope.cancel()
        sent = uru.sent("/keys/self")
        afterwards = await opened.send(look, 10)
    assert raised.value.message == "Uru cannot be reached: too many calls are under way at once. Nothing was sent."
    assert sent == CONNECTIONS
    assert afterwards, "what was given up holds no connection"
