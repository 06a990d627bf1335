"""Runs that take longer than a call, over a real process: `python benchmarks/long_runs.py [SECONDS] [RUNS]`.

Prints how long the answers and the outcomes took, and how much memory the server used. With 120 seconds and 50 runs,
which is what it does by itself, it takes a little over two minutes.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

REPORT = {"title": "Long", "rows": 10}


async def run(claude: Client, seconds: float) -> tuple[float, dict[str, Any]]:
    """How long a run's first answer took, and its structure."""
    began = time.perf_counter()
    answer = await called(claude, "company_demo__GENERATE_REPORT", {**REPORT, "seconds": seconds})
    return time.perf_counter() - began, answer


async def outcome(claude: Client, answer: dict[str, Any]) -> dict[str, Any]:
    while "running" in answer:
        answer = await called(claude, "uru_result", {"call_id": answer["running"]["call_id"], "wait": 45})
    return answer


async def called(claude: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await claude.call_tool(tool, arguments)
    if result.is_error:
        sys.exit(f"{tool} failed: {result.structured_content}")
    return result.structured_content or {}


def memory(pid: int) -> str:
    """Resident memory of a process now and at its peak. Source: Linux's proc(5)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = {name: int(kb) / 1024 for name, kb in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status)}
    return f"{found['VmRSS']:.0f} MB now, {found['VmHWM']:.0f} MB at most"


def child(name: str) -> int:
    """The process that this one started last and whose command line holds the name."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return next(int(pid) for pid in reversed(children) if name in Path(f"/proc/{pid}/cmdline").read_text())


async def main(seconds: float, runs: int) -> None:
    sandbox = Sandbox.open()
    key = sandbox.keys.create(name="benchmark", workspace="Acme", permissions={"execute"})
    async with serving(sandbox) as url:
        settings = {"URU_API_KEY": key.text, "URU_PROXY_URL": url, "XDG_CACHE_HOME": os.devnull}
        process = StdioServerParameters(command=sys.executable, args=["-P", "-m", "uru_mcp"], env=settings)
        async with Client(process, mode="legacy") as claude:
            await claude.list_tools()
            pid = child("uru_mcp")
            print(f"{runs} runs of {seconds:g} s at once; memory before: {memory(pid)}")
            answered: list[float] = []
            fetched: list[dict[str, Any]] = []
            began = time.perf_counter()

            async def one() -> None:
                took, answer = await run(claude, seconds)
                answered.append(took)
                fetched.append(await outcome(claude, answer))

            async with anyio.create_task_group() as tasks:
                for _ in range(runs):
                    tasks.start_soon(one)
            whole = sum(len(answer["data"]["rows"]) == REPORT["rows"] for answer in fetched)
            middle = statistics.median(answered)
            print(f"answered after {min(answered):.1f} to {max(answered):.1f} s (median {middle:.1f})")
            print(f"fetched, whole: {whole} of {runs}, all of them after {time.perf_counter() - began:.1f} s")
            print(f"runs that reached Uru: {sum(request.method == 'POST' for request in sandbox.requests)}")
            print(f"memory after: {memory(pid)}")
    sandbox.close()


if __name__ == "__main__":
    anyio.run(main, float(sys.argv[1]) if len(sys.argv) > 1 else 120.0, int(sys.argv[2]) if len(sys.argv) > 2 else 50)
