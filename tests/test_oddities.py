"""Every odd entry of a real workspace's catalog is mended or left out with its reason, and none spoils another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.world import CATALOG, Uru, connector

RULESETS = "GITHUB_GET_ALL_ORGANIZATION_REPOSITORY_RULESETS_INHERITED_BY_A_SINGLE_REPOSITORY"


@dataclass(frozen=True)
class Shown:
    """An entry that is mended: the name and the schema's members under which it is shown, and a call that is right."""

    id: str
    namespace: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    schema: dict[str, Any] = field(default_factory=dict)


MENDED = [
    Shown(
        "googlecalendar_26fa5c56__GOOGLECALENDAR_LIST_SETTINGS",
        "googlecalendar_26fa5c56",
        "GOOGLECALENDAR_LIST_SETTINGS",
    ),
    Shown(
        "zendesk_support__ZENDESK_CREATE_GROUP",
        "zendesk_support",
        "ZENDESK_CREATE_GROUP",
        {"name": "Night shift"},
        {"required": ["name"]},
    ),
    Shown(
        "notion_docs__NOTION_RETRIEVE_USER",
        "notion_docs",
        "NOTION_RETRIEVE_USER",
        {"user_id": "0b8a3f4e-6f0c-4f43-9d3b-2a1c5d7e9f10"},
        {"required": ["user_id"]},
    ),
    Shown(
        "github_main__GITHUB_LIST_REPOSITORY_TAGS",
        "github_main",
        "GITHUB_LIST_REPOSITORY_TAGS",
        {"owner": "acme", "repo": "shop"},
        {"required": ["owner", "repo"]},
    ),
    Shown(
        "slack_team__SLACK_USERS_PROFILE_GET_x53aa986ce8", "slack_team", "SLACK_USERS.PROFILE.GET", {"user": "U0123"}
    ),
    Shown(
        "company_acme__Office_Seat_Booking_x41048803af",
        "company_acme",
        "Office Seat Booking",
        {"office": "Lisbon", "day": "2026-12-01"},
        {"required": ["office", "day"]},
    ),
    Shown(
        "github_mai__GITHUB_GET_ALL_ORGANIZATION_RE_xfbf18d0276",
        "github_main",
        RULESETS,
        {"owner": "acme", "repo": "shop"},
        {"required": ["owner", "repo"]},
    ),
    Shown("stripe_billing__STRIPE_LIST_COUPONS", "stripe_billing", "STRIPE_LIST_COUPONS", {"limit": 3}),
    Shown(
        "jira_ops__JIRA_ADD_COMMENT",
        "jira_ops",
        "JIRA_ADD_COMMENT",
        {"issue_id_or_key": "OPS-1", "comment": "Done."},
        {"required": ["issue_id_or_key", "comment"]},
    ),
    Shown(
        "external_mcp_ignition_notes__sync_notes",
        "external_mcp_ignition_notes",
        "sync_notes",
        {"context": "nothing"},
        {"required": ["context"]},
    ),
    Shown(
        "external_mcp_ignition_notes__purge_notebook",
        "external_mcp_ignition_notes",
        "purge_notebook",
        {"notebook": "Inbox"},
        {"required": ["notebook"]},
    ),
]

LEFT_OUT = [
    ("hubspot_sales", "HUBSPOT_ARCHIVE_BATCH_OF_DEALS", "its arguments are not an object but 'array'"),
    ("jira_ops", "JIRA_ADD_COMMENT", "another tool of this namespace has the same name"),
]


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


@pytest.mark.parametrize("odd", MENDED, ids=lambda odd: odd.name)
async def test_an_odd_entry_that_can_be_mended_is_shown_and_runs_under_its_own_name(large: Uru, odd: Shown) -> None:
    async with connector(large, "legacy")(DIRECT_TOOLS="all") as claude:
        tool = (await claude.tools())[odd.id]
        search = {"query": odd.name, "namespace": odd.namespace, "limit": 1}
        found = (await claude.data("uru_search_tools", search))["hits"]
        seen = len(large.sandbox.requests)
        await claude.data(odd.id, odd.arguments)
        await claude.data("uru_execute", {"tool": odd.id, "input": odd.arguments})

    assert tool.input_schema["type"] == "object"
    assert tool.input_schema.items() >= odd.schema.items()
    assert [hit["tool"] for hit in found] == [odd.id]
    assert found[0]["description"] == tool.description
    sent = [one for one in large.sandbox.requests[seen:] if one.method == "POST"]
    assert [one.path for one in sent] == [f"/execute/{odd.namespace}__execute_tool"] * 2
    assert [one.json for one in sent] == [{"tool_name": odd.name, "parameters": odd.arguments}] * 2


@pytest.mark.parametrize(("namespace", "name", "reason"), LEFT_OUT)
async def test_an_odd_entry_that_cannot_be_mended_is_left_out_with_its_reason(
    large: Uru, namespace: str, name: str, reason: str
) -> None:
    told = {"namespace": namespace, "tool": name, "reason": reason}
    async with connector(large, "legacy")() as claude:
        overview = await claude.data("uru_search_tools")
        by_name = await claude.data("uru_search_tools", {"query": name})
        by_words = await claude.data("uru_search_tools", {"query": name.lower().replace("_", " ")})
        report = await claude.whoami()

    assert told in overview["left_out"]
    assert by_name["left_out"] == by_words["left_out"] == [told]
    assert report["tools"]["left_out"] == len(overview["left_out"]) == len(LEFT_OUT)


async def test_a_call_of_what_is_left_out_says_why_and_sends_nothing(large: Uru) -> None:
    before = large.sent("/execute/")
    async with connector(large, "legacy")() as claude:
        error = await claude.error("uru_execute", {"tool": "hubspot_sales__HUBSPOT_ARCHIVE_BATCH_OF_DEALS"})
    assert error["code"] == "unknown_tool"
    assert "its arguments are not an object but 'array'" in error["message"]
    assert large.sent("/execute/") == before


async def test_the_invisible_part_of_a_hostile_description_does_not_reach_the_model(large: Uru) -> None:
    name = "external_mcp_ignition_notes__sync_notes"
    async with connector(large, "legacy")(DIRECT_TOOLS="all") as claude:
        listed = (await claude.tools())[name].description or ""
        found = (await claude.data("uru_search_tools", {"query": "sync notes", "limit": 1}))["hits"][0]
        resource = await claude.read("uru://namespaces/external_mcp_ignition_notes")

    for text in (listed, found["description"]):
        assert text.startswith("[Ignition Notes (own MCP server): a server outside Uru wrote this description] Sync")
    for text in (listed, str(found), resource):
        assert not [one for one in text if unicodedata.category(one) in ("Cf", "Cs", "Co", "Cn")]


async def test_what_deletes_does_not_become_harmless_by_what_a_stranger_declares(large: Uru) -> None:
    name = "external_mcp_ignition_notes__purge_notebook"
    async with connector(large, "legacy")({"read"}) as claude:
        hit = (await claude.data("uru_search_tools", {"query": "purge"}))["hits"][0]
        error = await claude.error("uru_read", {"tool": name, "input": {"notebook": "Inbox"}})
    assert (hit["tool"], hit["needs"], hit["allowed"]) == (name, ["read", "execute"], False)
    assert (error["code"], error["missing"]) == ("insufficient_permission", ["execute"])
