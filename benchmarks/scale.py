"""What a large catalog costs: `python -m benchmarks.scale [400 4000 40000]`, on Linux.

For each size, a sandbox in a process of its own on a loopback socket, and the real server as another over its pipes.
A call goes through the server and, in turn with it, straight to the sandbox over HTTP, so that what is between shows.
Nothing here is a test; a busy machine changes every figure, so look at the medians.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.search import QUERIES

SIZES = (400, 4_000, 40_000)
ROUNDS = 5  # searches of each query, and reports
CALLS = 200
LINE = 64 * 1024 * 1024  # characters that one answer may have
TOOL = "LIST_ACCOUNTS"  # the first synthetic one, so that there is one at every size
ARGUMENTS = {"limit": 5}

Result = dict[str, Any]
Timed = tuple[float, Result]


class Server:
    """A server process, asked one question at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._ids = count(1)

    async def initialize(self) -> None:
        client = {"name": "benchmark", "version": "1"}
        await self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    async def ask(self, method: str, params: Result | None = None) -> Timed:
        """How many seconds the answer took, and its result."""
        number = next(self._ids)
        start = time.perf_counter()
        self._send({"id": number, "method": method, "params": params or {}})
        while True:
            assert self._process.stdout is not None
            line = await self._process.stdout.readline()
            took = time.perf_counter() - start
            message = json.loads(line)  # at the end of the pipe there is none
            if message.get("id") == number:
                return took, message["result"]

    async def call(self, tool: str, arguments: Result) -> Timed:
        took, result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert not result.get("isError"), result
        return took, result

    def memory(self) -> tuple[float, float]:
        """Resident megabytes, now and at most."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        now, most = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most

    def _send(self, message: Result) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


@asynccontextmanager
async def running(*arguments: str, **variables: str) -> AsyncIterator[Process]:
    """`uru-mcp` with these arguments and `URU_*` variables."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("URU_")} | variables
    environ["XDG_CACHE_HOME"] = os.devnull  # so that nothing is kept
    command = [sys.executable, "-P", "-m", "uru_mcp", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environ, limit=LINE)
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def settings_told(sandbox: Process) -> dict[str, str]:
    """What the sandbox says at its start of its address and its key."""
    told: dict[str, str] = {}
    while len(told) < 2:
        assert sandbox.stdout is not None
        line = (await sandbox.stdout.readline()).decode()
        told |= dict(re.findall(r"^\s*(URU_\w+)=(\S+)$", line))
    return told


@asynccontextmanager
async def connected(settings: dict[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the sandbox itself, which has had it make its lists, as Uru has them ready too."""
    headers = {"Authorization": f"Bearer {settings['URU_API_KEY']}"}
    async with httpx2.AsyncClient(base_url=settings["URU_PROXY_URL"], headers=headers, trust_env=False) as http:
        for namespace in (await http.get("/namespaces")).json()["namespaces"]:
            await http.get(f"/list/apps/{namespace['name']}/tools")
        yield http


async def straight(http: httpx2.AsyncClient) -> Timed:
    """The call without the server between."""
    headers = {
        "X-Namespace": "synthetic_01",
        "X-Connected-Account-Id": "ca_synthetic_01",
        "X-Server-Id": "srv_synthetic",
    }
    start = time.perf_counter()
    body = {"tool_name": TOOL, "parameters": ARGUMENTS}
    answer = await http.post("/execute/synthetic_01__execute_tool", json=body, headers=headers)
    took = time.perf_counter() - start
    return took, answer.raise_for_status().json()


def tokens(tools: list[Result]) -> int:
    """What the list costs a model, estimated at four characters a token."""
    fields = ("name", "title", "description", "inputSchema")
    return sum(len(json.dumps({name: tool[name] for name in fields}, ensure_ascii=False)) for tool in tools) // 4


async def repeated(ask: Callable[[], Awaitable[Timed]], times: int) -> list[float]:
    return [(await ask())[0] for _ in range(times)]


def shown(seconds: list[float]) -> str:
    median, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    return f"{1e3 * median:6.1f} ms median, {1e3 * p95:6.1f} ms p95"


async def report(size: int) -> None:
    async with running("sandbox", "serve", "--port", "0", "--tools", str(size)) as sandbox:
        settings = await settings_told(sandbox)
        async with connected(settings) as http, running(**settings) as process:
            server = Server(process)
            await server.initialize()
            first, listing = await server.ask("tools/list")
            arguments = {"tool": f"synthetic_01__{TOOL}", "input": ARGUMENTS}
            await server.call("uru_execute", arguments)  # which is late when the catalog is
            loaded = server.memory()
            again = await repeated(lambda: server.ask("tools/list"), ROUNDS)
            asked = [await server.call("uru_search_tools", {"query": one}) for one in QUERIES for _ in range(ROUNDS)]
            reports = await repeated(lambda: server.call("uru_whoami", {}), ROUNDS)
            through, direct = [], []
            for _ in range(CALLS):
                through.append((await server.call("uru_execute", arguments))[0])
                direct.append((await straight(http))[0])
            now, most = server.memory()
    print(f"{size} tools")
    print(f"  first tools/list {first:5.2f} s, later ones {shown(again)}")
    print(f"  listed           {len(listing['tools'])} tools, {tokens(listing['tools'])} tokens")
    print(f"  search           {shown([took for took, _ in asked])}")
    print(f"  uru_whoami       {shown(reports)}")
    print(f"  call             {shown(through)}")
    print(f"  straight to Uru  {shown(direct)}")
    print(f"  memory           {loaded[0]:.0f} MB after the load, {now:.0f} MB at the end, {most:.0f} MB at most")


async def main(sizes: tuple[int, ...]) -> None:
    for size in sizes:
        await report(size)


if __name__ == "__main__":
    asyncio.run(main(tuple(map(int, sys.argv[1:])) or SIZES))
