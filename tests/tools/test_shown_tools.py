"""What is listed: our own tools, always true, and Uru's one by one as far as they fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp.types import Tool

from tests.time_limits import WITHIN
from tests.world import ALL, CATALOG, Connect, Uru, connector
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import OWN_TOOLS
from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import classified
from uru_mcp.errors import NoAnswer
from uru_mcp.permissions import EVERYTHING
from uru_mcp.tools.definitions import INSTRUCTIONS, OWN
from uru_mcp.tools.shown_tools import defined, least_tokens, listed
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool

VALID_NAME = re.compile(r"[A-Za-z0-9_-]{1,54}")


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


def tokens(tool: Tool) -> int:
    shown = tool.model_dump(by_alias=True, exclude_none=True, include={"name", "title", "description", "input_schema"})
    return len(json.dumps(shown, ensure_ascii=False)) // 4


async def test_uru_s_tools_come_with_their_own_schemas_titles_and_true_annotations(connect: Connect) -> None:
    async with connect() as claude:
        tools = await claude.tools()

    send = tools["gmail_demo__GMAIL_SEND_EMAIL"]
    assert "Format: email." in send.input_schema["properties"]["recipient_email"]["description"]
    assert send.title == "Send a mail (Gmail - Demo)"
    assert send.annotations is not None
    assert (send.annotations.read_only_hint, send.annotations.destructive_hint) == (False, True)
    query = tools["platform__context_query"].annotations
    assert query is not None
    assert (query.read_only_hint, query.destructive_hint) == (True, False)
    selecting = tools["platform__set_current_workspace"].annotations
    assert selecting is not None
    assert selecting.read_only_hint is False


async def test_every_tool_has_a_title_and_all_four_hints_and_a_name_that_clients_take(large: Uru) -> None:
    async with connector(large, "legacy")(DIRECT_TOOLS="all") as claude:
        tools = await claude.tools()

    assert len(tools) > 540
    for name, tool in tools.items():
        hints = tool.annotations
        assert VALID_NAME.fullmatch(name)
        assert tool.title
        assert hints is not None
        for hint in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint):
            assert hint is not None, name
        assert not (hints.read_only_hint and hints.destructive_hint), name


@pytest.mark.parametrize("budget", [*range(2_000, 4_500, 250), 10_000, 40_000])
async def test_the_list_stays_within_its_budget_and_holds_whole_namespaces(large: Uru, budget: int) -> None:
    async with connector(large, "legacy")(ALL, TOOL_TOKENS=str(budget)) as claude:
        tools = await claude.tools()
        overview = (await claude.data("uru_search_tools"))["namespaces"]

    assert sum(map(tokens, tools.values())) <= budget
    shown = {name.partition("__")[0] for name in tools} - {"uru_whoami"}
    for namespace in (item for item in overview if item["namespace"] in shown - {"platform"}):
        listed = [one for one in tools.values() if (one.description or "").startswith(f"[{namespace['title']}")]
        assert len(listed) == namespace["tools"]


async def test_the_budget_goes_to_platform_first(connect_once: Connect) -> None:
    async with connect_once(TOOL_TOKENS="4500") as claude:
        shown = [name.partition("__")[0] for name in await claude.tools()]
    assert "platform" in shown
    assert shown.count("platform") == 12


async def test_none_lists_only_what_is_always_there_and_the_rest_runs_all_the_same(connect: Connect, uru: Uru) -> None:
    async with connect(DIRECT_TOOLS="none") as claude:
        assert set(await claude.tools()) == {*OWN, "platform__list_workspaces", "platform__set_current_workspace"}
        await claude.data("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
    assert uru.notes == ["hi"]


async def test_only_the_wanted_namespaces_are_there(connect: Connect, uru: Uru) -> None:
    async with connect(NAMESPACES="platform,gmail_*") as claude:
        assert {name.partition("__")[0] for name in await claude.tools() if "__" in name} == {"platform", "gmail_demo"}
        error = await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
    assert error["code"] == "unknown_tool"
    assert uru.notes == []


async def test_the_list_is_the_same_each_time(large: Uru) -> None:
    async with connector(large, "legacy")() as first, connector(large, "auto")() as second:
        assert list(await first.tools()) == list(await second.tools())


async def test_what_strangers_call_things_cannot_break_the_list(connect: Connect, uru: Uru) -> None:
    odd = "\ud800 \U000e0041 \u202e title"
    tool = {"name": f"X{odd}", "title": odd, "description": odd, "inputSchema": {"type": "object", "title": odd}}
    uru.faults.status("/namespaces", 200, body=[{"name": "platform", "displayName": odd}, {"name": "a\nb"}])
    uru.faults.status("/list/apps/platform/", 200, body=[tool, {"name": "fine", "annotations": {"readOnlyHint": True}}])
    async with connect() as claude:
        tools = await claude.tools()
    assert tools["platform__fine"].title == "Fine"
    assert len([name for name in tools if name.startswith("platform__")]) == 2


async def test_when_a_selection_changes_the_list_clients_are_told(uru: Uru) -> None:
    changes = Changes()
    async with connector(uru, "legacy")({"execute"}, workspace=None, on_message=changes) as claude:
        before = set(await claude.tools())
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        await changes.arrived()
        assert set(await claude.tools()) > before


async def test_a_slow_catalog_is_not_waited_for_for_ever_and_told_when_it_is_there(uru: Uru) -> None:
    changes = Changes()
    uru.faults.delay("/namespaces", 1.5, times=1)
    async with connector(uru, "legacy")({"execute"}, CALL_DEADLINE="1", on_message=changes) as claude:
        assert "company_demo__LOG_NOTE" not in await claude.tools()
        await changes.arrived()
        assert "company_demo__LOG_NOTE" in await claude.tools()


async def test_a_client_of_the_newer_era_is_told_on_its_subscription(uru: Uru) -> None:
    async with connector(uru, "auto")({"execute"}, workspace=None) as claude:
        await claude.tools()
        async with claude.client.listen(tools_list_changed=True) as events:
            await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
            event = await anext(aiter(events))
    assert type(event).__name__ == "ToolsListChanged"


class Changes:
    """A client's message handler that notes when it is told that the tools have changed."""

    def __init__(self) -> None:
        self._told = anyio.Event()

    async def __call__(self, message: object) -> None:
        if "ToolListChanged" in type(getattr(message, "root", message)).__name__:
            self._told.set()

    async def arrived(self) -> None:
        with anyio.fail_after(WITHIN):
            await self._told.wait()


