"""JSON-RPC batches, which MCP 2025-03-26 demands and no other version has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.process import Served, served
from tests.world import until
from uru_mcp.server.batches import AT_MOST

INVALID_REQUEST = -32600
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(number: Any, method: str = "ping", **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def note(number: int, text: str) -> dict[str, Any]:
    arguments = {"tool": "company_demo__LOG_NOTE", "arguments": {"text": text}}
    return request(number, "tools/call", name="uru_execute", arguments=arguments)


def report(number: int, seconds: float) -> dict[str, Any]:
    arguments = {"tool": "company_demo__GENERATE_REPORT", "arguments": {"title": "One", "rows": 1, "seconds": seconds}}
    return request(number, "tools/call", name="uru_execute", arguments=arguments)


def arrays(claude: Served) -> list[list[dict[str, Any]]]:
    return [found for found in map(json.loads, claude.lines) if isinstance(found, list)]


async def sent(claude: Served, *messages: Any) -> list[dict[str, Any]]:
    """The array that answers a batch."""
    before = len(arrays(claude))
    await claude.send(json.dumps(messages))
    await until(lambda: len(arrays(claude)) > before)
    return arrays(claude)[before]


def codes(answers: list[dict[str, Any]]) -> dict[Any, int | None]:
    return {answer["id"]: answer.get("error", {}).get("code") for answer in answers}


async def test_a_batch_is_answered_with_one_array_once_all_its_requests_are() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-03-26")
        answers = await sent(
            claude, request(101), NOTIFICATION, note(102, "hi"), report(103, 0.3), request("a", "no/such")
        )
    assert codes(answers) == {101: None, 102: None, 103: None, "a": -32601}
    (noted,) = [one for one in answers if one["id"] == 102]
    assert noted["result"]["structuredContent"]["data"]["text"] == "hi"
    assert all("id" not in one or one["id"] not in (101, 102, 103) for one in map(json.loads, claude.lines) if one)


async def test_a_member_that_is_no_request_of_mcp_is_refused_in_its_place() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-03-26")
        wrong = [1, [], "x", {"jsonrpc": "2.0", "id": 102}, request(103, "initialize"), request(104), request(104)]
        answers = await sent(claude, request(101), *wrong)
        alone = await sent(claude, 1)
    assert sorted((str(one["id"]), str(one.get("error", {}).get("code"))) for one in answers) == [
        ("101", "None"),
        ("102", str(INVALID_REQUEST)),
        ("103", str(INVALID_REQUEST)),
        ("104", str(INVALID_REQUEST)),
        ("104", "None"),
        ("None", str(INVALID_REQUEST)),
        ("None", str(INVALID_REQUEST)),
        ("None", str(INVALID_REQUEST)),
    ]
    assert codes(alone) == {None: INVALID_REQUEST}


async def test_an_odd_id_in_a_batch_is_refused_in_the_array() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-03-26")
        odd: list[Any] = [1.5, 2.0, None, True, {}, []]
        for number in odd:
            answers = await sent(claude, request(101), request(number))
            assert codes(answers) == {101: None, None: INVALID_REQUEST}


async def test_what_wants_no_answer_gets_none_and_an_empty_or_huge_batch_is_refused_as_a_whole() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-03-26")
        for batch in ([NOTIFICATION], [NOTIFICATION, {"jsonrpc": "2.0", "id": 9, "result": {}}]):
            await claude.send(json.dumps(batch))
        for batch in ([], [request(0)] * (AT_MOST + 1)):
            await claude.send(json.dumps(batch))
        await claude.result("ping")
    assert arrays(claude) == []
    told = [one for one in map(json.loads, claude.lines) if "error" in one]
    assert [(one["id"], one["error"]["code"]) for one in told] == [(None, INVALID_REQUEST)] * 2


async def test_a_request_that_is_taken_back_does_not_hold_up_the_others() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-03-26")
        await claude.send(json.dumps([request(101), report(102, 30)]))
        await claude.result("ping")
        assert arrays(claude) == []
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 102}}
        await claude.send(cancel)
        await until(lambda: len(arrays(claude)) == 1)
        assert codes(await sent(claude, request(102))) == {102: None}, "the id is free again"
        assert codes(await sent(claude, cancel, request(102))) == {102: None}, "it was not asked for yet"
        assert codes(await sent(claude, request(101), report(102, 30), cancel)) == {101: None}
        await claude.send(json.dumps([request(101), report(103, 30)]))
        cancel["params"] = {"requestId": 103}
        await claude.send(json.dumps([cancel, report(104, 30), {**cancel, "params": {"requestId": 104}}]))
        await until(lambda: len(arrays(claude)) == 5)
    assert codes(arrays(claude)[0]) == codes(arrays(claude)[4]) == {101: None}


@pytest.mark.parametrize("version", [None, "2024-11-05", "2025-06-18", "2025-11-25"])
async def test_without_that_version_a_batch_is_refused_and_nothing_in_it_is_done(version: str | None) -> None:
    async with served("--sandbox") as claude:
        if version is not None:
            await claude.initialize(version)
        await claude.send(json.dumps([note(101, "not done"), request(102)]))
        await until(lambda: any('"error"' in line for line in claude.lines))
        if version is None:
            await claude.initialize("2025-11-25")
        listed = await claude.call("uru_execute", {"tool": "company_demo__LIST_NOTES", "arguments": {}})
    told = [one for one in map(json.loads, claude.lines) if "error" in one]
    assert [(one["id"], one["error"]["code"]) for one in told] == [(None, INVALID_REQUEST)]
    assert "not done" not in json.dumps(listed)
