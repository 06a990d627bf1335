"""No answer stops the process: calls are answered in time, others meanwhile, EOF and SIGTERM end it, memory is bounded.

A real process talks to a hostile Uru behind a socket.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.hostile import ARGUMENTS, SCHEMAS, body
from tests.process import Served, served
from tests.time_limits import WITHIN
from tests.world import Uru, until
from uru_mcp.sandbox.serve import serving
from uru_mcp.uru.response_body import Request, received

RUN = {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}}
READ = {"tool": "platform__context_query", "arguments": {"op": "list"}}
ODD = {"tool": "company_demo__ODD", "arguments": ARGUMENTS}
MEANWHILE = 3.0  # seconds of the processor for a ping, and for the end of the process; one is promised
LOOKS = 0.01  # seconds between two
MEMORY = 600  # MB that an answer may make a process take, with what it takes anyway

WORST = ("gzip within gzip of empty blocks", "a bomb", "empty blocks", "many objects", "many names", "wide text")


async def begun(uru: Uru, stack: AsyncExitStack) -> Served:
    """A process that has its tools, in front of a hostile Uru."""
    key = uru.key().text
    url = await stack.enter_async_context(serving(uru.sandbox))
    claude = await stack.enter_async_context(served(URU_API_KEY=key, URU_PROXY_URL=url))
    await claude.initialize("2025-11-25")
    await claude.result("tools/list")
    return claude


def code_of(result: dict[str, Any]) -> str:
    return str(result["structuredContent"].get("error", {}).get("code", "answered"))


def peak(claude: Served) -> int:
    """MB that the process took at most. Source: Linux's proc(5)."""
    status = Path(f"/proc/{claude.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def processor_seconds(claude: Served, last: float = 0.0) -> float:
    """How long the process has been computing; `last` once it is gone. Source: Linux's proc(5)."""
    try:
        words = Path(f"/proc/{claude.process.pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return last
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def ping_while(claude: Served, over: anyio.Event) -> None:
    while not over.is_set():
        before = processor_seconds(claude)
        await claude.result("ping")
        assert processor_seconds(claude) - before < MEANWHILE
        await anyio.sleep(LOOKS)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
@pytest.mark.parametrize("name", WORST)
async def test_a_hostile_body_is_answered_while_others_are_and_within_memory(uru: Uru, name: str) -> None:
    content, headers = body(name)
    async with AsyncExitStack() as stack:
        claude = await begun(uru, stack)
        uru.faults.status("/execute/", 200, body=content, headers=headers)
        over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ping_while, claude, over)
            run, read = code_of(await claude.call("uru_execute", RUN)), code_of(await claude.call("uru_read", READ))
            over.set()
        taken = peak(claude)
    assert run == "unconfirmed"
    assert read in ("too_large", "upstream_failed")
    assert taken < MEMORY


async def test_a_body_in_tiny_chunks_does_not_keep_others_from_their_turn() -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100_000:
            read += 1
            yield b"x"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(received, Request("GET", "/"), 200, {}, chunks())
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert read < 100


@pytest.mark.parametrize("name", ["many names", "empty blocks"])
@pytest.mark.parametrize("end", ["EOF", "SIGTERM"])
async def test_a_hostile_body_does_not_keep_the_process_from_ending(uru: Uru, name: str, end: str) -> None:
    content, headers = body(name)
    async with AsyncExitStack() as stack:
        claude = await begun(uru, stack)
        uru.faults.status("/execute/", 200, body=content, headers=headers)
        for number in range(900, 904):
            params = {"name": "uru_execute", "arguments": RUN}
            await claude.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
        await until(lambda: uru.sent("/execute/") == 4)
        await ended(claude, end)


async def ended(claude: Served, how: str) -> None:
    before = used = processor_seconds(claude)
    if how == "EOF":
        await claude.close_stdin()
    else:
        claude.process.send_signal(signal.SIGTERM)
    with anyio.fail_after(WITHIN):
        while claude.process.returncode is None:
            used = max(used, processor_seconds(claude, used))
            with anyio.move_on_after(LOOKS):
                await claude.process.wait()
    assert used - before < MEANWHILE


async def test_hostile_schemas_are_listed_and_called_while_others_are_answered(uru: Uru) -> None:
    for number, schema in enumerate(SCHEMAS.values()):
        tool = {"name": f"ODD_{number}", "inputSchema": {"type": "object", **schema}}
        uru.sandbox.put_tool(uru.acme.id, "company_demo", tool)
    uru.faults.status("/execute/", 200, body={"data": "done"})
    async with AsyncExitStack() as stack:
        claude = await begun(uru, stack)
        over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ping_while, claude, over)
            codes = [
                code_of(await claude.call("uru_execute", {**ODD, "tool": f"company_demo__ODD_{number}"}))
                for number in range(len(SCHEMAS))
            ]
            over.set()
        await ended(claude, "EOF")
    assert set(codes) == {"answered"}, dict(zip(SCHEMAS, codes, strict=True))
