"""A server process and a client that asks it over its pipes, one line at a time and by hand, so that it costs little.

What a process has used is read from /proc. Source: Linux's proc(5).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
URU_MCP = (sys.executable, "-P", "-m", "uru_mcp")
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("URU_")}
PLAIN |= {"XDG_CACHE_HOME": os.devnull}  # so that nothing is kept
PLAIN.pop("PYTHONDONTWRITEBYTECODE", None)  # which would have all be compiled at each start

Result = dict[str, Any]


def floor(name: str, python: str = sys.executable) -> tuple[str, ...]:
    return (python, str(ROOT / "benchmarks" / "floors" / f"{name}.py"))


class Spawned:
    """The process, from the moment it was started on."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**PLAIN, **variables},
            cwd=ROOT,
        )
        self._number = 0

    def send(self, method: str, params: Result | None = None) -> int:
        """The number of the request."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params or {}})
        return self._number

    def receive(self, number: int) -> Result:
        """The result of a request; what else comes meanwhile is passed over."""
        while True:
            found, result = self.receive_any()
            if found == number:
                return result

    def receive_any(self) -> tuple[int, Result]:
        """The next result, and the number of its request."""
        assert self.process.stdout is not None
        while True:
            message = json.loads(self.process.stdout.readline())
            if "result" in message:
                result: Result = message["result"]
                assert not result.get("isError"), result
                return message["id"], result

    def ask(self, method: str, params: Result | None = None) -> Result:
        return self.receive(self.send(method, params))

    def call(self, tool: str, arguments: Result) -> Result:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def initialize(self) -> float:
        """Seconds from the start of the process to the answer."""
        self.ask("initialize", HELLO)
        took = time.perf_counter() - self.began
        self._write({"method": "notifications/initialized"})
        return took

    def end(self) -> float:
        """Seconds from the end of stdin to the end of the process."""
        assert self.process.stdin is not None
        before = time.perf_counter()
        self.process.stdin.close()
        self.process.wait()
        return time.perf_counter() - before

    def memory(self) -> float:
        """Resident megabytes."""
        found = re.search(r"VmRSS:\s+(\d+) kB", self._proc("status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def activity(self) -> tuple[int, float]:
        """How often its threads went to sleep so far, and their milliseconds of processor time."""
        sleeps, nanoseconds = 0, 0
        for thread in self._proc("task").iterdir():
            found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text(), re.MULTILINE)
            sleeps += int(found[1]) if found else 0
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
        return sleeps, nanoseconds / 1e6

    def _proc(self, name: str) -> Path:
        return Path(f"/proc/{self.process.pid}/{name}")

    def _write(self, message: Result) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()


@contextmanager
def spawned(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Iterator[Spawned]:
    running = Spawned(command, variables or {})
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@contextmanager
def service(tools: int, milliseconds: int = 0, *unlike: str) -> Iterator[dict[str, str]]:
    """The variables that lead to a service with so many tools, each of whose answers takes that long.

    `unlike` are differences of the sandbox from the description of Uru's API.
    """
    with spawned((sys.executable, "-m", "benchmarks.service", str(tools), str(milliseconds), *unlike)) as running:
        assert running.process.stdout is not None
        yield json.loads(running.process.stdout.readline())