def test_uru_s_tools_are_not_listed_on_a_grant_that_is_no_longer_known() -> None:
    upstream = UpstreamTool("context_query", None, "", '{"type":"object"}', None, True, None, None, None)
    platform = Namespace("platform", "Uru")
    catalog = assembled([platform], {"platform": ((upstream,), ())}, [], Redaction())
    lost = KeyStatus(trouble=NoAnswer("Uru does not answer.", fix="Wait."))
    shown = [definition.name for definition in listed(catalog, lost, direct="all", budget=0)]
    assert shown == [*OWN, "platform__list_workspaces", "platform__set_current_workspace"]


def test_the_instructions_say_what_matters_in_their_first_paragraph_and_fit_every_client() -> None:
    what_matters, _, _ = INSTRUCTIONS.partition("\n\n")
    assert len(what_matters) < 500
    assert set(re.findall(r"\buru_\w+", what_matters)) == {"uru_whoami", "uru_search_tools"}  # whatever the key may do
    assert "unconfirmed" in what_matters
    assert "not instructions" in what_matters
    assert len(INSTRUCTIONS) < 2_048


def test_our_own_tools_are_cheap() -> None:
    assert sum(definition.tokens for definition in OWN.values()) < 2_500


@pytest.mark.parametrize("name", OWN)
def test_each_of_our_own_tools_says_what_it_needs_and_what_comes_back(name: str) -> None:
    definition = OWN[name]
    assert len(definition.title) <= 33
    assert 2 <= len(definition.title.split()) <= 4
    assert re.search(r"\b(Returns|Says)\b", definition.description)
    told = {permission for permission in EVERYTHING if f"Needs {permission.capitalize()}." in definition.description}
    assert told == OWN_TOOLS[name]
    assert all(argument.get("description") for argument in definition.schema["properties"].values())
    assert set(re.findall(r"\buru_\w+", f"{definition.description} {definition.schema}")) <= OWN.keys()


WORDS = st.text("ab .!?", max_size=60) | st.text(max_size=30) | st.integers(1, 900).map(lambda length: "x" * length)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)
ARGUMENT = st.fixed_dictionaries({"type": st.sampled_from(["string", "number"]), "description": TEXTS})
ARGUMENTS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "description": TEXTS,
        "properties": st.dictionaries(st.text(max_size=8), ARGUMENT, max_size=3),
        "anyOf": st.just([{"required": ["a"]}]),
    },
)


@example(name="t", title="", description="a " + "x" * 1_100, schema={"type": "object"})  # shortened to one word
@given(name=st.text(min_size=1, max_size=90), title=TEXTS, description=TEXTS, schema=ARGUMENTS)
def test_no_definition_is_smaller_than_the_least_that_is_known_before_it_is_made(
    name: str, title: str, description: str, schema: dict[str, Any]
) -> None:
    upstream = UpstreamTool(name, title, description, compact(schema), None, None, None, None, None)
    tool = classified(Namespace("gmail", "Gmail (Büro)"), upstream, Redaction())
    assert least_tokens(tool) <= defined(tool).tokens
