"""The promise of the project: what a key may not do is not listed, is refused when called, and is never sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from typing import Any

import anyio
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from tests.world import ALL, CATALOG, ERAS, Connect, Uru, connector, text_of
from uru_mcp.access.gate import allows
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.catalog.tool_names import LONGEST_LISTED, listed_name
from uru_mcp.permissions import Grant, Permission
from uru_mcp.uru.http_errors import workspace_problem

SETS = [frozenset(chosen) for n in range(4) for chosen in combinations(("read", "write", "execute"), n)]

# Written down apart from the bridge's own table: what Uru's API page says of its platform.
PLATFORM = {
    "list_workspaces": set(),
    "set_current_workspace": set(),
    "context_query": {"read"},
    "prompt_query": {"read"},
    "persona_query": {"read"},
    "automation_query": {"read"},
    "context_edit": {"write"},
    "prompt_edit": {"write"},
    "persona_edit": {"write"},
    "automation_edit": {"write"},
    "automation_run": {"execute"},
    "automation_decide": {"execute"},
}
OWN = {
    "uru_whoami": set(),
    "uru_search_tools": set(),
    "uru_read": {"read"},
    "uru_write": {"write"},
    "uru_execute": {"execute"},
    "uru_result": set(),
    "uru_list_resources": {"read"},
    "uru_read_resource": {"read"},
}


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    """The sandbox with all of a real workspace's tools beside its own."""
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


@cache
def declared() -> dict[tuple[str, str], set[str]]:
    """What the tools of the catalog file declare, by namespace and name."""
    namespaces = json.loads(CATALOG.read_text())["namespaces"]
    return {
        (namespace["name"], tool["name"]): {tool["permission"]}
        for namespace in namespaces
        for tool in namespace["tools"]
        if "permission" in tool
    }


@pytest.fixture(scope="module")
def needs_in_large(large: Uru) -> dict[str, set[str]]:
    """`every_tool` of it, which no test changes."""
    return anyio.run(every_tool, large)


async def every_tool(uru: Uru) -> dict[str, set[str]]:
    """Every tool there is, as an all-permitted key finds it, and what it needs by the test's own reckoning."""
    needs: dict[str, set[str]] = {}
    async with connector(uru, "legacy")(ALL, DIRECT_TOOLS="all") as claude:
        overview = await claude.data("uru_search_tools")
        for namespace in (item["namespace"] for item in overview["namespaces"]):
            offset: int | None = 0
            while offset is not None:
                page = await claude.data("uru_search_tools", {"namespace": namespace, "limit": 50, "offset": offset})
                for hit in page["hits"]:
                    name = hit["tool"].partition("__")[2]
                    extra = declared().get((namespace, name), set())
                    needs[hit["tool"]] = PLATFORM[name] if namespace == "platform" else {"execute"} | extra
                offset = page["next_offset"]
    return needs


def as_listed(name: str) -> str:
    """The name in a list of what a search found under this name: shorter where clients have no room for it."""
    return name if len(name) <= LONGEST_LISTED else listed_name(*name.split("__", 1))


@pytest.mark.parametrize("granted", SETS, ids=lambda granted: "+".join(sorted(granted)) or "nothing")
async def test_every_tool_is_listed_exactly_when_allowed_and_otherwise_refused_and_never_sent(
    large: Uru, needs_in_large: dict[str, set[str]], granted: frozenset[str]
) -> None:
    needs = needs_in_large
    assert len(needs) > 540
    async with connector(large, "legacy")(granted, DIRECT_TOOLS="all") as claude:
        listed = set(await claude.tools())
        assert listed == {as_listed(name) for name, needed in {**OWN, **needs}.items() if needed <= granted}

        before = large.sent("/execute/")
        for tool in (tool for tool, needed in needs.items() if not needed <= granted):
            error = await claude.error(tool, {})
            assert error["code"] == "insufficient_permission", error
            assert set(error["required"]) == needs[tool]
            assert set(error["granted"]) == granted
            assert set(error["missing"]) == needs[tool] - granted
        assert large.sent("/execute/") == before


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("granted", SETS, ids=lambda granted: "+".join(sorted(granted)) or "nothing")
async def test_dispatch_tools_are_no_way_around_the_gate(uru: Uru, granted: frozenset[str], era: str) -> None:
    needs = await every_tool(uru)
    before = uru.sent("/execute/")
    async with connector(uru, era)(granted) as claude:
        for tool in (tool for tool, needed in needs.items() if not needed <= granted):
            for dispatcher in ("uru_read", "uru_write", "uru_execute"):
                error = await claude.error(dispatcher, {"tool": tool, "input": {"op": "list"}})
                assert (error["code"], error["tool"]) == ("insufficient_permission", tool)
    assert uru.sent("/execute/") == before


