"""Faults, as a client feels them: in memory where that is possible, else on a socket."""

from __future__ import annotations

import asyncio

import anyio
import httpx2
import pytest

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

from .callers import Caller, Connect, connected


def notes(sandbox: Sandbox) -> list[str]:
    return [row["text"] for row in sandbox.database.rows("SELECT text FROM notes ORDER BY rowid")]


async def test_a_status_comes_as_often_as_it_was_ordered(sandbox: Sandbox, connect: Connect) -> None:
    body = {"error": {"code": "slow_down"}}
    sandbox.faults.status("/names", 429, body=body, headers={"Retry-After": "3"}, times=2)
    async with connect() as somebody:
        answers = [await somebody.get("/namespaces") for _ in range(3)]
        elsewhere = await somebody.get("/keys/self")
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert answers[0].body == body
    assert elsewhere.status == 200
    assert [request.status for request in sandbox.requests] == [429, 429, 200, 200]


async def test_faults_last_until_they_are_cleared(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.status("/", 503)
    async with connect() as somebody:
        assert [(await somebody.get("/health")).status for _ in range(5)] == [503] * 5
        sandbox.faults.clear()
        assert (await somebody.get("/health")).status == 200


async def test_garbage_is_no_json_and_a_redirect_leads_away(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.garbage("/namespaces")
    sandbox.faults.redirect("/keys/self", "http://elsewhere.example/")
    async with connect() as somebody:
        garbage = await somebody.http.get("/namespaces")
        redirect = await somebody.http.get("/keys/self")
    assert garbage.headers["content-type"] == "application/json"
    with pytest.raises(UnicodeDecodeError):
        garbage.json()
    assert (redirect.status_code, redirect.headers["location"]) == (307, "http://elsewhere.example/")


async def test_html_stays_html(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.status("/", 502, body="<h1>Bad gateway</h1>")
    async with connect() as somebody:
        response = await somebody.http.get("/health")
    assert response.text == "<h1>Bad gateway</h1>"
    assert response.headers["content-type"].startswith("text/html")


async def test_a_request_can_be_held_until_it_is_released(sandbox: Sandbox, connect: Connect) -> None:
    held = sandbox.faults.hold("/health", times=1)
    answers: list[int] = []

    async def look(somebody: Caller) -> None:
        answers.append((await somebody.get("/health")).status)

    async with connect() as somebody, anyio.create_task_group() as tasks:
        tasks.start_soon(look, somebody)
        await anyio.wait_all_tasks_blocked()
        assert (await somebody.get("/health")).status == 200, "the next one is served"
        assert answers == []
        held.set()
    assert answers == [200]


async def test_a_delay_adds_to_whatever_happens_then(sandbox: Sandbox, connect: Connect) -> None:
    loop = asyncio.get_running_loop()
    sandbox.faults.status("/health", 500)
    sandbox.faults.delay("/health", 0.2, times=1)
    async with connect() as somebody:
        start = loop.time()
        answer = await somebody.get("/health")
        taken = loop.time() - start
    assert answer.status == 500
    assert taken >= 0.2


async def test_a_request_is_known_before_it_is_answered(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.delay("/health", 60)
    async with connect() as somebody:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(somebody.get("/health"), 0.1)
    assert [(request.path, request.status) for request in sandbox.requests] == [("/health", None)]


async def test_an_echoed_key_is_in_the_message(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.echo_key("/namespaces")
    async with connect() as somebody:
        answer = await somebody.get("/namespaces")
    assert answer.status == 400
    assert somebody.text in answer.body["error"]["message"]


async def test_a_lost_answer_leaves_the_work_done(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    sandbox.faults.lose_answer("/execute/", times=1)
    async with serving(sandbox) as url, connected(sandbox, url=url) as somebody:
        with pytest.raises(httpx2.RemoteProtocolError):
            await somebody.call("company_demo__LOG_NOTE", text="lost")
        await somebody.use("company_demo__LOG_NOTE", text="answered")
    assert notes(sandbox)[-2:] == ["lost", "answered"]
    assert [request.status for request in sandbox.requests] == [None, 200]
    assert capfd.readouterr() == ("", "")


async def test_a_cut_answer_ends_in_the_middle_of_its_body(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    sandbox.faults.cut("/namespaces", times=1)
    async with serving(sandbox) as url, connected(sandbox, url=url) as somebody:
        pieces: list[bytes] = []
        with pytest.raises(httpx2.RemoteProtocolError):
            await receive(somebody.http, "/namespaces", pieces)
        whole = await somebody.http.get("/namespaces")
    part = b"".join(pieces)
    assert whole.content.startswith(part)
    assert 0 < len(part) < len(whole.content)
    assert capfd.readouterr() == ("", "")


async def receive(http: httpx2.AsyncClient, path: str, pieces: list[bytes]) -> None:
    async with http.stream("GET", path) as response:
        assert response.status_code == 200
        async for piece in response.aiter_bytes():
            pieces.append(piece)


async def test_in_memory_a_hang_up_is_a_connection_error(
    sandbox: Sandbox, connect: Connect, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.lose_answer("/execute/", times=1)
    async with connect() as somebody:
        with pytest.raises(ConnectionResetError):
            await somebody.call("company_demo__LOG_NOTE", text="lost")
    assert notes(sandbox)[-1] == "lost"
    assert capfd.readouterr() == ("", "")
