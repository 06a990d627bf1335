"""Requests with ids and tokens that MCP does not have are answered, and nothing is written after stdin has ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.process import Served, served
from tests.world import Uru, until
from uru_mcp.sandbox.serve import serving

INVALID_REQUEST = -32600
WHOAMI = {"name": "uru_whoami", "arguments": {}}
REPORT = {"tool": "company_demo__GENERATE_REPORT", "arguments": {"title": "Long", "rows": 1, "seconds": 20}}
SLOW = {"name": "uru_execute", "arguments": REPORT}
REFUND = {
    "name": "platform__automation_run",
    "arguments": {"id": "aut_acme_refund", "input": {"customer": "Ana", "email": "ana@demo.example", "amount": 900}},
}


def errors(claude: Served) -> list[tuple[Any, int]]:
    told = [one for one in map(json.loads, claude.lines) if "error" in one]
    return [(one["id"], one["error"]["code"]) for one in told]


@pytest.mark.parametrize("is_early", [True, False], ids=["before the handshake", "after it"])
async def test_a_request_with_an_id_that_is_neither_text_nor_whole_is_refused_and_not_carried_out(
    is_early: bool,
) -> None:
    odd = ["2.0", "1.5", "-0.0", "1e20", "1e400", "null", "true", "false", "{}", "[]", "[1]", '{"a": 1}']
    async with served("--sandbox") as claude:
        if not is_early:
            await claude.initialize("2025-11-25")
        for number in odd:
            await claude.send(f'{{"jsonrpc": "2.0", "id": {number}, "method": "ping"}}')
            await claude.send(f'\ufeff{{"method": "tools/call", "params": {json.dumps(SLOW)}, "id": {number}}}')
        if is_early:
            await claude.initialize("2025-11-25")
        assert (await claude.call("uru_result"))["structuredContent"]["calls"] == []
    assert errors(claude) == [(None, INVALID_REQUEST)] * 2 * len(odd)


async def test_ids_that_mcp_has_are_served() -> None:
    numbers = [0, -3, 10**30, "", "1.5", "\u00e9"]
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        for number in numbers:
            await claude.send({"jsonrpc": "2.0", "id": number, "method": "ping"})
        await claude.result("ping")
    answers = [json.loads(line) for line in claude.lines]
    assert all({"jsonrpc": "2.0", "id": number, "result": {}} in answers for number in numbers)


async def test_a_notification_that_says_that_it_has_no_id_is_one() -> None:
    async with served("--sandbox") as claude:
        await claude.send({"jsonrpc": "2.0", "id": None, "method": "notifications/initialized"})
        await claude.initialize("2025-11-25")
    assert errors(claude) == []


@pytest.mark.parametrize("modern", [False, True])
async def test_a_call_with_an_odd_progress_token_is_served(modern: bool) -> None:
    async with served("--sandbox") as claude:
        claude.modern = modern
        if not modern:
            await claude.initialize("2025-11-25")
        odd: list[Any] = [1.5, None, True, False, {}, [], 2.0]
        for token in odd:
            result = await claude.result("tools/call", {**WHOAMI, "_meta": {"progressToken": token}})
            assert result["structuredContent"]["state"] == "ready", token


async def test_params_that_are_no_object_are_refused() -> None:
    methods = ("tools/call", "tools/list", "ping", "initialize", "no/such")
    odd = [{"method": method, "params": params} for method in methods for params in ([], "x", 5, True, [WHOAMI])]
    async with served("--sandbox") as claude:
        for number, message in enumerate(odd, 100):
            await claude.send({"jsonrpc": "2.0", "id": number, **message})
        await claude.initialize("2025-11-25")
        wrong: list[Any] = [[], "x", 5, True]
        for arguments in wrong:
            answer = await claude.ask("tools/call", {"name": "uru_whoami", "arguments": arguments})
            assert answer["error"]["code"] == -32602
    assert errors(claude)[: len(odd)] == [(number, INVALID_REQUEST) for number, _ in enumerate(odd, 100)]


async def test_a_second_handshake_is_answered() -> None:
    async with served("--sandbox") as claude:
        for version in ("2025-11-25", "2025-06-18"):
            assert (await claude.initialize(version))["protocolVersion"]
        assert (await claude.result("tools/list"))["tools"]


@pytest.mark.parametrize("modern", [False, True])
async def test_after_stdin_has_ended_nothing_is_written(uru: Uru, modern: bool) -> None:
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude,
    ):
        claude.modern = modern
        if not modern:
            await claude.initialize("2025-11-25")
        await claude.result("tools/list")
        before = len(claude.lines)
        meta = claude._params({"_meta": {}})
        for number in (101, 102):
            await claude.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {**SLOW, **meta}})
        await until(lambda: uru.sent("/execute/company_demo") == 2)
        await claude.close_stdin()
        await claude.process.wait()
    assert claude.lines[before:] == []
    assert claude.process.returncode == 0


async def test_after_stdin_has_ended_an_open_question_is_not_followed_by_an_answer() -> None:
    async with served("--sandbox") as claude:
        forms: dict[str, Any] = {"elicitation": {}}
        hello = {"protocolVersion": "2025-11-25", "capabilities": forms, "clientInfo": {"name": "t", "version": "1"}}
        await claude.result("initialize", hello)
        await claude.result("tools/list")
        await claude.send({"jsonrpc": "2.0", "id": 101, "method": "tools/call", "params": REFUND})
        await until(lambda: any("elicitation/create" in line for line in claude.lines))
    assert not any(json.loads(line).get("id") == 101 for line in claude.lines)
    assert "elicitation/create" in claude.lines[-1]


async def test_an_error_repeats_what_a_client_sent_without_the_key(uru: Uru) -> None:
    key = uru.key({"read"}).text
    asked: list[tuple[str, dict[str, Any] | None]] = [
        (f"no/{key}", None), ("tools/call", {"name": key}), ("prompts/get", {"name": key}),
        ("resources/read", {"uri": f"uru://{key}"}), ("completion/complete", {"ref": {"type": key}, key: key}),
        ("tools/list", {"cursor": key}), ("logging/setLevel", {"level": key}),
    ]  # fmt: skip
    async with serving(uru.sandbox) as url, served(URU_API_KEY=key, URU_PROXY_URL=url) as claude:
        await claude.initialize("2025-11-25")
        answers = [await claude.ask(method, params) for method, params in asked]
    assert ["error" in answer or answer["result"]["isError"] for answer in answers] == [True] * len(asked)
    assert key not in json.dumps(answers)
