"""One call: how it must be asked for, what it needs, what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from uru_mcp.sandbox import Sandbox

from .callers import ALL, CONNECTIONS, Connect

GMAIL = CONNECTIONS["gmail_demo"]
ORDER = {"tool_name": "LIST_NOTES", "parameters": {}}


async def test_a_call_answers_with_its_data_and_a_log_id(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        answer = await somebody.call("company_demo__LOG_NOTE", text="hi")
    assert set(answer.body) == {"data", "successful", "success", "error", "log_id"}
    kept = sandbox.database.rows("SELECT * FROM calls WHERE id = ?", answer.body["log_id"])[0]
    assert (kept["namespace"], kept["tool"], kept["arguments"]) == ("company_demo", "LOG_NOTE", {"text": "hi"})
    assert (kept["key_id"], kept["permission"], kept["outcome"]) == (somebody.key.id, "execute", "succeeded")
    assert sandbox.database.rows("SELECT text FROM notes ORDER BY rowid DESC")[0] == {"text": "hi"}


@pytest.mark.parametrize(
    ("path", "namespace", "headers", "body", "status"),
    [
        ("company_demo__execute_tool", "company_demo", {}, ORDER, 200),
        ("company_demo__execute_tool", None, {}, ORDER, 400),
        ("company_demo__execute_tool", "platform", {}, ORDER, 400),
        ("company_demo__execute_tool", "company_demo", {}, {**ORDER, "more": 1}, 400),
        ("company_demo__execute_tool", "company_demo", {}, {"tool_name": "LIST_NOTES"}, 400),
        ("company_demo__execute_tool", "company_demo", {}, {"tool_name": "LIST_NOTES", "parameters": []}, 400),
        ("company_demo__execute_tool", "company_demo", {}, {"tool_name": 1, "parameters": {}}, 400),
        ("company_demo__execute_tool", "company_demo", {}, ["x"], 400),
        ("company_demo__execute_tool", "company_demo", {}, {"tool_name": "NO_SUCH", "parameters": {}}, 404),
        ("nowhere__execute_tool", "nowhere", {}, ORDER, 404),
        ("company_demo", "company_demo", {}, ORDER, 404),
        ("__execute_tool", "", {}, ORDER, 404),
        ("gmail_demo__execute_tool", "gmail_demo", {}, {"tool_name": "GMAIL_FETCH_EMAILS", "parameters": {}}, 400),
        (
            "gmail_demo__execute_tool",
            "gmail_demo",
            {**GMAIL, "X-Server-Id": "srv_other"},
            {"tool_name": "GMAIL_FETCH_EMAILS", "parameters": {}},
            400,
        ),
        ("gmail_demo__execute_tool", "gmail_demo", GMAIL, {"tool_name": "GMAIL_FETCH_EMAILS", "parameters": {}}, 200),
    ],
)
async def test_a_call_must_be_asked_for_exactly(
    connect: Connect, path: str, namespace: str | None, headers: dict[str, str], body: Any, status: int
) -> None:
    named = {} if namespace is None else {"X-Namespace": namespace}
    async with connect() as somebody:
        response = await somebody.http.post(f"/execute/{path}", json=body, headers={**named, **headers})
    assert response.status_code == status
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b"[" * 100_000, b'{"parameters": {"x": NaN}}'])
async def test_a_body_that_is_no_json_is_refused(connect: Connect, body: bytes) -> None:
    async with connect() as somebody:
        response = await somebody.http.post(
            "/execute/company_demo__execute_tool", content=body, headers={"X-Namespace": "company_demo"}
        )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/health/", 404), ("POST", "/namespaces", 405), ("GET", "/execute/x", 405)],
)
async def test_wrong_addresses_are_answered_in_json(connect: Connect, method: str, path: str, status: int) -> None:
    async with connect() as somebody:
        response = await somebody.http.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["message"]


async def test_every_tool_needs_what_it_declares_and_foreign_ones_execute_besides(
    sandbox: Sandbox, connect: Connect
) -> None:
    """The whole catalog, against each of the eight possible keys."""
    acme = sandbox.workspaces[0].id
    sandbox.put_tool(acme, "external_mcp_notes", {"name": "purge_notebook", "permission": "read"})
    sets = [frozenset(name for bit, name in enumerate(sorted(ALL)) if number >> bit & 1) for number in range(8)]
    for granted in sets:
        async with connect(permissions=granted) as somebody:
            for record in (await somebody.get("/namespaces")).body["namespaces"]:
                namespace = record["name"]
                for tool in (await somebody.get(f"/list/apps/{namespace}/tools")).body["tools"]:
                    needed = {tool["permission"]} if "permission" in tool else set()
                    needed |= set() if namespace == "platform" else {"execute"}
                    answer = await somebody.call(f"{namespace}__{tool['name']}", op="nonsense")
                    assert (answer.status == 403) == (not needed <= granted), (namespace, tool["name"], granted)
                    if answer.status == 403:
                        assert answer.code == "insufficient_permission"
                        assert set(answer.body["required"]) == needed
                        assert set(answer.body["granted"]) == granted


async def test_a_refused_call_does_nothing_and_is_counted(sandbox: Sandbox, connect: Connect) -> None:
    before = sandbox.database.rows("SELECT * FROM notes")
    async with connect(permissions={"read", "write"}) as somebody:
        await somebody.call("company_demo__LOG_NOTE", text="hi")
        await somebody.use("platform__list_workspaces")
        await somebody.fail("platform__context_query", op="get")
    assert sandbox.database.rows("SELECT * FROM notes") == before
    usage = sandbox.keys.usage(somebody.key.id)
    assert usage.by_outcome == {"refused": 1, "succeeded": 1, "failed": 1}
    assert usage.by_permission == {"execute": 1, "": 1, "read": 1}
    assert list(usage.by_day.values()) == [usage.requests_total] == [3]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("company_demo__LOG_NOTE", {}, "text"),
        ("company_demo__LOG_NOTE", {"text": 5}, "text"),
        ("company_demo__LOG_NOTE", {"text": "hi", "loud": True}, "loud"),
        ("company_demo__LOG_NOTE", {"text": "\ud800"}, "surrogate"),
        ("company_demo__GENERATE_REPORT", {"title": "x", "seconds": 171}, "seconds"),
        ("platform__context_query", {"op": "delete"}, "op"),
        ("platform__context_query", {"op": "list", "limit": 10**30}, "limit"),
        ("platform__context_query", {"op": "list", "cursor": "bogus"}, "cursor"),
        ("platform__context_query", {"op": "search"}, "query"),
    ],
)
async def test_bad_arguments_fail_in_words_that_name_them(
    sandbox: Sandbox, connect: Connect, tool: str, arguments: dict[str, Any], said: str
) -> None:
    before = sandbox.database.rows("SELECT * FROM notes")
    namespace, _, name = tool.partition("__")
    async with connect() as somebody:
        response = await somebody.http.post(
            f"/execute/{namespace}__execute_tool",
            content=json.dumps({"tool_name": name, "parameters": arguments}),
            headers={"X-Namespace": namespace},
        )
    assert response.status_code == 200
    assert response.json()["successful"] is False
    assert said in response.json()["error"]
    assert sandbox.database.rows("SELECT * FROM notes") == before


async def test_the_tool_version_comes_with_an_etag(sandbox: Sandbox, connect: Connect) -> None:
    acme = sandbox.workspaces[0].id
    async with connect() as somebody, connect(workspace="Globex") as neighbour:
        first = await somebody.get("/tools/sync/version")
        etag = first.headers["etag"]
        same = await somebody.get("/tools/sync/version", If_None_Match=f'"other", W/{etag}')
        elsewhere = await neighbour.get("/tools/sync/version")
        sandbox.put_tool(acme, "company_demo", {"name": "NEW"})
        changed = await somebody.get("/tools/sync/version", If_None_Match=etag)
        assert (await neighbour.get("/tools/sync/version")).body == elsewhere.body
    assert first.body == {"version": 1, "degraded": False}
    assert (same.status, same.body) == (304, None)
    assert changed.body["version"] == 2


async def test_namespaces_of_a_version_to_come_are_not_ready(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        early = await somebody.get("/namespaces?min_version=2")
        odd = await somebody.get("/namespaces?min_version=two")
        sandbox.put_tool(sandbox.workspaces[0].id, "company_demo", {"name": "NEW"})
        ready = await somebody.get("/namespaces?min_version=2")
    assert (early.status, early.code) == (409, "TOOLS_NOT_READY")
    assert early.body["retry_after_ms"] > 0
    assert odd.status == 400
    assert ready.status == 200