async def test_a_refusal_names_the_tool_what_it_needs_what_is_there_and_what_to_do(connect: Connect, uru: Uru) -> None:
    async with connect({"read"}) as claude:
        result = await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})

    assert result.is_error
    assert text_of(result) == (
        "insufficient_permission: company_demo__LOG_NOTE needs Execute. This API key has Read; missing: Execute."
        " Nothing was sent to Uru.\n"
        "Ask the user to give the key Execute in Uru → Settings → API Keys, or to use a key that has it."
    )
    assert error_of(result) == {
        "code": "insufficient_permission",
        "message": "company_demo__LOG_NOTE needs Execute. This API key has Read; missing: Execute."
        " Nothing was sent to Uru.",
        "tool": "company_demo__LOG_NOTE",
        "required": ["execute"],
        "granted": ["read"],
        "missing": ["execute"],
        "fix": "Ask the user to give the key Execute in Uru → Settings → API Keys, or to use a key that has it.",
        "retryable": False,
    }
    assert uru.notes == []


async def test_a_refusal_because_of_the_ceiling_says_that_it_is_the_ceiling(connect_once: Connect) -> None:
    async with connect_once(ALL, PERMISSIONS="read") as claude:
        error = await claude.error("platform__context_edit", {"op": "create"})

    assert error["message"].startswith(
        "platform__context_edit needs Write. This API key has Read, Write and Execute,"
        " of which URU_PERMISSIONS allows Read; missing: Write."
    )
    assert error["missing"] == ["write"]
    assert (error["granted"], error["ceiling"]) == (["read", "write", "execute"], ["read"])
    assert error["fix"] == "Ask the user to add write to URU_PERMISSIONS, if the key may have it."


async def test_a_refusal_by_key_and_ceiling_names_both(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"read", "write"}, PERMISSIONS="read") as claude:
        uru.sandbox.put_tool(uru.acme.id, "platform", {"name": "mystery", "inputSchema": {"type": "object"}})
        error = await claude.error("uru_execute", {"tool": "platform__automation_run", "input": {"id": "x"}})

    assert error["missing"] == ["execute"]
    assert "give the key Execute" in error["fix"]


async def test_a_ceiling_takes_away_and_never_adds(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"read"}, PERMISSIONS="read,execute") as claude:
        error = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})

    assert error["granted"] == ["read"]
    assert uru.notes == []


def test_without_a_workspace_only_what_needs_nothing_is_allowed() -> None:
    everything = Grant(told=frozenset(Permission))
    key_status = KeyStatus(grant=everything, trouble=workspace_problem("workspace_selection_required"))
    assert allows(frozenset(), key_status)
    assert not allows(frozenset({Permission.READ}), key_status)
    assert not allows(frozenset(), KeyStatus(grant=everything, trouble=workspace_problem("workspace_not_accessible")))


async def test_a_platform_tool_that_nobody_can_classify_needs_everything(uru: Uru) -> None:
    uru.sandbox.put_tool(uru.acme.id, "platform", {"name": "mystery", "inputSchema": {"type": "object"}})
    async with connector(uru, "legacy")({"read", "execute"}) as claude:
        assert "platform__mystery" not in await claude.tools()
        error = await claude.error("platform__mystery")

    assert error["required"] == ["read", "write", "execute"]
    assert error["missing"] == ["write"]


async def test_a_strangers_server_cannot_make_its_own_tools_look_harmless(large: Uru) -> None:
    async with connector(large, "legacy")(ALL, DIRECT_TOOLS="all") as claude:
        tool = (await claude.tools())["external_mcp_ignition_notes__list_notebooks"]
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is False
    assert tool.annotations.destructive_hint is True

    async with connector(large, "legacy")({"read"}, DIRECT_TOOLS="all") as claude:
        error = await claude.error("external_mcp_ignition_notes__purge_notebook", {"notebook": "Inbox"})
    assert error["required"] == ["read", "execute"]


def error_of(result: CallToolResult) -> Any:
    assert result.structured_content is not None
    return result.structured_content["error"]


CHOICES: dict[str, Callable[[str], bool]] = {
    "*,!gmail_*,!*__*DELETE*": lambda name: not name.lower().startswith("gmail_") and "delete" not in name.lower(),
    "!*__*SEND*": lambda name: "send" not in name.lower().partition("__")[2],
    "platform__*_query,*calendar*": lambda name: (
        (name.startswith("platform__") and name.endswith("_query")) or "calendar" in name.lower()
    ),
}


@pytest.mark.parametrize("patterns", CHOICES)
async def test_what_the_user_takes_away_is_neither_listed_nor_found_nor_run(large: Uru, patterns: str) -> None:
    needs = await every_tool(large)
    gone = {name for name in needs if not CHOICES[patterns](name)}
    assert 0 < len(gone) < len(needs)
    async with connector(large, "legacy")(ALL, DIRECT_TOOLS="all", TOOLS=patterns) as claude:
        assert set(await claude.tools()) == {as_listed(name) for name in {*OWN, *needs} - gone}
        report = await claude.whoami()
        assert report["tools"]["taken_away_by_user"] == len(gone)
        assert report["tools"]["blocked"] == 0, "no permission is missing"
        assert report["problems"] == []
        before = large.sent("/execute/")
        for name in gone:
            assert (await claude.error(name, {}))["code"] == "forbidden"
        for name in sorted(gone)[::20]:
            for call in ({"tool": name}, {"tool": name, "input": {"op": "list"}}):
                error = await claude.error("uru_execute", call)
                assert (error["code"], error["setting"]) == ("forbidden", "URU_TOOLS")
            found = await claude.data("uru_search_tools", {"query": name, "limit": 50})
            assert not gone & {hit["tool"] for hit in found["hits"]}
        assert large.sent("/execute/") == before


