"""Work that takes longer than a call, results that are larger than one, and calls that are taken back."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from tests.process import served
from tests.world import ERAS, Connect, Uru, connector, text_of, until
from uru_mcp.errors import Unconfirmed
from uru_mcp.results.render import Document
from uru_mcp.sandbox.serve import serving
from uru_mcp.tools.background_runs import AT_MOST, KEPT, KEPT_CHARS, BackgroundRun, BackgroundRuns

REPORT = "company_demo__GENERATE_REPORT"
LOG_NOTE = "company_demo__LOG_NOTE"


def report(seconds: float, rows: int = 2) -> dict[str, Any]:
    return {"title": "Long", "seconds": seconds, "rows": rows}


async def test_a_run_that_takes_longer_is_answered_in_time_and_fetched_later_any_number_of_times(
    connect: Connect, uru: Uru
) -> None:
    async with connect({"execute"}, CALL_DEADLINE="1") as claude:
        await claude.tools()
        result = await claude.call("uru_execute", {"tool": REPORT, "input": report(1.2)})
        running = (result.structured_content or {})["running"]
        assert (running["tool"], running["state"]) == (REPORT, "running")
        assert running["call_id"] in text_of(result)
        assert [call["state"] for call in (await claude.data("uru_result"))["calls"]] == ["running"]

        fetched = await claude.data("uru_result", {"call_id": running["call_id"], "wait": 5})
        while "running" in fetched:
            fetched = await claude.data("uru_result", {"call_id": running["call_id"], "wait": 5})
        assert len(fetched["data"]["rows"]) == 2
        assert fetched["log_id"].startswith("log_")
        assert fetched == await claude.data("uru_result", {"call_id": running["call_id"]})
        assert [call["state"] for call in (await claude.data("uru_result"))["calls"]] == ["succeeded"]
    assert uru.sent("/execute/") == 1


async def test_fifty_long_runs_at_once_are_all_answered_in_time_and_fetched(connect_once: Connect) -> None:
    async with connect_once({"execute"}, CALL_DEADLINE="1") as claude:
        await claude.tools()
        ids: list[str] = []

        async def run() -> None:
            ids.append((await claude.data(REPORT, report(4)))["running"]["call_id"])

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(run)
        assert len(set(ids)) == 50
        for call_id in ids:
            fetched = await claude.data("uru_result", {"call_id": call_id})
            while "running" in fetched:
                fetched = await claude.data("uru_result", {"call_id": call_id})
            assert fetched["data"]["title"] == "Long"


async def test_a_long_run_that_fails_is_told_as_it_failed(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}, CALL_DEADLINE="1", EXECUTE_TIMEOUT="2") as claude:
        running = (await claude.data(REPORT, report(30)))["running"]
        result = await claude.call("uru_result", {"call_id": running["call_id"]})
        while not result.is_error:
            result = await claude.call("uru_result", {"call_id": running["call_id"]})
    assert (result.structured_content or {})["error"]["code"] == "unconfirmed"


@pytest.mark.parametrize("wanted", ["call_of_others", " ", "42", f"call_{'g' * 24}", f"call_{'0' * 23}", "log_1"])
async def test_a_call_that_can_never_have_been_is_not_found(connect_once: Connect, wanted: str) -> None:
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_result", {"call_id": wanted})
    assert error["code"] == "not_found"


async def test_a_call_that_another_process_began_may_have_happened(connect: Connect, uru: Uru) -> None:
    async with connect({"execute"}, CALL_DEADLINE="1") as claude:
        running = (await claude.data("uru_execute", {"tool": REPORT, "arguments": report(20)}))["running"]
    async with connect({"execute"}) as claude:
        error = await claude.error("uru_result", {"call_id": f" {running['call_id']} "})
        assert (await claude.data("uru_result"))["calls"] == []
    assert (error["code"], error["retryable"]) == ("unconfirmed", False)
    assert "Look at the effect" in error["fix"]
    assert uru.sent("/execute/") == 1


async def test_what_is_said_of_a_run_that_goes_on_holds_also_where_the_process_ends_first(connect: Connect) -> None:
    async with connect({"execute"}, CALL_DEADLINE="1") as claude:
        result = await claude.call("uru_execute", {"tool": REPORT, "arguments": report(20)})
    structure = result.structured_content or {}
    for said in (structure["next"], text_of(result)):
        assert "only as long as this server process runs" in said
        assert "look at its effect in Uru or the app" in said


async def test_five_megabytes_come_in_pieces_and_the_first_is_valid_json(connect_once: Connect) -> None:
    async with connect_once({"execute"}, RESULT_CHARS="400000") as claude:
        result = await claude.call(REPORT, report(0, rows=80_000))
        first = result.structured_content or {}
        text = text_of(result).partition("<data-")[2].partition("\n")[2].rpartition("\n")[0]
        assert first["cut"]["total"] > 5_000_000
        assert json.loads(text) == first["data"]
        whole, cut = text[: first["cut"]["shown"]], first["cut"]
        while cut["next_offset"] is not None:
            arguments = {"call_id": cut["call_id"], "offset": cut["next_offset"]}
            piece = await claude.data("uru_result", arguments)
            whole, cut = whole + piece["data"], piece["cut"]
        again = await claude.data("uru_result", {"call_id": cut["call_id"]})
    original = json.loads(whole)
    assert [row["line"] for row in original["rows"]] == list(range(1, 80_001))
    assert (original["title"], len(whole)) == ("Long", first["cut"]["total"])
    assert again == first


@pytest.mark.parametrize("era", ERAS)
async def test_cancelling_closes_the_connection_to_uru_and_the_outcome_is_said_to_be_unknown(
    uru: Uru, era: str
) -> None:
    async with serving(uru.sandbox) as url, connector(uru, era)({"execute"}, url=url) as claude:
        await claude.tools()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claude.call, REPORT, report(20))
            await until(lambda: bool(uru.sent("/execute/")))
            tasks.cancel_scope.cancel()
        await until(lambda: uru.last_call.left_after is not None)
        (call,) = (await claude.data("uru_result"))["calls"]
        assert (call["tool"], call["state"]) == (REPORT, "unconfirmed")
        error = await claude.error("uru_result", {"call_id": call["call_id"]})
        assert error["code"] == "unconfirmed"
        assert "cancelled" in error["message"]
        await claude.data(LOG_NOTE, {"text": "still here"})


async def test_a_read_that_is_cancelled_leaves_nothing_behind(uru: Uru) -> None:
    async with serving(uru.sandbox) as url, connector(uru, "legacy")({"read"}, url=url) as claude:
        await claude.tools()
        uru.faults.delay("/execute/", 20)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claude.call, "platform__context_query", {"op": "list"})
            await until(lambda: bool(uru.sent("/execute/")))
            tasks.cancel_scope.cancel()
        await until(lambda: uru.last_call.left_after is not None)
        assert (await claude.data("uru_result"))["calls"] == []


@pytest.mark.parametrize("modern", [False, True])
async def test_progress_is_reported_to_a_client_that_asked_for_it(modern: bool) -> None:
    async with served("--sandbox") as claude:
        if modern:
            claude.modern = True
        else:
            await claude.initialize("2025-11-25")
        call = {"name": REPORT, "arguments": report(5.4)}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claude.result, "tools/call", call)
            await claude.result("tools/call", {**call, "_meta": {"progressToken": "this one"}})
    notifications = [message for message in map(json.loads, claude.lines) if message.get("method")]
    assert [message["params"] for message in notifications if message["method"] == "notifications/progress"] == [
        {"progressToken": "this one", "progress": 5.0, "message": "Uru has been working on it for 5 seconds."}
    ]


async def test_a_process_that_ends_with_runs_open_says_which(uru: Uru) -> None:
    key = uru.key({"execute"})
    async with serving(uru.sandbox) as url:
        async with served(URU_API_KEY=key.text, URU_PROXY_URL=url, URU_CALL_DEADLINE="1") as claude:
            await claude.initialize("2025-11-25")
            answer = await claude.call(REPORT, report(20))
        call_id = answer["structuredContent"]["running"]["call_id"]
    assert f"{REPORT} ({call_id}) was cut off after" in claude.stderr
    assert "whether it happened is not known" in claude.stderr
    assert claude.process.returncode == 0


async def test_a_result_is_not_shown_any_more_once_the_key_is_refused(connect_once: Connect, uru: Uru) -> None:
    key = uru.key({"execute"})
    async with connect_once(key=key.text, RESULT_CHARS="1000") as claude:
        cut = (await claude.data(REPORT, report(0, rows=100)))["cut"]
        uru.sandbox.keys.delete(key.record.id)
        uru.faults.status("/execute/", 401, times=1)
        await claude.error(LOG_NOTE, {"text": "hi"})
        error = await claude.error("uru_result", {"call_id": cut["call_id"], "offset": cut["next_offset"]})
    assert error["code"] == "key_revoked"


def ended(outcomes: BackgroundRuns, text: str) -> BackgroundRun:
    outcome = outcomes.begun("tool")
    outcome.end(Document(text, is_json=False))
    return outcome


async def test_only_so_many_outcomes_are_kept_and_the_oldest_go_first() -> None:
    now = 0.0
    outcomes = BackgroundRuns(clock=lambda: now)
    kept = [ended(outcomes, "text") for _ in range(AT_MOST + 5)]
    for outcome in kept:
        outcomes.keep(outcome)
    assert outcomes.all() == kept[5:]
    now = KEPT + 1
    assert outcomes.all() == []
    with pytest.raises(Unconfirmed, match=kept[-1].id):
        outcomes.get(kept[-1].id)


async def test_outcomes_together_take_only_so_much_memory() -> None:
    outcomes = BackgroundRuns()
    large = "x" * (KEPT_CHARS // 3)
    kept = [ended(outcomes, large) for _ in range(5)]
    for outcome in kept:
        outcomes.keep(outcome)
    assert outcomes.all() == sorted(kept[2:], key=lambda outcome: -outcome.began)


async def test_calls_that_are_answered_at_once_leave_nothing_behind(connect_once: Connect) -> None:
    async with connect_once({"execute"}, CALL_DEADLINE="2") as claude:
        for _ in range(AT_MOST + 3):
            await claude.data(LOG_NOTE, {"text": "quick"})
        assert (await claude.data("uru_result"))["calls"] == []


async def test_when_too_much_is_under_way_the_next_one_is_not_begun_and_says_so(connect_once: Connect) -> None:
    async with connect_once({"execute"}, CALL_DEADLINE="3") as claude:
        await claude.tools()
        results: list[Any] = []

        async def run() -> None:
            results.append(await claude.call(REPORT, report(60)))

        async with anyio.create_task_group() as tasks:
            for _ in range(AT_MOST + 3):
                tasks.start_soon(run)
    errors = [(one.structured_content or {})["error"] for one in results if one.is_error]
    assert [error["code"] for error in errors] == ["rate_limited"] * 3
    assert all("Nothing was sent" in error["message"] for error in errors)
