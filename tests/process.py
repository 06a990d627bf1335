"""A real `uru-mcp` process, and raw JSON-RPC over its pipes.

It is the one that is installed beside the tests, or beside the interpreter that `PYTHON_UNDER_TEST` names: so `.ci/run`
has the tests of whole processes run what is in a wheel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from tests import forks
from tests.forks import Fork
from tests.time_limits import WITHIN

PYTHON = os.environ.get("PYTHON_UNDER_TEST", sys.executable)
URU_MCP = (PYTHON, "-P", "-m", "uru_mcp")
FORKS = forks.IS_POSSIBLE and sys.executable == PYTHON

MODERN = "2026-07-28"

CACHES = {"HOME", "LOCALAPPDATA", "XDG_CACHE_HOME"}  # no test writes into those of the person who runs it
UNWANTED = {*CACHES, "PYTHONDONTWRITEBYTECODE"}  # with which each process would compile everything anew
SYSTEM = {name: value for name, value in os.environ.items() if not name.startswith("URU_") and name not in UNWANTED}


class Served:
    """The process: requests in, answers out, and all that it ever wrote."""

    def __init__(self, process: Process | Fork) -> None:
        self.process = process
        self.lines: list[str] = []
        self.stderr = ""
        self._ids = count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._arrived = anyio.Condition()
        self.modern = False

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer to a request, `result` or `error`."""
        number = next(self._ids)
        await self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": self._params(params)})
        async with self._arrived:
            while number not in self._answers:
                await self._arrived.wait()
        return self._answers[number]

    async def result(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.ask(method, params)
        assert "result" in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    async def call(self, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self.result("tools/call", {"name": tool, "arguments": arguments or {}})

    async def initialize(self, version: str) -> dict[str, Any]:
        hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = await self.result("initialize", hello)
        await self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    async def send(self, message: dict[str, Any] | str) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, str) else json.dumps(message)
        await self.process.stdin.send(line.encode() + b"\n")

    async def close_stdin(self) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.aclose()

    def _params(self, params: dict[str, Any] | None) -> dict[str, Any]:
        if not self.modern:
            return params or {}
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        }
        return {**(params or {}), "_meta": meta | (params or {}).get("_meta", {})}

    async def read_stdout(self) -> None:
        assert self.process.stdout is not None
        rest = ""
        async for text in TextReceiveStream(self.process.stdout):
            *lines, rest = (rest + text).split("\n")
            self.lines += lines
            for message in map(json.loads, lines):
                if "id" in message and "method" not in message:
                    self._answers[message["id"]] = message
            async with self._arrived:
                self._arrived.notify_all()
        assert rest == "", "the last line was not ended"

    async def read_stderr(self) -> None:
        assert self.process.stderr is not None
        async for text in TextReceiveStream(self.process.stderr, errors="replace"):
            self.stderr += text


@asynccontextmanager
async def served(*arguments: str, command: Sequence[str] = (), **variables: str) -> AsyncIterator[Served]:
    """`uru-mcp` with these arguments and `URU_*` variables; what it wrote is complete after the block.

    Without a `command` it is a fork of a process that has imported it, where that is possible.
    """
    environ = {**SYSTEM, **variables}
    process: Process | Fork
    if command or not FORKS:
        process = await anyio.open_process([*(command or URU_MCP), *arguments], env=environ)
    else:
        process = Fork([*arguments], environ, None)
    async with _conversation(process) as running:
        yield running


@asynccontextmanager
async def served_in(directory: Path | None, *command: str, **variables: str) -> AsyncIterator[Served]:
    """The same of any command, started in a directory as a client starts it in one of its own choice."""
    process = await anyio.open_process(command, env={**SYSTEM, **variables}, cwd=directory)
    async with _conversation(process) as running:
        yield running


@asynccontextmanager
async def _conversation(process: Process | Fork) -> AsyncIterator[Served]:
    with anyio.fail_after(WITHIN):
        try:
            running = Served(process)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(running.read_stdout)
                tasks.start_soon(running.read_stderr)
                try:
                    yield running
                    await running.close_stdin()
                    await process.wait()
                finally:
                    if process.returncode is None:
                        process.kill()
        finally:
            await process.aclose()


def ran(*arguments: str, environ: Mapping[str, str] = SYSTEM) -> subprocess.CompletedProcess[str]:
    """What `uru-mcp` with these arguments comes to, with nothing on its stdin."""
    if FORKS:
        return forks.ran([*arguments], environ, within=WITHIN)
    return subprocess.run(
        [*URU_MCP, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environ,
        timeout=WITHIN,
        check=False,
    )


@contextmanager
def started_on(terminal: int, *arguments: str, environ: Mapping[str, str]) -> Iterator[Callable[[], int]]:
    """`uru-mcp` on a terminal, and how to wait for its exit code."""
    if FORKS:
        with forks.started([*arguments], environ, None, [terminal] * 3) as told:
            told.settimeout(WITHIN)
            told.recv(forks.CHUNK)  # its id
            yield lambda: int(told.recv(forks.CHUNK))
    else:
        command = [*URU_MCP, *arguments]
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environ) as process:
            yield lambda: process.wait(WITHIN)
