"""How long searching takes, and what the index costs: `python -m benchmarks.search [400 4000 40000]`.

Nothing here is a test; a busy machine changes every figure, so look at the medians.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import anyio.to_thread

from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import Catalog, words_of
from uru_mcp.catalog.search.spelling import meant
from uru_mcp.catalog.search.tool_index import Index
from uru_mcp.sandbox.tools.synthetic_tools import synthetic_namespaces
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import read_namespaces, read_tools

SIZES = (400, 4_000, 40_000)
ROUNDS = 5
TICK = 0.001  # seconds between two looks at the clock by the event loop
WORDS_KNOWN = 30_000
QUERIES = (
    "list overdue invoices",
    "create a task",
    "send email",
    "delete draft contracts for good",
    "search shared documents by owner",
    "who owns this deal",
    "archive old tickets",
    "merge two contacts",
    "export open orders as csv",
    "assign a milestone to somebody",
    "comment on a flagged case",
    "tags",
    "move documents to another folder",
    "lsit overdeu invocies",
    "dupliacte exterenal contract",
    "how many open tickets per status",
    "share dashboards with people outside the team",
    "update priority and due date of a project",
    "subscriptions",
)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


async def taken_in(count: int) -> tuple[Catalog, float, float]:
    """The catalog of so many tools, the seconds until it was there, and the longest that the event loop stood still."""
    spaces = {space.record["name"]: space for space in synthetic_namespaces(count)}
    namespaces = read_namespaces({"namespaces": [dict(space.record) for space in spaces.values()]})
    loaded = {name: read_tools(name, {"tools": list(space.definitions())}) for name, space in spaces.items()}
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK)
            gaps.append((now := time.perf_counter()) - last)
            last = now

    ticking = asyncio.create_task(tick())
    start = time.perf_counter()
    catalog = await anyio.to_thread.run_sync(assembled, namespaces, loaded, (), Redaction())
    took = time.perf_counter() - start
    await asyncio.sleep(TICK)
    ticking.cancel()
    return catalog, took, max(gaps)


def report(count: int) -> None:
    catalog, took, stall = asyncio.run(taken_in(count))
    documents = {tool.id: words_of(tool) for tool in catalog.tools.values()}
    building = statistics.median(seconds(partial(Index, documents)) for _ in range(ROUNDS))
    tracemalloc.start()
    index = Index(documents)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    searches = [seconds(partial(index.search, query)) for query in QUERIES for _ in range(ROUNDS)]
    median, p95 = statistics.median(searches), statistics.quantiles(searches, n=20)[-1]
    print(
        f"{len(documents):6} tools: search {1e3 * median:5.1f} ms median, {1e3 * p95:5.1f} ms p95;"
        f" index {building:5.2f} s, {held / 1e6:5.1f} MB ({peak / 1e6:.1f} MB at most);"
        f" whole catalog {took:5.2f} s in its thread, event loop held up {1e3 * stall:4.0f} ms at most"
    )


def report_spelling() -> None:
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    known = {"".join(chance.choices(letters, k=chance.randint(4, 12))): 1 for _ in range(WORDS_KNOWN)}
    in_order = sorted(known)
    slips = [word[:2] + word[3] + word[2] + word[4:] for word in chance.sample(in_order, 200)]
    strangers = ["".join(chance.choices(letters, k=10)) for _ in range(200)]
    for what, typed in (("a slip", slips), ("a strange word", strangers)):
        took = sorted(seconds(partial(meant, word, known, in_order)) for word in typed)
        median, longest = statistics.median(took), took[-1]
        print(f"{len(known)} words known: {what} {1e3 * median:.2f} ms median, {1e3 * longest:.1f} ms at most")


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or SIZES):
        report(size)
    report_spelling()
