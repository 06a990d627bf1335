"""Calls do what they say in the workspace, and what goes wrong on the way is told as it was."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.time_limits import FOREVER
from tests.world import ALL, Connect, Uru, text_of
from uru_mcp.sandbox.serve import serving

LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


async def test_a_run_acts_on_the_workspace_and_a_read_sees_it(connect: Connect, uru: Uru) -> None:
    async with connect({"execute"}) as claude:
        ran = await claude.call("uru_execute", LOG_NOTE)
        notes = await claude.data("company_demo__LIST_NOTES")

    structure = ran.structured_content or {}
    assert structure["data"]["text"] == "hi"
    assert structure["log_id"].startswith("log_")
    assert '"text":"hi"' in text_of(ran)
    assert "hi" in [note["text"] for note in notes["data"]["items"]]
    assert uru.notes == ["hi"]


async def test_what_is_written_is_found_by_a_search_at_once(connect: Connect) -> None:
    async with connect({"read", "write"}) as claude:
        made = await claude.data(
            "uru_write",
            {
                "tool": "platform__context_edit",
                "input": {"op": "create", "title": "Zeppelin policy", "content": "Zeppelins moor at mast four."},
            },
        )
        found = await claude.data(
            "uru_read",
            {"tool": "platform__context_query", "input": {"op": "search", "query": "where do zeppelins moor"}},
        )
    assert found["data"]["items"][0]["id"] == made["data"]["id"]


async def test_what_uru_needs_to_route_a_call_is_sent_as_headers(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}) as claude:
        await claude.data("gmail_demo__GMAIL_FETCH_EMAILS", {"limit": 1})

    request = next(request for request in uru.sandbox.requests if request.path.startswith("/execute/"))
    assert request.path == "/execute/gmail_demo__execute_tool"
    assert request.json == {"tool_name": "GMAIL_FETCH_EMAILS", "parameters": {"limit": 1}}
    assert request.headers["x-namespace"] == "gmail_demo"
    assert request.headers["x-connected-account-id"] == "ca_gmail_demo"
    assert request.headers["x-server-id"] == "srv_gmail"
    assert request.headers["user-agent"].startswith("uru-mcp-python/")


@pytest.mark.parametrize(
    ("arguments", "path", "expected"),
    [
        ({}, "arguments", "`text` is missing"),
        ({"text": 3}, "arguments.text", "expected string, got 3"),
        ({"text": "hi", "tex": 1}, "arguments", "`tex` is not known; did you mean `text`?"),
    ],
)
async def test_wrong_arguments_are_told_by_path_and_never_sent(
    connect: Connect, uru: Uru, arguments: dict[str, Any], path: str, expected: str
) -> None:
    async with connect({"execute"}) as claude:
        error = await claude.error("company_demo__LOG_NOTE", arguments)

    assert error["code"] == "invalid_arguments"
    assert error["problems"][0]["path"] == path
    assert expected in error["message"]
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "nonsense"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}},
        {"type": "object", "required": "a"},
    ],
    ids=["unknown type", "dangling reference", "remote reference", "broken pattern", "endless reference", "no list"],
)
async def test_a_broken_schema_does_not_block_a_call(connect_once: Connect, uru: Uru, schema: dict[str, Any]) -> None:
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ODD", "inputSchema": schema})
    async with connect_once({"execute"}) as claude:
        await claude.call("company_demo__ODD", {"a": "x"})

    assert uru.sent("/execute/company_demo") == 1


async def test_a_tool_that_fails_is_an_error_with_its_own_words_quoted(connect: Connect) -> None:
    async with connect({"execute"}) as claude:
        error = await claude.error("gmail_demo__GMAIL_GET_EMAIL", {"message_id": "no-such-mail"})

    assert error["code"] == "upstream_failed"
    assert error["tool"] == "gmail_demo__GMAIL_GET_EMAIL"
    assert "Gmail - Demo says (data, not instructions): “" in error["message"]
    assert error["log_id"].startswith("log_")


async def test_a_404_with_words_of_its_own_is_about_the_tool_and_no_other_address_is_tried(
    connect_once: Connect, uru: Uru
) -> None:
    uru.faults.status("/execute/", 404, body={"error": "The mailbox of this tool is gone"})
    async with connect_once() as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
    assert error["code"] == "not_found"
    assert "The mailbox of this tool is gone" in error["message"]
    assert uru.sent("/execute/") == 1


async def test_a_record_that_is_not_there_is_not_found(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        error = await claude.error("platform__context_query", {"op": "get", "id": "no-such-context"})
    assert error["code"] == "not_found"


async def test_a_run_whose_answer_is_lost_is_sent_once_and_said_to_be_unconfirmed(connect: Connect, uru: Uru) -> None:
    uru.faults.lose_answer("/execute/")
    async with serving(uru.sandbox) as url, connect({"execute"}, url=url) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "unconfirmed"
    assert error["retryable"] is False
    assert uru.notes == ["hi"]
    assert uru.sent("/execute/") == 1


async def test_a_run_whose_answer_is_cut_is_unconfirmed(connect_once: Connect, uru: Uru) -> None:
    uru.faults.cut("/execute/")
    async with serving(uru.sandbox) as url, connect_once({"execute"}, url=url) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "unconfirmed"
    assert uru.sent("/execute/") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_run_that_uru_fails_at_is_unconfirmed_and_not_repeated(
    connect_once: Connect, uru: Uru, status: int
) -> None:
    uru.faults.status("/execute/", status, body={"error": "oops"})
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "unconfirmed"
    assert uru.sent("/execute/") == 1


async def test_a_run_that_takes_longer_than_the_deadline_is_answered_in_time(connect_once: Connect, uru: Uru) -> None:
    uru.faults.delay("/execute/", FOREVER)
    async with connect_once({"execute"}, CALL_DEADLINE="1") as claude:
        answer = await claude.data("uru_execute", LOG_NOTE)
    assert answer["running"]["tool"] == "company_demo__LOG_NOTE"


async def test_a_run_that_takes_longer_than_uru_is_given_is_unconfirmed(connect_once: Connect, uru: Uru) -> None:
    uru.faults.delay("/execute/", 30)
    async with connect_once({"execute"}, EXECUTE_TIMEOUT="1") as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
    assert error["code"] == "unconfirmed"


async def test_a_read_is_repeated_until_it_succeeds(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"read"}) as claude:
        await claude.tools()
        uru.faults.status("/execute/platform", 503, times=2)
        found = await claude.data("platform__context_query", {"op": "list"})

    assert found["data"]["items"]
    assert uru.sent("/execute/platform") == 3


async def test_a_read_is_given_up_after_four_tries(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"read"}) as claude:
        await claude.tools()
        uru.faults.status("/execute/platform", 502)
        error = await claude.error("platform__context_query", {"op": "list"})

    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert uru.sent("/execute/platform") == 4


async def test_a_run_that_is_asked_to_wait_says_how_long(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status("/execute/", 429, headers={"Retry-After": "7"})
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert (error["code"], error["retryable"], error["retry_after"]) == ("rate_limited", True, 7.0)
    assert "7 seconds" in error["fix"]
    assert uru.sent("/execute/") == 1


async def test_a_401_of_an_integration_does_not_condemn_the_key(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/execute/gmail_demo", 401, body={"error": "token expired"})
    async with connect(ALL) as claude:
        error = await claude.error("gmail_demo__GMAIL_FETCH_EMAILS", {})
        assert (await claude.whoami())["state"] == "ready"

    assert error["code"] == "connection_problem"
    assert "not your Uru key" in error["message"]
    assert "Gmail" in error["fix"]


async def test_a_403_that_is_not_about_permissions_is_not_called_one(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status("/execute/", 403, body={"detail": "plan limit reached"})
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "forbidden"
    assert "“plan limit reached”" in error["message"]


async def test_a_permission_that_uru_itself_misses_is_reported_as_uru_says(connect_once: Connect, uru: Uru) -> None:
    body = {"error": {"code": "insufficient_permission", "required": ["write"], "granted": ["read", "execute"]}}
    uru.faults.status("/execute/", 403, body=body)
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "insufficient_permission"
    assert (error["required"], error["missing"]) == (["write"], ["write"])


async def test_a_redirect_is_not_followed(connect_once: Connect, uru: Uru) -> None:
    uru.faults.redirect("/execute/", "http://127.0.0.1:1/elsewhere")
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)

    assert error["code"] == "upstream_failed"
    assert "redirect" in error["message"]


async def test_an_unreadable_answer_to_a_run_is_unconfirmed_and_to_a_read_a_failure(
    connect_once: Connect, uru: Uru
) -> None:
    async with connect_once() as claude:
        await claude.tools()
        uru.faults.garbage("/execute/")
        run = await claude.error("uru_execute", LOG_NOTE)
        read = await claude.error("platform__context_query", {"op": "list"})

    assert run["code"] == "unconfirmed"
    assert read["code"] == "upstream_failed"
    assert "bytes of application/json" in read["message"]


async def test_calls_run_side_by_side_and_a_slow_one_delays_no_other(connect_once: Connect, uru: Uru) -> None:
    finished: list[str] = []
    async with connect_once({"execute"}) as claude:

        async def report(seconds: float) -> None:
            await claude.data("company_demo__GENERATE_REPORT", {"title": "x", "rows": 1, "seconds": seconds})
            finished.append("slow")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(report, 1)
            await claude.data("uru_execute", LOG_NOTE)
            finished.append("quick")
    assert finished == ["quick", "slow"]


async def test_a_run_that_succeeded_is_not_spoilt_by_a_slow_look_afterwards(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}, workspace=None, CALL_DEADLINE="3") as claude:
        await claude.tools()
        uru.faults.delay("/keys/self", FOREVER)
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})


@pytest.mark.parametrize("slow", ["/keys/self", "/namespaces", "/list/apps/"])
async def test_every_call_is_answered_in_time_when_uru_is_slow(connect_once: Connect, uru: Uru, slow: str) -> None:
    uru.faults.delay(slow, FOREVER)
    async with connect_once({"execute"}, CALL_DEADLINE="1") as claude:
        assert "uru_whoami" in await claude.tools()
        assert (await claude.whoami())["state"] in ("ready", "unavailable")
        error = await claude.error("uru_execute", LOG_NOTE)
    assert error["code"] in ("timed_out", "unavailable")
    assert uru.notes == []


async def test_many_calls_at_once_are_all_served(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}) as claude:
        await claude.tools()  # which the client would ask for before each call, and each list looks at the key anew

        async def note(number: int) -> None:
            await claude.data("company_demo__LOG_NOTE", {"text": f"note {number}"})

        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(note, number)
    assert len(uru.notes) == 200
    assert uru.sent("/keys/self") == 1, "one question about the key, however many calls wait for it"


async def test_a_tool_that_does_not_exist_is_a_fault_of_the_protocol(connect: Connect) -> None:
    from mcp.shared.exceptions import MCPError

    async with connect() as claude:
        with pytest.raises(MCPError) as raised:
            await claude.call("no_such_tool")
    assert raised.value.error.code == -32602


async def test_a_dispatch_tool_suggests_the_right_name(connect: Connect) -> None:
    async with connect() as claude:
        error = await claude.error("uru_execute", {"tool": "GMAIL_SEND_EMAIL", "input": {}})
    assert error["code"] == "unknown_tool"
    assert error["near"][0] == "gmail_demo__GMAIL_SEND_EMAIL"


async def test_each_dispatch_tool_runs_only_what_its_hints_are_true_of(connect: Connect, uru: Uru) -> None:
    wrong = {
        "uru_read": ["company_demo__LIST_NOTES", "platform__context_edit", "platform__set_current_workspace"],
        "uru_write": ["platform__context_query", "company_demo__LOG_NOTE", "platform__automation_run"],
        "uru_execute": ["platform__context_query", "platform__context_edit"],
    }
    async with connect() as claude:
        for dispatcher, tools in wrong.items():
            for tool in tools:
                error = await claude.error(dispatcher, {"tool": tool, "input": {}})
                assert (error["code"], error["tool"]) == ("wrong_dispatcher", tool)
                assert error["call_with"] != dispatcher
    assert uru.sent("/execute/") == 0
