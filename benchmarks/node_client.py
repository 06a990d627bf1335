"""The figures beside Uru's Node client, where there is a checkout of it: both on one service, in turn."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import ARGUMENTS, THROUGH, TOOL, Command, Effort, Figure, Others, in_ms, in_turn, loaded, timed
from benchmarks.spawned import URU_MCP, service, spawned

THROUGH_NODE = ("synthetic_01__execute_tool", {"tool_name": TOOL, "parameters": ARGUMENTS})
OLDER = "older-execute"  # the only route for runs that the public Node client takes
LIST_BESIDE_NODE = {0: 1.6, 50: 1.1, 100: 1.0}  # times as long, at most, by milliseconds per request
CALL_BESIDE_NODE = {0: 1.5, 50: 1.02, 100: 1.01}


def node_client(checkout: Path) -> Command:
    """The command that starts it. Ends the process where it cannot be started."""
    program, node = checkout / "bin" / "uru-mcp.js", shutil.which("node")
    if node is None or not program.is_file() or not (checkout / "node_modules").is_dir():
        sys.exit(f"{checkout} is no checkout of the Node client after `npm install`, or there is no `node`.")
    return (node, str(program))


def beside_node(effort: Effort, others: Others) -> Iterator[Figure]:
    """Both clients on one service in turn; nothing where the Node client is not there."""
    if others.node is None:
        yield Figure("beside the Node client", "none", "skipped: `--node PATH` names no checkout of it", True)
        return
    for latency in (0, 50, 100):
        with service(400, latency, OLDER) as uru:
            yield from _starts_beside_node(effort, others.node, uru, latency)
            yield from _calls_beside_node(effort, others.node, uru, latency)


def _starts_beside_node(effort: Effort, node: Command, uru: Mapping[str, str], latency: int) -> Iterator[Figure]:
    found: dict[str, list[tuple[float, float, float]]] = {"ours": [], "node": []}
    for _ in range(max(2, effort.starts // 2)):
        for name, command in (("ours", URU_MCP), ("node", node)):
            with spawned(command, uru) as running:
                hello = running.initialize()
                running.ask("tools/list")
                found[name].append((hello, time.perf_counter() - running.began, running.memory()))
    for place, what, most in ((0, "`initialize`", 0.5), (1, "first `tools/list`", LIST_BESIDE_NODE[latency])):
        ours, theirs = ([one[place] for one in found[name]] for name in ("ours", "node"))
        yield ratio_figure(f"spawn → {what}, beside the Node client, {latency} ms per request", ours, theirs, most)
    if not latency:
        ours_mb, theirs_mb = (statistics.median(one[2] for one in found[name]) for name in ("ours", "node"))
        yield beside_in_memory("the first list", ours_mb, theirs_mb, 0.75)


def _calls_beside_node(effort: Effort, node: Command, uru: Mapping[str, str], latency: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        ours, theirs = loaded(stack, uru), stack.enter_context(spawned(node, uru))
        theirs.initialize()
        theirs.ask("tools/list")
        memory = ours.memory(), theirs.memory()
        found = in_turn(
            {
                "ours": lambda: timed(lambda: ours.call("uru_execute", THROUGH)),
                "node": lambda: timed(lambda: theirs.call(*THROUGH_NODE)),
            },
            effort.calls // (1 if not latency else 10),
        )
        name = f"a call, beside the Node client, {latency} ms per request"
        yield ratio_figure(name, found["ours"], found["node"], CALL_BESIDE_NODE[latency])
        if not latency:
            yield beside_in_memory("the first list, and with the SDK imported after it", *memory)
            yield beside_in_memory(f"{effort.calls:,} calls", ours.memory(), theirs.memory(), 1.0)


def ratio_figure(name: str, ours: Sequence[float], theirs: Sequence[float], most: float) -> Figure:
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    measured = f"{ratio:.2f} times: {in_ms(ours)} and {in_ms(theirs)}"
    return Figure(name, f"at most {most:g} times", measured, ratio <= most)


def beside_in_memory(after: str, ours: float, theirs: float, most: float | None = None) -> Figure:
    measured = f"{ours / theirs:.2f} times: {ours:.0f} and {theirs:.0f} MB"
    name = f"memory after {after}, beside the Node client"
    if most is None:
        return Figure(name, "none", measured, True)
    return Figure(name, f"at most {most:g} times", measured, ours <= most * theirs)
