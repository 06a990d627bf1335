"""MCP Apps on the wire: what a client that declares them is told, and that every other client is told nothing of it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.apps.results import LARGE, REFUND, viewing_client
from tests.process import MODERN, served
from tests.world import Connect, Uru, text_of
from uru_mcp.apps.extension import CAPABILITIES_KEY, is_declared_in
from uru_mcp.apps.views import EXTENSION, MIME_TYPE, VIEWS
from uru_mcp.own_tools import CARD_TOOLS
from uru_mcp.sandbox.serve import serving

DECLARED = {"extensions": {EXTENSION: {"mimeTypes": [MIME_TYPE]}}}
HELLO = {"protocolVersion": "2025-11-25", "clientInfo": {"name": "test", "version": "1"}}
ERAS = ("legacy", "auto")


async def test_initialize_declares_the_extension_to_a_client_that_does_and_shows_it_an_icon(uru: Uru) -> None:
    """The SDK drops it (mcp 2.3.0), and hosts that look for it then show no view."""
    async with serving(uru.sandbox) as url, served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude:
        told = await claude.result("initialize", {**HELLO, "capabilities": DECLARED})
    assert told["capabilities"]["extensions"] == {EXTENSION: {"mimeTypes": [MIME_TYPE]}}
    (icon,) = told["serverInfo"]["icons"]
    kind, drawing = icon["src"].split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b"<script" not in base64.b64decode(drawing)
    assert len(icon["src"]) < 600


@pytest.mark.parametrize("capabilities", [{}, {"extensions": {}}, {"extensions": {EXTENSION: {"mimeTypes": []}}}, 7])
async def test_initialize_is_what_it_was_for_a_client_that_declares_nothing_of_the_kind(
    uru: Uru, capabilities: Any
) -> None:
    async with serving(uru.sandbox) as url, served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude:
        told = (await claude.ask("initialize", {**HELLO, "capabilities": capabilities})).get("result", {})
    if isinstance(capabilities, dict):
        assert told["capabilities"].keys() == {"completions", "prompts", "resources", "tools"}
        assert told["serverInfo"].keys() == {"name", "title", "version"}


@pytest.mark.parametrize("declares", [True, False])
async def test_discover_declares_the_extension_to_a_client_that_does(uru: Uru, declares: bool) -> None:
    meta = {"io.modelcontextprotocol/clientCapabilities": DECLARED if declares else {}}
    async with serving(uru.sandbox) as url, served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude:
        claude.modern = True
        first = await claude.result("server/discover", {"_meta": meta})
        await claude.result("tools/list", {"_meta": meta})
        later = await claude.result("server/discover", {"_meta": meta})
    assert first["supportedVersions"] == [MODERN]
    for told in (first, later):
        assert (EXTENSION in told["capabilities"].get("extensions", {})) is declares


@pytest.mark.parametrize("mode", ERAS)
async def test_a_view_has_both_keys_on_its_tool_and_is_listed_and_read(uru: Uru, mode: str) -> None:
    async with viewing_client(uru, uru.key().text, mode=mode) as claude:
        tools = {tool.name: tool for tool in (await claude.list_tools()).tools}
        listed = {one.uri: one for one in (await claude.list_resources()).resources}
        opened = {name: tool.meta for name, tool in tools.items() if "ui/resourceUri" in (tool.meta or {})}
        assert {"uru_whoami", "uru_show_run"} <= opened.keys()
        for meta in opened.values():
            assert meta is not None
            assert meta["ui"] == {"resourceUri": meta["ui/resourceUri"]}
            assert meta["ui/resourceUri"] in VIEWS
        for uri in VIEWS:
            (read,) = (await claude.read_resource(uri)).contents
            assert read.mime_type == listed[uri].mime_type == MIME_TYPE
            assert read.meta == listed[uri].meta
            assert read.meta == {"ui": {"prefersBorder": True, "csp": {"connectDomains": [], "resourceDomains": []}}}


@pytest.mark.parametrize("mode", ERAS)
async def test_a_view_of_the_key_is_there_also_where_the_settings_are_wrong(uru: Uru, mode: str) -> None:
    async with viewing_client(uru, uru.key().text, mode=mode, PERMISSIONS="reed") as claude:
        assert (await claude.call_tool("uru_whoami", {})).structured_content["problems"]
        assert (await claude.read_resource("ui://uru/key.html")).contents


@pytest.mark.parametrize("name", VIEWS)
def test_a_document_is_whole_and_asks_for_nothing(name: str) -> None:
    document = VIEWS[name].document
    assert len(document) < 40_000
    assert re.findall(r"(?:https?:)?//[a-z]+\.", document.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\$\{policy", document
    )
    assert "default-src 'none'; script-src 'sha256-" in document


async def test_other_clients_are_told_nothing_of_views(connect: Connect, uru: Uru) -> None:
    async with connect() as claude:
        tools = await claude.tools()
        assert not CARD_TOOLS.keys() & tools.keys()
        assert "uru_decide" not in tools
        assert [tool.name for tool in tools.values() if tool.meta] == []
        assert not [uri for uri in await claude.resources() if uri.startswith("ui:")]
        result = await claude.call("uru_whoami")
        assert not [name for name in result.meta or {} if name.startswith("uru-mcp/")]
        for name in CARD_TOOLS:
            with pytest.raises(MCPError, match="Unknown tool"):
                await claude.call(name, {"uri": f"uru://automations/{REFUND}"})
        for uri in VIEWS:
            with pytest.raises(MCPError):
                await claude.client.read_resource(uri)


@pytest.mark.parametrize("mode", ERAS)
async def test_what_a_client_with_views_is_told_besides_stands_in_meta_and_in_tools_of_their_own(
    connect_once: Connect, uru: Uru, mode: str
) -> None:
    key = uru.key().text
    async with connect_once(key=key) as claude:
        plain = await claude.tools()
        report = await claude.whoami()
    async with viewing_client(uru, key, mode=mode) as claude_with_views:
        tools = {tool.name: tool for tool in (await claude_with_views.list_tools()).tools}
        result = await claude_with_views.call_tool("uru_whoami", {})
    assert tools.keys() - plain.keys() == {*CARD_TOOLS, "uru_decide"}
    for name, tool in plain.items():
        assert tools[name].model_copy(update={"meta": None}) == tool.model_copy(update={"meta": None})
    assert result.structured_content == report


async def test_a_run_is_shown_with_the_state_of_each_step(uru: Uru) -> None:
    async with viewing_client(uru, uru.key().text) as claude:
        run = await claude.call_tool("platform__automation_run", {"id": REFUND, "input": LARGE})
        shown = await claude.call_tool("uru_show_run", {"uri": run.structured_content["uri"]})
    graph = shown.structured_content
    assert {node["id"]: node["state"] for node in graph["nodes"]} == {
        "start": "done", "sane": "done", "large": "done", "head": "waiting", "pay": "pending", "decline": "pending",
    }  # fmt: skip
    assert [event["type"] for event in graph["events"]] == ["started", "passed", "decided", "approval_requested"]
    assert graph["waits_for"][0]["question"] == "Refund 900 EUR to Ana Ferreira?"
    assert "Refund 900 EUR to Ana Ferreira?" in text_of(shown)
    assert json.dumps(graph["nodes"], separators=(",", ":")) in text_of(shown)


@pytest.mark.parametrize(
    ("permissions", "uri", "code"),
    [
        ({"execute"}, f"uru://automations/{REFUND}", "insufficient_permission"),
        ({"read"}, "uru://contexts/ctx_acme_handbook", "invalid_arguments"),
        ({"read"}, "uru://automations/none", "not_found"),
        ({"read"}, f"uru://automations/{REFUND}/runs/none", "not_found"),
        ({"read"}, "nonsense", "not_found"),
    ],
)
async def test_what_cannot_be_shown_is_refused(uru: Uru, permissions: set[str], uri: str, code: str) -> None:
    async with viewing_client(uru, uru.key(permissions).text) as claude:
        tools = [tool.name for tool in (await claude.list_tools()).tools]
        assert ("uru_show_run" in tools) is ("read" in permissions)
        refused = await claude.call_tool("uru_show_run", {"uri": uri})
    assert refused.is_error
    assert refused.structured_content["error"]["code"] == code


async def key_card(claude: Client) -> dict[str, Any]:
    meta = (await claude.call_tool("uru_whoami", {})).meta or {}
    return dict(meta["uru-mcp/card"])


async def test_the_card_of_the_key_has_its_use_by_day_and_what_uru_counts(uru: Uru, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    async with viewing_client(uru, uru.key().text, AUDIT_LOG=str(log)) as claude:
        await claude.call_tool("uru_whoami", {})
        await claude.call_tool("uru_show_run", {"uri": "uru://automations/none"})
        card = await key_card(claude)
    assert card["use"]["outcomes"] == {"ok": 2, "not_found": 1}
    today = card["use"]["days"][-1]
    assert (today["done"], today["refused"], today["failed"]) == (2, 0, 1)
    assert card["uru"]["total"] == card["uru"]["last_day"] > 0
    assert card["elsewhere"] is None


async def test_requests_that_other_machines_send_with_the_key_are_noticed_and_our_own_are_not(
    uru: Uru, tmp_path: Path
) -> None:
    log, key = tmp_path / "audit.log", uru.key()
    async with (
        viewing_client(uru, key.text, AUDIT_LOG=str(log)) as first,
        viewing_client(uru, key.text, AUDIT_LOG=str(log)) as second,
    ):
        await first.call_tool("uru_whoami", {})
        for claude in (second, first, second):
            await claude.call_tool("uru_list_resources", {})
            seen = await key_card(claude)
            assert seen["elsewhere"] is None, "several servers of one machine share the count"
        for _ in range(100):
            uru.sandbox.keys.note_use(key.record.id)
        stolen = (await key_card(first))["elsewhere"]
    assert 50 < stolen["requests"] <= 100, "requests of the first seconds are not told apart, and so not reported"


json_values = some.recursive(
    some.none() | some.integers() | some.text(max_size=3) | some.just([MIME_TYPE]),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(["capabilities", "_meta", CAPABILITIES_KEY, "extensions", EXTENSION, "mimeTypes"]), inner
        )
    ),
    max_leaves=10,
)


@given(some.none() | some.dictionaries(some.sampled_from(["capabilities", "_meta"]), json_values))
def test_whatever_a_client_sends_says_whether_it_shows_views(params: dict[str, Any] | None) -> None:
    assert is_declared_in(params) in (True, False)
