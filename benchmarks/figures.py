"""The figures that uru-mcp is to be measured by, each with its goal. Pairs are measured in turn, in one run."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import httpx2

from benchmarks.search import QUERIES
from benchmarks.spawned import PLAIN, URU_MCP, Spawned, floor, service, spawned

TOOL, ARGUMENTS = "LIST_ACCOUNTS", {"limit": 5}  # the first synthetic tool, so that there is one at every size
THROUGH = {"tool": f"synthetic_01__{TOOL}", "input": ARGUMENTS}
REPORT = {"tool": "company_demo__GENERATE_REPORT", "input": {"title": "One", "rows": 1, "seconds": 0.5}}
ROUTING = {"X-Namespace": "synthetic_01", "X-Connected-Account-Id": "ca_synthetic_01", "X-Server-Id": "srv_synthetic"}

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in words, and whether it is what it is to be."""

    name: str
    goal: str
    measured: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for a figure: how many starts, calls and searches, how many tools, and seconds of idleness."""

    starts: int = 21
    calls: int = 2_000
    at_once: int = 200
    searches: int = 5
    many: int = 40_000
    idle: float = 60.0


@dataclass(frozen=True, slots=True)
class Others:
    """What there is to measure beside: an interpreter that has FastMCP, and the command of the Node client."""

    fastmcp: str | None = None
    node: Command | None = None


SHORT = Effort(starts=2, calls=20, at_once=20, searches=1, many=1_000, idle=1.0)


def p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]


def in_ms(seconds: Sequence[float]) -> str:
    return f"{1e3 * statistics.median(seconds):.1f} ms (p95 {1e3 * p95(seconds):.1f})"


def in_turn(ways: Mapping[str, Callable[[], float]], times: int) -> dict[str, list[float]]:
    """So many seconds of each way, one after the other again and again; the first round is for warming up."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(times + 1):
        for name, way in ways.items():
            seconds = way()
            if number:
                found[name].append(seconds)
    return found


def initialized(command: Command, variables: Mapping[str, str]) -> float:
    with spawned(command, variables) as running:
        return running.initialize()


def listed(variables: Mapping[str, str]) -> float:
    """Seconds from the start until the first list of tools has come, in which there are tools of apps, as when all of
    the catalog is there."""
    with spawned(URU_MCP, variables) as running:
        running.initialize()
        tools = running.ask("tools/list")["tools"]
        took = time.perf_counter() - running.began
        assert any(tool["name"].startswith("gmail_demo__") for tool in tools), "the list is not complete"
        return took


def start_up(effort: Effort, beside: Others) -> Iterator[Figure]:
    others = {"a bare SDK server": floor("bare_sdk"), "Python by hand": floor("by_hand")}
    fastmcp = beside.fastmcp
    others |= {} if fastmcp is None else {"FastMCP's smallest server": floor("fastmcp", fastmcp)}
    with service(400, 100) as uru:
        ways: dict[str, Callable[[], float]] = {"ours": lambda: initialized(URU_MCP, uru)}
        ways |= {name: partial(initialized, command, {}) for name, command in others.items()}
        found = in_turn(ways, effort.starts)
    ours = found.pop("ours")
    for name, seconds in found.items():
        ratio = statistics.median(our / other for our, other in zip(ours, seconds, strict=True))
        is_floor = name == "a bare SDK server"
        yield Figure(
            f"spawn → `initialize`, beside {name}",
            "at most 0.15 times" if is_floor else "none",
            f"{ratio:.2f} times: {in_ms(ours)} and {in_ms(seconds)}",
            not is_floor or ratio <= 0.15,
        )