async def test_a_kind_of_records_goes_with_the_tool_that_reads_it(connect: Connect, uru: Uru) -> None:
    async with connect(TOOLS="!platform__context_query") as claude:
        assert not [uri for uri in await claude.resources() if uri.startswith("uru://contexts/")]
        before = uru.sent("/execute/")
        with pytest.raises(MCPError):
            await claude.read("uru://contexts/ctx_acme_prices")
        await claude.error("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices"})
        assert uru.sent("/execute/") == before
        (lacking,) = (await claude.whoami())["resources"]["not_offered"]
    assert lacking["why"] == "the user has taken platform__context_query away with URU_TOOLS"


@pytest.mark.parametrize("patterns", ["destructive", "execute"])
async def test_nothing_that_needs_a_yes_is_sent_without_one(large: Uru, patterns: str) -> None:
    needs = await every_tool(large)
    async with connector(large, "legacy")(ALL, DIRECT_TOOLS="all", CONFIRM=patterns) as claude:
        hints = {
            name: tool.annotations and tool.annotations.destructive_hint
            for name, tool in (await claude.tools()).items()
        }
        chosen = [
            name
            for name, needed in needs.items()
            if ("execute" in needed if patterns == "execute" else hints[as_listed(name)])
        ]
        codes: Counter[str] = Counter()
        before = large.sent("/execute/")
        for name in chosen:
            codes[(await claude.error(name, {}))["code"]] += 1
        assert set(codes) <= {"declined", "invalid_arguments"}, "what is not fit to be sent is not asked about"
        assert codes["declined"] > 10
        assert large.sent("/execute/") == before


@pytest.mark.parametrize(
    ("variable", "patterns", "near", "tool"),
    [
        ("TOOLS", "*,!gmial_*", "gmail_demo__GMAIL_", "gmail_demo__GMAIL_SEND_EMAIL"),
        ("TOOLS", "!gmail_demo__GMAIL_SEND_EMIAL", "gmail_demo__GMAIL_SEND_EMAIL", "gmail_demo__GMAIL_SEND_EMAIL"),
        ("CONFIRM", "gmal_*", "gmail_demo__GMAIL_", "gmail_demo__GMAIL_SEND_EMAIL"),
    ],
)
async def test_a_slip_closes_what_is_nearest_and_is_told(
    connect: Connect, uru: Uru, variable: str, patterns: str, near: str, tool: str, caplog: pytest.LogCaptureFixture
) -> None:
    mail = {"recipient_email": "ana@demo.example", "subject": "Hello"}
    async with connect(**{variable: patterns}) as claude:
        (problem,) = (await claude.whoami())["problems"]
        assert f"in URU_{variable} fits no tool of this workspace" in problem["message"]
        assert near in problem["message"]
        assert near in problem["fix"]
        assert problem["message"] in caplog.text
        error = await claude.error(tool, mail)
        assert error["code"] == ("forbidden" if variable == "TOOLS" else "declined")
    assert not [one for one in uru.sandbox.requests if one.path.startswith("/execute/") and "SEND" in str(one.json)]


async def test_a_slip_in_what_is_chosen_opens_nothing(connect: Connect) -> None:
    async with connect(TOOLS="gmial_*") as claude:
        report = await claude.whoami()
        assert (report["tools"]["allowed"], report["state"]) == (0, "ready")
        assert "Did you mean gmail_demo__GMAIL_*?" in report["problems"][0]["fix"]


async def test_what_lets_a_workspace_be_selected_is_taken_away_too(connect: Connect, uru: Uru) -> None:
    async with connect(workspace=None, TOOLS="!platform__*_workspaces") as claude:
        listed = {name for name in await claude.tools() if name.startswith("platform__")}
        before = uru.sent("/execute/")
        error = await claude.error("platform__list_workspaces", {})
        assert uru.sent("/execute/") == before
    assert "platform__set_current_workspace" in listed
    assert "platform__list_workspaces" not in listed
    assert error["code"] == "forbidden"


async def test_what_is_taken_away_stays_so_while_the_tools_cannot_be_loaded(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/list/apps/platform/", 503, times=None)
    async with connect(TOOLS="!platform__*_workspaces") as claude:
        assert "platform__list_workspaces" not in await claude.tools()
        assert (await claude.error("platform__list_workspaces", {}))["code"] == "forbidden"
