"""Fresh processes, asked in every order of the first five requests: `python proofs/starts.py [STARTS]`.

Each start is a process of its own, which is sent `initialize` and then five requests, at once or one after the other,
with a sandbox inside it or over HTTP to a sandbox beside it. Prints a table, and ends with 1 when any request was
answered with an error or not at all. With 500 starts, which is what it does by itself, it takes about ten minutes.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice, permutations, product
from typing import Any

import anyio

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

WITHIN = 30.0  # seconds for one process
AT_ONCE = 2  # processes

CALL = {"name": "uru_read", "arguments": {"tool": "platform__context_query", "arguments": {"op": "list"}}}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("prompts/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("tools/call", CALL),
]
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "proof", "version": "1"}}
SYSTEM = {name: value for name, value in os.environ.items() if not name.startswith("URU_")}

Order = Sequence[tuple[str, dict[str, Any]]]


@dataclass
class Tally:
    """What came of the starts, by way of asking."""

    starts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)

    def count(self, way: str, problems: list[str]) -> None:
        self.starts[way] += 1
        self.failures[way] += bool(problems)
        self.seen += [f"{way}: {problem}" for problem in problems]


async def asked(order: Order, *, is_at_once: bool, arguments: list[str], variables: dict[str, str]) -> list[str]:
    """What went wrong with one process."""
    messages = [("initialize", HELLO), *order]
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for number, (method, params) in enumerate(messages)
    ]
    command = [sys.executable, "-m", "uru_mcp", *arguments]
    async with await anyio.open_process(command, env={**SYSTEM, **variables}, stderr=None) as process:
        answers = _answers(process)
        found: dict[int, dict[str, Any]] = {}
        assert process.stdin is not None
        try:
            with anyio.fail_after(WITHIN):
                for part in [[line] for line in lines] if not is_at_once else [lines[:1], lines[1:]]:
                    await process.stdin.send("".join(f"{line}\n" for line in part).encode())
                    for _ in part:
                        answer = await anext(answers)
                        found[answer["id"]] = answer
        except (TimeoutError, StopAsyncIteration):
            process.kill()
        await process.stdin.aclose()
        await process.wait()
    return [
        f"{method} in {[name for name, _ in order]}: {json.dumps(found.get(number))[:200]}"
        for number, (method, _) in enumerate(messages)
        if _is_failure(found.get(number))
    ]


async def _answers(process: anyio.abc.Process) -> Any:
    assert process.stdout is not None
    rest = b""
    async for piece in process.stdout:
        *lines, rest = (rest + piece).split(b"\n")
        for message in map(json.loads, lines):
            if "id" in message and "method" not in message:
                yield message


def _is_failure(answer: dict[str, Any] | None) -> bool:
    return answer is None or "error" in answer or answer["result"].get("isError") is True


def starts(count: int) -> Iterator[tuple[Order, bool, bool]]:
    """So many orders of the requests, each with whether they come at once and whether there is a service."""
    return islice(cycle(product(permutations(REQUESTS), (True, False), (True, False))), count)


async def main(count: int) -> int:
    tally, turns = Tally(), anyio.CapacityLimiter(AT_ONCE)
    sandbox = Sandbox.open()
    key = sandbox.keys.create(name="Proof", workspace=sandbox.workspaces[0].name, permissions={"read"}).text
    async with serving(sandbox) as url, anyio.create_task_group() as tasks:

        async def start(order: Order, is_at_once: bool, is_remote: bool) -> None:
            way = f"{'HTTP' if is_remote else '--sandbox'}, {'at once' if is_at_once else 'one by one'}"
            variables = {"URU_API_KEY": key, "URU_PROXY_URL": url} if is_remote else {}
            arguments = [] if is_remote else ["--sandbox"]
            async with turns:
                tally.count(way, await asked(order, is_at_once=is_at_once, arguments=arguments, variables=variables))

        for one in starts(count):
            tasks.start_soon(start, *one)
    sandbox.close()
    print("| asked | starts | with an error |\n|---|---|---|")
    for way in sorted(tally.starts):
        print(f"| {way} | {tally.starts[way]} | {tally.failures[way]} |")
    print("\n".join(tally.seen[:20]))
    return 1 if tally.seen else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 500))