def first_list(effort: Effort, _: Others) -> Iterator[Figure]:
    for latency in (0, 50, 100):
        with service(400, latency) as uru:
            ways = {"initialize": lambda: initialized(floor("bare_sdk"), {}), "list": lambda: listed(uru)}
            found = in_turn(ways, max(2, effort.starts // 2))
        more = statistics.median(found["list"]) - statistics.median(found["initialize"])
        yield Figure(
            f"spawn → first complete `tools/list`, 400 tools in 12 namespaces, {latency} ms per round trip",
            "at most 150 ms after the bare SDK server's `initialize`",
            f"{1e3 * more:.0f} ms after: {in_ms(found['list'])} and {in_ms(found['initialize'])}",
            more <= 0.15,
        )


def slow_service(effort: Effort, _: Others) -> Iterator[Figure]:
    if effort is SHORT:
        return
    with service(400) as uru, service(400, 8_000) as slow:
        ways = {"slow": lambda: initialized(URU_MCP, slow), "quick": lambda: initialized(URU_MCP, uru)}
        found = in_turn(ways, effort.starts)
        with spawned(URU_MCP, slow) as running:
            running.initialize()
            asked = time.perf_counter()
            running.ask("tools/list")
            took = time.perf_counter() - asked
    ratio = statistics.median(slow / quick for slow, quick in zip(found["slow"], found["quick"], strict=True))
    yield Figure("`initialize` with 8 s per request", "unchanged", f"{ratio:.2f} times", ratio <= 1.03)
    yield Figure("`tools/list` there", "at its deadline of 10 s at the latest", f"{took:.2f} s", took <= 10.2)


def one_call(effort: Effort, _: Others) -> Iterator[Figure]:
    with ExitStack() as stack:
        uru = stack.enter_context(service(400))
        ours, bare = loaded(stack, uru), stack.enter_context(spawned(floor("bare_sdk")))
        bare.initialize()
        http = stack.enter_context(httpx2.Client(base_url=uru["URU_PROXY_URL"], trust_env=False))
        headers = {"Authorization": f"Bearer {uru['URU_API_KEY']}", **ROUTING}
        body = {"tool_name": TOOL, "parameters": ARGUMENTS}
        answer = ours.call("uru_execute", THROUGH)["structuredContent"]  # for the echo, so that both write as much

        def direct() -> None:
            http.post("/execute/synthetic_01__execute_tool", json=body, headers=headers).raise_for_status()

        found = in_turn(
            {
                "ours": lambda: timed(lambda: ours.call("uru_execute", THROUGH)),
                "direct": lambda: timed(direct),
                "echo": lambda: timed(lambda: bare.call("echo", answer)),
            },
            effort.calls,
        )
        more = statistics.median(found["ours"]) - sum(statistics.median(found[name]) for name in ("direct", "echo"))
        yield Figure(
            "a call, beside a direct HTTP call and the bare SDK's echo",
            "at most 0.5 ms more than both",
            f"{1e3 * more:.2f} ms more: {in_ms(found['ours'])}; {in_ms(found['direct'])} and {in_ms(found['echo'])}",
            more <= 0.0005,
        )
        yield memory_figure("400 tools", ours.memory(), bare.memory(), 12)
        found = in_turn(
            {
                "ours": lambda: timed(lambda: at_once(ours, effort.at_once)),
                "direct": lambda: timed(lambda: asyncio.run(straight_at_once(uru, effort.at_once))),
            },
            max(2, effort.starts // 4),
        )
        seconds, direct_seconds = (statistics.median(found[name]) for name in ("ours", "direct"))
        yield Figure(
            f"{effort.at_once} calls at once of 500 ms each",
            "under 0.9 s",
            f"{seconds:.2f} s, and {direct_seconds:.2f} s straight to the service",
            seconds < 0.9,
        )


def many_tools(effort: Effort, __: Others) -> Iterator[Figure]:
    with ExitStack() as stack:
        uru = stack.enter_context(service(effort.many))
        ours, bare = loaded(stack, uru), stack.enter_context(spawned(floor("bare_sdk")))
        bare.initialize()
        lists = [timed(lambda: ours.ask("tools/list")) for _ in range(10 * effort.searches)]
        searches = [
            timed(partial(ours.call, "uru_search_tools", {"query": query}))
            for _round in range(effort.searches)
            for query in QUERIES
        ]
        for _ in range(effort.calls):
            ours.call("uru_execute", THROUGH)
            bare.call("echo", THROUGH)
        yield at_most(f"a search over {effort.many:,} tools", searches, 10)
        yield at_most(f"a list with {effort.many:,} tools, after the first", lists, 10)
        yield memory_figure(f"{effort.many:,} tools", ours.memory(), bare.memory(), 120)


def idleness(effort: Effort, _: Others) -> Iterator[Figure]:
    with service(400) as uru, ExitStack() as stack:
        ours = loaded(stack, uru)
        time.sleep(1)  # what was begun is done
        before = ours.activity()
        time.sleep(effort.idle)
        after = ours.activity()
    sleeps, used = after[0] - before[0], after[1] - before[1]
    yield Figure(
        f"idle for {effort.idle:g} s",
        "at most 2 wake-ups, under 5 ms of processor time",
        f"{sleeps} wake-ups, {used:.1f} ms",
        sleeps <= 2 and used < 5,
    )


def command_line(effort: Effort, _: Others) -> Iterator[Figure]:
    for option in ("--help", "--version"):
        run = partial(subprocess.run, [*URU_MCP, option], stdout=subprocess.DEVNULL, env=PLAIN, check=True)
        seconds = in_turn({option: partial(timed, run)}, effort.starts)[option]
        yield at_most(f"`uru-mcp {option}`", seconds, 150)


def ending(effort: Effort, _: Others) -> Iterator[Figure]:
    seconds: list[float] = []
    with service(400) as uru:
        for _round in range(max(2, effort.starts // 2)):
            with ExitStack() as stack:
                seconds.append(loaded(stack, uru).end())
    yield at_most("exit after EOF", seconds, 50)


FIGURES = (start_up, first_list, slow_service, one_call, many_tools, idleness, command_line, ending)


def loaded(stack: ExitStack, uru: Mapping[str, str]) -> Spawned:
    """Our server, which has its catalog and has made a call."""
    ours = stack.enter_context(spawned(URU_MCP, uru))
    ours.initialize()
    ours.ask("tools/list")
    while not ours.call("uru_search_tools", {"query": TOOL})["structuredContent"]["hits"]:
        time.sleep(0.1)  # of very many tools, the first list comes before they are there
    ours.call("uru_execute", THROUGH)
    return ours


def at_once(ours: Spawned, calls: int) -> None:
    waiting = {ours.send("tools/call", {"name": "uru_execute", "arguments": REPORT}) for _ in range(calls)}
    while waiting:
        number, _ = ours.receive_any()
        waiting.discard(number)


async def straight_at_once(uru: Mapping[str, str], calls: int) -> None:
    headers = {"Authorization": f"Bearer {uru['URU_API_KEY']}", "X-Namespace": "company_demo"}
    body = {"tool_name": "GENERATE_REPORT", "parameters": REPORT["input"]}
    limits, url = httpx2.Limits(max_connections=calls), uru["URU_PROXY_URL"]
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30, trust_env=False) as http:
        path = "/execute/company_demo__execute_tool"
        for answer in await asyncio.gather(*(http.post(path, json=body) for _ in range(calls))):
            answer.raise_for_status()


def timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def at_most(name: str, seconds: Sequence[float], milliseconds: float) -> Figure:
    return Figure(name, f"under {milliseconds:g} ms", in_ms(seconds), 1e3 * statistics.median(seconds) < milliseconds)


def memory_figure(what: str, ours: float, bare: float, megabytes: float) -> Figure:
    return Figure(
        f"memory after the calls, with {what}",
        f"at most {megabytes:g} MB over the bare SDK server",
        f"{ours - bare:.0f} MB over: {ours:.0f} and {bare:.0f} MB",
        ours - bare <= megabytes,
    )
