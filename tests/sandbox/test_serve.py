"""The sandbox on a socket."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.time_limits import WITHIN
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

from .callers import connected


async def test_it_answers_on_loopback_and_is_gone_afterwards(sandbox: Sandbox) -> None:
    async with serving(sandbox) as url, connected(sandbox, url=url) as somebody:
        assert url.startswith("http://127.0.0.1:")
        assert (await somebody.get("/health")).status == 200
        port = int(url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=WITHIN)


async def test_open_and_hanging_connections_do_not_hold_it_up(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(WITHIN), serving(sandbox) as url, connected(sandbox, url=url) as somebody:
        await somebody.get("/health")
        _reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET /health HTTP/1.1\r\nHost: half a req")
        hanging = asyncio.create_task(somebody.call("company_demo__GENERATE_REPORT", title="x", seconds=170))
        while not any(request.path.startswith("/execute/") for request in sandbox.requests):
            await somebody.get("/health")
        start = loop.time()
    taken = loop.time() - start
    await asyncio.gather(hanging, return_exceptions=True)
    writer.close()
    assert hanging.exception() is not None
    assert taken < 5, "of 170 seconds"
    assert capfd.readouterr() == ("", "")


async def test_a_client_that_does_not_read_does_not_hold_it_up(sandbox: Sandbox) -> None:
    """Eight million characters, into a socket that takes a few thousand."""
    loop = asyncio.get_running_loop()
    body = b'{"tool_name": "GENERATE_REPORT", "parameters": {"title": "x", "rows": 100000}}'
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        async with asyncio.timeout(WITHIN), serving(sandbox) as url, connected(sandbox, url=url) as somebody:
            deaf.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            head = (
                "POST /execute/company_demo__execute_tool HTTP/1.1\r\nHost: sandbox\r\nX-Namespace: company_demo\r\n"
                f"Authorization: Bearer {somebody.text}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            deaf.sendall(head.encode() + body)
            while not any(request.status == 200 for request in sandbox.requests if request.method == "POST"):
                await somebody.get("/health")
            start = loop.time()
        taken = loop.time() - start
    assert taken < 5


async def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    async with serving(sandbox) as url:
        with pytest.raises(OSError, match="in use"):
            async with serving(sandbox, port=int(url.rpartition(":")[2])):
                pytest.fail("served twice")


async def test_hundreds_of_requests_at_once_are_answered(sandbox: Sandbox) -> None:
    async with serving(sandbox) as url, connected(sandbox, url=url) as somebody, asyncio.timeout(10):
        await asyncio.gather(*(somebody.use("company_demo__LOG_NOTE", text=f"{n}") for n in range(300)))
    assert sandbox.database.rows("SELECT count(*) AS n FROM calls") == [{"n": 300}]
