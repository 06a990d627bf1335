"""Whatever goes wrong between here and Uru, each operation has one answer, in time and of the right code.

A fault is one test in which all operations meet it side by side, each over a connection of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from mcp.shared.exceptions import MCPError

from tests.world import Claude, Connect, Uru, connection, until
from uru_mcp.errors import UruError
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.http import BODY_LIMIT

COMPLAINT = {"customer": "Ana Ferreira", "complaint": "The machine leaks."}
LATER = {"Retry-After": "60"}  # longer than any call here waits, so that nothing is tried again
MEGABYTE = 1024 * 1024

Operation = Callable[[Claude], Coroutine[Any, Any, str]]


async def told(claude: Claude) -> str:
    """What `uru_whoami` says is wrong, or `ready`."""
    report = await claude.whoami()
    return str(report["problems"][0]["code"] if report["problems"] else report["state"])


async def listed(claude: Claude) -> str:
    assert "uru_whoami" in await claude.tools()
    return await told(claude)


def tool(name: str, **arguments: Any) -> Operation:
    async def call(claude: Claude) -> str:
        result = await claude.call(name, arguments)
        structure = result.structured_content or {}
        if result.is_error:
            return str(structure["error"]["code"])
        return "running" if "running" in structure else "answered"

    return call


def request(send: Callable[[Claude], Awaitable[object]]) -> Operation:
    async def ask(claude: Claude) -> str:
        try:
            await send(claude)
        except MCPError as error:
            return str(error.error.data["code"])
        return "answered"

    return ask


AT_THE_START: dict[str, Operation] = {
    "first list": listed,
    "search": tool("uru_search_tools", query="mail"),
    "key check": told,
}
IN_THE_MIDDLE: dict[str, Operation] = {
    "later list": listed,
    "read": tool("uru_read", tool="platform__context_query", arguments={"op": "get", "id": "ctx_acme_handbook"}),
    "write": tool(
        "uru_write",
        tool="platform__context_edit",
        arguments={"op": "create", "title": "Zeppelins", "content": "They moor at mast four."},
    ),
    "run": tool("uru_execute", tool="company_demo__LOG_NOTE", arguments={"text": "hi"}),
    "resource": request(lambda claude: claude.read("uru://contexts/ctx_acme_handbook")),
    "prompt": request(lambda claude: claude.client.get_prompt("answer_a_complaint", COMPLAINT)),
    "completion": request(lambda claude: claude.completed("uru://contexts/{id}", "id", "")),
}


class Place:
    """An Uru at an address, where something is about to go wrong."""

    def __init__(self, uru: Uru, url: str, closing: AsyncExitStack) -> None:
        self.uru = uru
        self.url = url
        self._closing = closing

    async def close(self) -> None:
        """Nobody listens any more."""
        await self._closing.aclose()

    async def clog(self) -> None:
        """Somebody listens, and never takes a connection."""
        await self.close()
        address = (urlsplit(self.url).hostname, urlsplit(self.url).port)
        listener = self._closing.enter_context(socket.create_server(address, backlog=0))
        for _ in range(4):  # as many as the system lets wait
            waiting = self._closing.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())


def status(code: int, body: Any = None, headers: Mapping[str, str] = LATER) -> Callable[[Place], Awaitable[None]]:
    async def answer(place: Place) -> None:
        place.uru.faults.status("/", code, body=body, headers=headers)

    return answer


async def never_begin(place: Place) -> None:
    place.uru.faults.delay("/", 60)


async def drip(place: Place) -> None:
    place.uru.faults.drip("/", 0.1)


async def cut(place: Place) -> None:
    place.uru.faults.cut("/")


async def redirect(place: Place) -> None:
    place.uru.faults.redirect("/", f"{place.url}/elsewhere")


async def lose_name(place: Place) -> None:
    place.url = "https://uru.invalid"


async def speak_no_tls(place: Place) -> None:
    place.url = place.url.replace("http://", "https://")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and the code of each operation's answer: `code`, but for the writes and runs, and the lists.

    `deadline` is in seconds. What `is_of_the_address` is wrong from the start.
    """

    begin: Callable[[Place], Awaitable[None]]
    code: str
    run: str | None = None
    lists: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    deadline: int = 8  # more than all tries of a read take
    is_of_the_address: bool = False

    def expected(self) -> dict[str, str]:
        lists, runs = [*AT_THE_START, "later list"], ["write", "run"]
        told = dict.fromkeys([*AT_THE_START, *IN_THE_MIDDLE, "version sync"], self.code)
        told |= dict.fromkeys(lists, self.lists or self.code)
        return told | dict.fromkeys(runs, self.run or self.code) | dict(self.others)


def slow(begin: Callable[[Place], Awaitable[None]], code: str) -> Fault:
    """A fault that makes an answer late: runs go on, and what was known of the key holds until Uru tells."""
    return Fault(begin, code, "running", "unavailable", {"later list": "ready"}, deadline=2)


