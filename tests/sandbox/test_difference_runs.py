"""Runs where the service differs: what they answer, by which route they are asked for, and what they do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from .differing import GET, LIST, RUNS, SEARCH, Service, service

Body = dict[str, Any]
Read = Callable[[Any], Any]


def text_of(answer: Any) -> str:
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


def mcp(answer: Any) -> Any:
    return json.loads(text_of(answer))


RESULTS: dict[str, tuple[Read, Read]] = {  # how to come by the data of a success, and by what says failure
    "results-error-object": (lambda a: a["data"], lambda a: a["error"]["message"]),
    "results-error-in-data": (lambda a: a["data"], lambda a: a["data"]["message"] if a["error"] is None else ""),
    "results-data-beside-error": (lambda a: a["data"], lambda a: a["error"] if a["data"] else ""),
    "results-successful-alone": (lambda a: a["data"], lambda a: a["error"] if "success" not in a else ""),
    "results-success-alone": (lambda a: a["data"], lambda a: a["error"] if "successful" not in a else ""),
    "results-flags-text": (lambda a: a["data"], lambda a: a["error"] if a["success"] == "false" else ""),
    "results-flags-number": (lambda a: a["data"], lambda a: a["error"] if a["success"] is not False else ""),
    "results-status": (lambda a: a["data"], lambda a: a["message"] if a["status"] == "error" else ""),
    "results-as-text": (lambda a: json.loads(a["data"]), lambda a: a["error"]),
    "results-response-data": (lambda a: a["data"]["response_data"], lambda a: a["error"]),
    "results-twice": (lambda a: a["data"]["data"], lambda a: a["data"]["error"] if a["successful"] else ""),
    "results-twice-as-text": (
        lambda a: json.loads(a["data"])["data"],
        lambda a: json.loads(a["data"])["error"] if a["successful"] else "",
    ),
    "results-in-result": (lambda a: a["result"], lambda a: a["error"]),
    "results-in-output": (lambda a: a["output"], lambda a: a["error"]),
    "results-in-response": (lambda a: a["response"], lambda a: a["error"]),
    "results-mcp": (mcp, lambda a: text_of(a) if a["isError"] else ""),
    "results-mcp-structured": (lambda a: a["structuredContent"], lambda a: text_of(a) if a["isError"] else ""),
    "results-mcp-pieces": (
        lambda a: mcp(a) if len(a["content"]) == 2 else None,
        lambda a: text_of(a) if a["isError"] else "",
    ),
    "results-mcp-image": (mcp, lambda a: text_of(a) if a["isError"] else ""),
    "results-mcp-in-data": (
        lambda a: a["data"]["structuredContent"],
        lambda a: text_of(a["data"]) if a["data"]["isError"] and a["success"] is True else "",
    ),
    "results-json-rpc": (lambda a: mcp(a["result"]), lambda a: text_of(a["result"]) if a["result"]["isError"] else ""),
    "results-bare": (lambda a: a, lambda a: a["error"]["message"]),
}


@pytest.mark.parametrize("name", RESULTS)
async def test_a_result_has_its_data_and_a_failure_its_words_in_another_place(name: str) -> None:
    data_of, words_of = RESULTS[name]
    async with service(name) as differing, service() as described:
        expected = (await described.run("platform__context_query", GET)).json()["data"]
        assert data_of((await differing.run("platform__context_query", GET)).json()) == expected
        failed = await differing.run("platform__context_query", {"op": "nothing"})
        refused = await differing.run("platform__context_query", {"op": "get", "id": "ctx_nowhere"})
    assert failed.status_code == (422 if name == "results-bare" else 200)
    assert "'nothing' is not one of" in words_of(failed.json())
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


async def test_an_image_of_mcp_content_is_an_image() -> None:
    async with service("results-mcp-image") as differing:
        (_, image) = (await differing.run("platform__context_query", LIST)).json()["content"]
    assert (image["type"], image["mimeType"]) == ("image", "image/png")
    assert base64.b64decode(image["data"], validate=True).startswith(b"\x89PNG\r\n")


LISTS: dict[str, Read] = {
    "platform-lists-bare": lambda data: data,
    "platform-lists-in-data": lambda data: data["data"],
    "platform-lists-in-results": lambda data: data["results"],
    "platform-lists-in-records": lambda data: data["records"],
    "platform-lists-by-kind": lambda data: data["contexts"],
    "platform-cursor-camel": lambda data: data["items"],
    "platform-pagination": lambda data: data["items"],
}
CURSORS: dict[str, Read] = {
    "platform-lists-in-data": lambda data: data["next_cursor"],
    "platform-lists-by-kind": lambda data: data["next_cursor"],
    "platform-cursor-camel": lambda data: data["nextCursor"],
    "platform-pagination": lambda data: data["pagination"]["next_cursor"],
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("parameters", [LIST, SEARCH], ids=["list", "search"])
async def test_the_lists_of_platform_stand_elsewhere(name: str, parameters: Body) -> None:
    async with service(name) as differing, service() as described:
        found = (await differing.run("platform__context_query", parameters)).json()["data"]
        same = (await described.run("platform__context_query", parameters)).json()["data"]
    assert LISTS[name](found) == same["items"]
    if name in CURSORS:
        assert CURSORS[name](found) == same["next_cursor"]


FIELDS = {
    "records-underscore-id": ("id", "_id"),
    "records-uuid": ("id", "uuid"),
    "records-name-for-title": ("title", "name"),
    "records-text-for-content": ("content", "text"),
    "records-camel": ("updated_at", "updatedAt"),
}


@pytest.mark.parametrize("name", FIELDS)
async def test_the_fields_of_records_have_other_names(name: str) -> None:
    before, after = FIELDS[name]
    async with service(name) as differing, service() as described:
        record = (await differing.run("platform__context_query", GET)).json()["data"]
        same = (await described.run("platform__context_query", GET)).json()["data"]
    assert (record[after], before in record) == (same[before], False)


async def test_a_record_stands_under_its_kind_or_in_a_list() -> None:
    async with service("records-wrapped") as wrapped, service("records-in-list") as listed:
        assert (await wrapped.run("platform__context_query", GET)).json()["data"]["context"]["id"] == GET["id"]
        assert (await listed.run("platform__context_query", GET)).json()["data"][0]["id"] == GET["id"]


async def names_of(differing: Service) -> list[str]:
    return [tool["name"] for tool in (await differing.json("/list/apps/platform/tools"))["tools"]]


SPLIT = {
    "platform-split": ("list_contexts", "create_context", "run_automation", "list_automation_runs"),
    "platform-split-camel": ("listContexts", "createContext", "runAutomation", "listAutomationRuns"),
    "platform-split-dotted": ("contexts.list", "contexts.create", "automations.start", "automations.runs"),
}


@pytest.mark.parametrize("name", SPLIT)
async def test_each_operation_is_a_tool_that_does_it_and_needs_what_it_needed(name: str) -> None:
    lists, creates, starts, runs = SPLIT[name]
    async with service(name, permissions={"read", "execute"}) as differing:
        tools = {tool["name"]: tool for tool in (await differing.json("/list/apps/platform/tools"))["tools"]}
        assert {"list_workspaces", lists, creates, starts, runs} <= tools.keys()
        assert not [one for one in tools if one.endswith(("_query", "_edit"))]
        assert "op" not in tools[lists]["inputSchema"]["properties"]
        assert (tools[lists]["permission"], tools[creates]["permission"]) == ("read", "write")
        assert len((await differing.run(f"platform__{lists}", {"limit": 2})).json()["data"]["items"]) == 2
        assert (await differing.run(f"platform__{creates}", {"title": "T", "content": "C"})).status_code == 403
        assert (await differing.run("platform__context_query", LIST)).status_code == 404
        await differing.run(f"platform__{starts}", {"id": "aut_acme_refund"})
        held = await differing.run(f"platform__{runs}", {"id": "aut_acme_refund"})
    assert isinstance(held.json()["data"]["items"], list)


async def test_what_a_split_tool_writes_is_written() -> None:
    async with service("platform-split", "older-execute") as differing:
        made = await differing.run_older("platform__create_context", {"title": "A title of ours", "content": "C"})
        rows = differing.sandbox.database.rows("SELECT title FROM contexts WHERE title = 'A title of ours'")
    assert (made.status_code, rows) == (200, [{"title": "A title of ours"}])


GONE = {
    "platform-no-context-query": {"context_query"},
    "platform-no-queries": {"context_query", "prompt_query", "persona_query", "automation_query"},
    "platform-workspaces-alone": {"context_query", "context_edit", "automation_run"},
    "platform-no-tools": {"list_workspaces", "context_query", "context_edit"},
}


@pytest.mark.parametrize("name", GONE)
async def test_tools_that_are_gone_are_neither_listed_nor_run(name: str) -> None:
    async with service(name) as differing:
        assert not GONE[name] & {*await names_of(differing)}
        for tool in GONE[name]:
            answer = await differing.run(f"platform__{tool}", LIST)
            assert (answer.status_code, answer.json()["error"]["message"]) == (404, f"There is no tool {tool!r}.")
        assert (await differing.run("company_demo__LOG_NOTE", {"text": "hi"})).status_code == 200


async def test_without_platform_all_of_it_is_gone() -> None:
    async with service("no-platform") as differing:
        listed = [one["name"] for one in (await differing.json("/namespaces"))["namespaces"]]
        assert listed == ["company_demo", "gmail_demo", "googlecalendar_demo"]
        assert (await differing.get("/list/apps/platform/tools")).status_code == 404
        assert (await differing.run("platform__list_workspaces", {})).status_code == 404


@pytest.mark.parametrize(
    ("name", "fits", "no_longer"),
    [
        ("platform-op-find", SEARCH | {"op": "find"}, SEARCH),
        ("platform-other-ops", GET | {"op": "one"}, GET),
        ("platform-other-ops", SEARCH | {"op": "find"}, SEARCH),
        ("platform-action", {"action": "list", "limit": 1}, LIST),
    ],
)
async def test_operations_have_other_names_and_the_described_ones_fail(name: str, fits: Body, no_longer: Body) -> None:
    async with service(name) as differing:
        (query,) = [
            one
            for one in (await differing.json("/list/apps/platform/tools"))["tools"]
            if one["name"] == "context_query"
        ]
        done = (await differing.run("platform__context_query", fits)).json()
        failed = (await differing.run("platform__context_query", no_longer)).json()
    properties = query["inputSchema"]["properties"]
    assert (properties.get("op") or properties["action"])["enum"].count(fits.get("op", "list")) == 1
    assert (done["successful"], failed["successful"], failed["data"]) == (True, False, None)


OLDER = {"older-execute": (404, "Cannot POST"), "older-execute-json": (404, "detail"), "older-execute-405": (405, "")}
GMAIL = {"_connected_account_id": "ca_gmail_demo", "_server_id": "srv_gmail"}


@pytest.mark.parametrize("name", [*OLDER, "older-service", "oldest-service"])
async def test_the_older_route_serves_and_the_newer_one_is_not_there(name: str) -> None:
    status, words = OLDER.get(name, OLDER["older-execute"])
    async with service(name) as differing:
        missing = await differing.run(*RUNS["note"])
        assert (missing.status_code, words in missing.text, "code" in missing.text) == (status, True, False)
        assert differing.notes == []
        assert (await differing.run_older(*RUNS["note"])).json()["data"]["text"] == "hi"
        assert differing.notes == ["hi"]
        sent = await differing.run_older("gmail_demo__GMAIL_FETCH_EMAILS", GMAIL)
        assert sent.json()["successful"] is True


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"no JSON", {}, 400),
        (b"[]", {}, 400),
        (b'{"text": "hi"}', {"X-App-Context": "company_demo"}, 400),
        (b'{"_app_context": "company_demo", "text": "hi"}', {}, 400),
        (b'{"_app_context": "company_demo", "text": "hi"}', {"X-App-Context": "platform"}, 400),
        (b'{"_app_context": "nowhere", "text": "hi"}', {"X-App-Context": "nowhere"}, 404),
    ],
)
async def test_the_older_route_must_be_asked_exactly(body: bytes, headers: dict[str, str], status: int) -> None:
    async with service("older-execute") as differing:
        answer = await differing.caller.http.post("/execute/LOG_NOTE", content=body, headers=headers)
        assert (answer.status_code, "code" in answer.json()["error"], differing.notes) == (status, True, [])


async def test_the_older_route_needs_the_connection_as_the_newer_one_does() -> None:
    async with service("older-execute") as differing:
        answers = [
            await differing.run_older("gmail_demo__GMAIL_FETCH_EMAILS", fields)
            for fields in ({}, GMAIL | {"_server_id": "other"}, GMAIL)
        ]
        headers = {"X-Connected-Account-Id": "ca_gmail_demo", "X-Server-Id": "srv_gmail"}
        answers.append(await differing.run_older("gmail_demo__GMAIL_FETCH_EMAILS", {}, **headers))
    assert [answer.status_code for answer in answers] == [400, 400, 200, 400]


APPS: dict[str, Read] = {
    "list-apps": lambda answer: [one["name"] for one in answer["apps"]],
    "list-apps-no-version": lambda answer: [one["name"] for one in answer["apps"]],
    "older-service": lambda answer: [one["name"] for one in answer["apps"]],
    "list-apps-bare": lambda answer: [one["name"] for one in answer],
    "list-apps-names": lambda answer: answer,
    "oldest-service": lambda answer: answer,
}


@pytest.mark.parametrize("name", APPS)
async def test_list_apps_serves_the_namespaces_to_good_keys(name: str) -> None:
    async with service(name) as differing:
        assert APPS[name](await differing.json("/list/apps")) == [
            "platform",
            "company_demo",
            "gmail_demo",
            "googlecalendar_demo",
        ]
        missing = await differing.get("/namespaces")
        assert (missing.status_code, "Cannot GET /namespaces" in missing.text) == (404, True)
        assert (await differing.get("/list/apps", Authorization="Bearer uru_test_nobody")).status_code == 401


async def test_a_key_without_a_workspace_selects_one_where_the_service_is_older() -> None:
    async with service("older-service", workspace=None) as differing:
        assert await differing.json("/list/apps") == {"apps": [{"name": "platform", "recovery": True}]}
        globex = differing.sandbox.workspaces[1]
        await differing.run_older("platform__set_current_workspace", {"workspace_id": globex.id})
        assert len((await differing.json("/list/apps"))["apps"]) == 4


ENVELOPES: dict[str, tuple[str, Body]] = {
    "gateway-envelope": ("data", {"status": "success"}),
    "gateway-envelope-result": ("result", {"success": True, "errors": [], "messages": []}),
}


@pytest.mark.parametrize("name", ENVELOPES)
async def test_an_envelope_is_around_every_answer(name: str) -> None:
    field, beside = ENVELOPES[name]
    async with service(name) as differing, service() as described:
        for path in ("/health", "/namespaces", "/tools/sync/version", "/list/apps/company_demo/tools"):
            assert await differing.json(path) == {**beside, field: await described.json(path)}
        refused = (await differing.run("platform__context_query", {"op": "get", "id": "ctx_x"})).json()
    assert refused["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gateway-text-type", "text/plain; charset=utf-8"), ("gateway-html-type", "text/html"), ("gateway-no-type", None)],
)
async def test_json_says_that_it_is_something_else(name: str, kind: str | None) -> None:
    async with service(name) as differing:
        answer = await differing.get("/namespaces")
    assert (answer.headers.get("content-type"), answer.json()["namespaces"][0]["name"]) == (kind, "platform")


async def test_json_is_marked_compressed_or_without_an_etag() -> None:
    async with service("gateway-bom") as marked, service("gateway-gzip") as packed, service("gateway-no-etag") as bare:
        assert (await marked.get("/namespaces")).content.startswith(b'\xef\xbb\xbf{"namespaces"')
        answer = await packed.get("/namespaces")
        assert (answer.headers["content-encoding"], "namespaces" in answer.json()) == ("gzip", True)
        assert "etag" not in (await bare.get("/tools/sync/version")).headers


async def test_a_gateway_fails_once_and_is_fine_then() -> None:
    paths = ("/namespaces", "/keys/self", "/namespaces")
    for name, expected in (("gateway-502-once", [502, 200, 200]), ("gateway-502-once-each", [502, 502, 200])):
        async with service(name) as differing:
            answers = [await differing.get(path) for path in paths]
            assert [answer.status_code for answer in answers] == expected
            assert answers[0].headers["content-type"].startswith("text/html")
    async with service("gateway-502-once-each") as differing:
        assert (await differing.run(*RUNS["note"])).status_code == 200


ERRORS: dict[str, Any] = {
    "errors-flat": lambda code, message: {"code": code, "message": message},
    "errors-code-as-error": lambda code, message: {"error": code, "message": message},
    "errors-error-code": lambda code, message: {"error_code": code, "error": message},
    "errors-detail": lambda code, message: {"detail": {"code": code, "message": message}},
    "errors-detail-code": lambda code, _: {"detail": code},
    "errors-details": lambda code, message: {"message": message, "details": {"code": code}},
    "errors-upper-case": lambda code, message: {"error": {"code": code.upper().replace("_", "-"), "message": message}},
    "errors-message-alone": lambda _, message: {"message": message},
    "errors-in-text": lambda code, message: json.dumps({"error": {"code": code, "message": message}}),
}


@pytest.mark.parametrize("name", ERRORS)
async def test_errors_say_the_same_otherwise(name: str) -> None:
    async with service(name) as differing:
        answer = await differing.get("/namespaces", Authorization="Bearer uru_test_nobody")
    expected = ERRORS[name]("invalid_api_key", "The API key is missing or not known.")
    assert (answer.status_code, answer.json()) == (401, expected)


async def test_errors_say_nothing_but_their_status() -> None:
    async with service("errors-html") as page, service("errors-empty") as empty:
        for differing, start in ((page, b"<html>"), (empty, b"")):
            answer = await differing.get("/namespaces", Authorization="Bearer uru_test_nobody")
            assert (answer.status_code, answer.content[:6]) == (401, start)


async def test_a_refusal_says_what_is_granted_where_there_is_room_for_it() -> None:
    granted: dict[str, Read] = {
        "errors-flat": lambda body: body["granted"],
        "errors-detail": lambda body: body["detail"]["granted"],
        "errors-details": lambda body: body["details"]["granted"],
    }
    for name, read in granted.items():
        async with service(name, permissions={"read"}) as differing:
            assert read((await differing.run(*RUNS["refusal"])).json()) == ["read"]
