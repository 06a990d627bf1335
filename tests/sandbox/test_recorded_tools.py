"""Synthetic tools, catalogs of strangers, and tools that come and go."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.tools.recorded_tools import BadCatalog

from .callers import Connect, connected

ODD: list[dict[str, Any]] = [
    {"name": "NO_SCHEMA", "description": None},
    {"name": "ARRAY", "inputSchema": {"type": "array", "items": {}}},
    {"name": "BROKEN", "inputSchema": {"type": "object", "properties": {"x": {"type": "strung"}}}},
    {"name": "NOWHERE", "inputSchema": {"type": "object", "properties": {"x": {"$ref": "#/$defs/none"}}}},
    {"name": "REMOTE", "inputSchema": {"type": "object", "properties": {"x": {"$ref": "https://example.com/s"}}}},
    {"name": "ENDLESS", "inputSchema": {"$ref": "#"}},
    {"name": "NOT_A_DICT", "inputSchema": "anything"},
    {"id": "BY_ID"},
    {"type": "function", "function": {"name": "BY_FUNCTION", "parameters": {"type": "object", "required": ["x"]}}},
    {"name": "TWICE", "inputSchema": {"type": "object", "required": ["comment"]}},
    {"name": "TWICE", "inputSchema": {"type": "object", "required": ["body"]}},
    {"name": "Spaces and.dots", "description": "tags \U000e0041 and half a pair \ud83d"},
    {"name": "\ud83d"},
]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.json"
    namespace = {"name": "external_mcp_odd", "displayName": "Odd", "more": [1], "tools": ODD}
    path.write_text(json.dumps({"namespaces": [namespace]}))
    return path


@pytest.fixture
def odd(catalog: Path) -> Iterator[Sandbox]:
    opened = Sandbox.open(catalog=catalog)
    yield opened
    opened.close()


async def test_a_catalog_is_passed_on_as_it_is(odd: Sandbox) -> None:
    async with connected(odd) as somebody:
        namespaces = (await somebody.get("/namespaces")).body["namespaces"]
        listed = (await somebody.get("/list/apps/external_mcp_odd/tools")).body["tools"]
    assert {"name": "external_mcp_odd", "displayName": "Odd", "more": [1]} in namespaces
    assert listed == ODD


@pytest.mark.parametrize(
    "name", ["NO_SCHEMA", "ARRAY", "BROKEN", "NOWHERE", "REMOTE", "ENDLESS", "NOT_A_DICT", "BY_ID"]
)
async def test_a_broken_schema_checks_nothing(odd: Sandbox, name: str) -> None:
    async with connected(odd) as somebody:
        data = await somebody.use(f"external_mcp_odd__{name}", x=1)
    assert data["recorded"] == {"x": 1}


async def test_odd_names_are_called_as_they_are(odd: Sandbox) -> None:
    async with connected(odd) as somebody:
        await somebody.use("external_mcp_odd__Spaces and.dots")
        assert "x" in await somebody.fail("external_mcp_odd__BY_FUNCTION")
        await somebody.use("external_mcp_odd__BY_FUNCTION", x=1)
        response = await somebody.http.post(
            "/execute/external_mcp_odd__execute_tool",
            content=json.dumps({"tool_name": "\ud83d", "parameters": {}}),
            headers={"X-Namespace": "external_mcp_odd"},
        )
    assert response.json()["successful"] is True


async def test_a_name_that_is_listed_twice_takes_the_arguments_of_either(odd: Sandbox) -> None:
    async with connected(odd) as somebody:
        await somebody.use("external_mcp_odd__TWICE", comment="x")
        await somebody.use("external_mcp_odd__TWICE", body="x")
        await somebody.fail("external_mcp_odd__TWICE", text="x")


@pytest.mark.parametrize("text", ["", "[]", '{"namespaces": [{"name": "x"}]}', '{"namespaces": {"x": 1}}'])
def test_a_file_that_is_no_catalog_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(text)
    with pytest.raises(BadCatalog, match="catalog"):
        Sandbox.open(catalog=path)


async def test_synthetic_tools_are_as_many_as_wanted_and_sound() -> None:
    sandbox = Sandbox.open(tools=500)
    async with connected(sandbox) as somebody:
        names: set[tuple[str, str]] = set()
        for record in (await somebody.get("/namespaces")).body["namespaces"]:
            if record["name"].startswith("synthetic_"):
                for tool in (await somebody.get(f"/list/apps/{record['name']}/tools")).body["tools"]:
                    Draft202012Validator.check_schema(tool["inputSchema"])
                    names.add((record["name"], tool["name"]))
    assert len(names) == 500
    assert len({namespace for namespace, _ in names}) == 12
    sandbox.close()


async def test_a_synthetic_tool_checks_and_records_its_arguments() -> None:
    sandbox = Sandbox.open(tools=24)
    async with connected(sandbox) as somebody:
        assert "id" in await somebody.fail("synthetic_01__GET_ACCOUNTS")
        data = await somebody.use("synthetic_01__GET_ACCOUNTS", id="7")
        assert (await somebody.call("synthetic_01__DELETE_ACCOUNTS", id="7")).status == 404
    calls = sandbox.database.rows("SELECT id, arguments_json, outcome FROM calls ORDER BY rowid")
    assert [(call["arguments"], call["outcome"]) for call in calls] == [({}, "failed"), ({"id": "7"}, "succeeded")]
    assert (data["recorded"], data["log_id"]) == ({"id": "7"}, calls[1]["id"])
    assert "recorded this call" in data["done"]
    assert "sent nothing to the outside" in data["done"]
    sandbox.close()


async def test_forty_thousand_tools_cost_nothing_until_they_are_listed() -> None:
    start = time.process_time()
    sandbox = Sandbox.open(tools=40_000)
    opened = time.process_time() - start
    async with connected(sandbox) as somebody:
        counts = [
            len((await somebody.get(f"/list/apps/synthetic_{number:02}/tools")).body["tools"])
            for number in range(1, 13)
        ]
    assert sum(counts) == 40_000
    assert opened < 1
    sandbox.close()


async def test_a_tool_can_be_added_replaced_and_taken_away_in_one_workspace(sandbox: Sandbox, connect: Connect) -> None:
    acme = sandbox.workspaces[0].id

    async with connect() as somebody, connect(workspace="Globex") as neighbour:

        async def listed(namespace: str) -> list[str]:
            return [tool["name"] for tool in (await somebody.get(f"/list/apps/{namespace}/tools")).body["tools"]]

        sandbox.put_tool(acme, "slack_new", {"name": "POST", "inputSchema": {"type": "object", "required": ["text"]}})
        sandbox.put_tool(acme, "company_demo", {"name": "LOG_NOTE", "inputSchema": {"type": "object"}})
        sandbox.remove_tool(acme, "platform", "prompt_query")

        assert await listed("slack_new") == ["POST"]
        assert "prompt_query" not in await listed("platform")
        assert (await listed("company_demo"))[0] == "LOG_NOTE"
        assert (await somebody.call("platform__prompt_query", op="list")).status == 404
        assert (await somebody.use("slack_new__POST", text="hi"))["recorded"] == {"text": "hi"}
        await somebody.use("company_demo__LOG_NOTE", text="hi", loud=True)
        assert (await neighbour.call("platform__prompt_query", op="list")).status == 200
        assert (await neighbour.call("slack_new__POST", text="hi")).status == 404

        sandbox.remove_tool(acme, "slack_new", "POST")
        assert (await somebody.call("slack_new__POST", text="hi")).status == 404
        assert (await somebody.get("/tools/sync/version")).body["version"] == 5
    assert sandbox.database.rows("SELECT text FROM notes ORDER BY rowid DESC")[0]["text"] == "hi"