JSON = {"Content-Type": "application/json"}
NOT_READY = {"error": "TOOLS_NOT_READY", "retry_after_ms": 60_000}
TOO_LONG = b" " * (BODY_LIMIT + MEGABYTE)
BOMB = gzip.compress(TOO_LONG)
FAULTS = {
    "401": Fault(status(401, {"error": "invalid_api_key"}), "key_rejected"),
    "403": Fault(status(403), "forbidden"),
    "404": Fault(status(404), "not_found", lists="upstream_failed", others={"version sync": "upstream_failed"}),
    "409 no workspace": Fault(status(409, {"error": "workspace_selection_required"}), "workspace_selection_required"),
    "409 not ready": Fault(status(409, NOT_READY), "unavailable"),
    "429": Fault(status(429), "rate_limited"),
    "500": Fault(status(500), "unavailable", "unconfirmed"),
    "502": Fault(status(502, "<html>Bad gateway</html>"), "unavailable", "unconfirmed"),
    "503": Fault(status(503), "unavailable", "unconfirmed"),
    "refused connection": Fault(Place.close, "unavailable"),
    "no such name": Fault(lose_name, "unavailable", deadline=2, is_of_the_address=True),
    "no TLS": Fault(speak_no_tls, "unavailable", is_of_the_address=True),
    "no connection": slow(Place.clog, "unavailable"),
    "no first byte": slow(never_begin, "timed_out"),
    "drip": slow(drip, "timed_out"),
    "cut body": Fault(cut, "unavailable", "unconfirmed"),
    "garbage": Fault(status(200, b"{\xff", JSON), "upstream_failed", "unconfirmed"),
    "HTML": Fault(status(200, "<html>Log in</html>"), "upstream_failed", "unconfirmed"),
    "another shape": Fault(status(200, "null", JSON), "upstream_failed", "unconfirmed"),
    "another type": Fault(status(200, "OK", {"Content-Type": "text/plain"}), "upstream_failed", "unconfirmed"),
    "JSON that says it is an image": Fault(
        status(200, b'{"data": 1}', {"Content-Type": "image/png"}), "upstream_failed", "unconfirmed"
    ),
    "redirect": Fault(redirect, "upstream_failed"),
    "33 MB": Fault(status(200, TOO_LONG, JSON), "too_large", "unconfirmed"),
    "1 MB of an error": Fault(status(401, b" " * MEGABYTE, JSON), "key_rejected"),
    "gzip bomb": Fault(
        status(200, BOMB, {**JSON, "Content-Encoding": "gzip"}), "too_large", "unconfirmed", deadline=16
    ),
}


async def version(url: str, key: str) -> str:
    """What a look at the version of the tools comes to."""
    async with connection(url, key) as opened:
        try:
            await UruClient(opened, Redaction()).tool_version(None, within=4)
        except UruError as error:
            return error.code
    return "answered"


def in_use() -> tuple[int, int]:
    """Tasks and open files of this process. Source: Linux's proc(5)."""
    return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - this one is about names alone


class Cells:
    """All operations, each over a connection of its own, and what came of them."""

    def __init__(self, place: Place, connect: Connect, closing: AsyncExitStack, deadline: int) -> None:
        self._place = place
        self._connect = connect
        self._closing = closing
        self._deadline = deadline
        self._claudes: dict[str, Claude] = {}
        self.answers: dict[str, str] = {}

    async def connect(self, operations: Iterable[str]) -> None:
        for name in operations:
            connecting = self._connect(
                url=self._place.url, CALL_DEADLINE=str(self._deadline), NAMESPACES="platform,company_demo"
            )
            self._claudes[name] = await self._closing.enter_async_context(connecting)

    async def load(self) -> None:
        async with anyio.create_task_group() as tasks:
            for claude in self._claudes.values():
                tasks.start_soon(claude.tools)

    async def put_all(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._put, "version sync", version(self._place.url, self._place.uru.key().text))
            for name, operation in (AT_THE_START | IN_THE_MIDDLE).items():
                tasks.start_soon(self._put, name, operation(self._claudes[name]))
        for claude in self._claudes.values():
            await claude.call("uru_result")  # which answers by itself, as long as there is a server

    async def _put(self, name: str, answer: Coroutine[Any, Any, str]) -> None:
        with anyio.fail_after(2 * self._deadline + 1):  # a list and what is said of it are two answers
            self.answers[name] = await answer


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_each_operation_has_one_answer_in_time_and_leaves_nothing_open(
    connect_once: Connect, uru: Uru, fault: Fault
) -> None:
    before = in_use()
    async with AsyncExitStack() as serving_ends, AsyncExitStack() as closing:
        place = Place(uru, await serving_ends.enter_async_context(serving(uru.sandbox)), serving_ends)
        cells = Cells(place, connect_once, closing, fault.deadline)
        if fault.is_of_the_address:
            await fault.begin(place)
        await cells.connect(IN_THE_MIDDLE)
        await cells.load()
        if not fault.is_of_the_address:
            await fault.begin(place)
        await cells.connect(AT_THE_START)
        await cells.put_all()
    assert cells.answers == fault.expected()
    assert uru.sent("/execute/company_demo") <= 1, "a run is sent once, whatever comes of it"
    assert uru.sent("/elsewhere") == 0
    await until(lambda: in_use() == before)
