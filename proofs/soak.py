"""Many calls and many connections, after which nothing may have piled up: `python proofs/soak.py [CALLS] [RECONNECTS]`.

The server and its client run in this process, so that its tasks can be counted, and a sandbox in another. Prints
memory, open files and tasks as it goes, and ends with 1 when they are not level at the end. With 100,000 calls and
1,000 connections, which is what it does by itself, it takes a quarter of an hour.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.text import TextReceiveStream
from mcp import Client

from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.server.handlers import build_server
from uru_mcp.untrusted_input.redaction import Redaction

AT_ONCE = 20
MORE_MEMORY = 8.0  # MB that allocators may keep between the first look and the last
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("uru_read", {"tool": "platform__context_query", "input": {"op": "search", "query": "refund", "limit": 2}}),
    ("uru_execute", {"tool": "company_demo__SEARCH_TRANSCRIPTS", "input": {"query": "pumps"}}),
    ("uru_search_tools", {"query": "send mail", "limit": 3}),
    ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_tone"}),
    ("uru_execute", {"tool": "company_demo__GENERATE_REPORT", "input": {"title": "T", "rows": 40}}),
    ("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": 7}}),  # refused here
    ("uru_whoami", {}),
)


class Sample:
    """What is in use now. Source: Linux's proc(5)."""

    def __init__(self) -> None:
        gc.collect()
        status = Path("/proc/self/status").read_text()
        self.memory = int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024
        self.files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - this one is about names alone
        self.tasks = len(asyncio.all_tasks())

    def __str__(self) -> str:
        return f"{self.memory:6.1f} MB  {self.files:4d} open files  {self.tasks:4d} tasks"


@asynccontextmanager
async def sandbox() -> AsyncIterator[tuple[str, str]]:
    """The address of a sandbox in a process of its own, and a key for it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "uru_mcp", "sandbox", "serve", "--port", "0", "--db", f"{folder}/uru.db"]
        async with await anyio.open_process(command) as process:
            said = ""
            async for text in TextReceiveStream(process.stdout or sys.exit("The sandbox has no output.")):
                said += text
                found = re.search(r"http://127\.0\.0\.1:\d+", said), re.search(r"uru_sandbox_\w+", said)
                if found[0] and found[1]:
                    yield found[0][0], found[1][0]
                    break
            process.terminate()


@asynccontextmanager
async def connected(url: str, key: str) -> AsyncIterator[Client]:
    settings = read_settings({"URU_API_KEY": key, "URU_PROXY_URL": url})
    bridge = Bridge(settings, Redaction())
    async with bridge.running(), Client(build_server(bridge), mode="legacy") as client:
        yield client


async def call(client: Client, calls: int) -> None:
    """So many calls, some at once."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await client.call_tool(*CALLS[number % len(CALLS)])

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(work)


async def main(calls: int, reconnects: int) -> int:
    async with sandbox() as (url, key):
        async with connected(url, key) as client:
            await call(client, min(2_000, calls // 10))
            warm, began = Sample(), time.perf_counter()
            print(f"warm        {warm}", flush=True)
            for part in range(1, 11):
                await call(client, calls // 10)
                rate = part * (calls // 10) / (time.perf_counter() - began)
                print(f"{part * (calls // 10):7d} calls {Sample()}  {rate:.0f} calls a second", flush=True)
            level = _is_level(warm, Sample())
        first: Sample | None = None
        for number in range(1, reconnects + 1):
            async with connected(url, key) as client:
                await call(client, len(CALLS))
            if number % max(1, reconnects // 10) == 0:
                sample = Sample()
                first = first or sample
                print(f"{number:7d} connections {sample}", flush=True)
        level = level and (first is None or _is_level(first, Sample()))
    print("level" if level else "NOT LEVEL")
    return 0 if level else 1


def _is_level(before: Sample, after: Sample) -> bool:
    return (
        after.files <= before.files + AT_ONCE  # kept connections come and go
        and after.tasks <= before.tasks
        and after.memory <= before.memory + MORE_MEMORY
    )


if __name__ == "__main__":
    calls, reconnects = (int(sys.argv[n]) if len(sys.argv) > n else usual for n, usual in ((1, 100_000), (2, 1_000)))
    sys.exit(anyio.run(main, calls, reconnects))
