"""Every text of a stranger has a length: what is for people is cut, and an identifier is whole or left out."""

from __future__ import annotations

from typing import Any

from tests.resources.test_prompts import add_prompt, refused, texts_of
from tests.world import Connect, Uru
from uru_mcp import limits

LONG = "m" * 1_000_000
JSON = {"Content-Type": "application/json"}


async def test_a_long_title_of_a_namespace_is_cut_wherever_it_is_said(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status("/namespaces", 200, body=[{"name": "gmail_demo", "displayName": LONG}, {"name": "platform"}])
    async with connect_once(DIRECT_TOOLS="all") as claude:
        tools = await claude.tools()
        resources = await claude.resources()
        overview = await claude.data("uru_search_tools")
    assert "gmail_demo__GMAIL_SEND_EMAIL" in tools
    assert sum(len(tool.model_dump_json()) for tool in tools.values()) < 200_000
    assert sum(len(resource.model_dump_json()) for resource in resources.values()) < 100_000
    assert next(one["title"] for one in overview["namespaces"] if one["namespace"] == "gmail_demo").endswith("m…")


async def test_long_texts_of_a_tool_are_cut_and_one_with_a_long_name_is_left_out(
    connect_once: Connect, uru: Uru
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "description": LONG}}}
    long = {"name": "LONG", "title": LONG, "description": LONG, "inputSchema": schema}
    uru.faults.status("/list/apps/company_demo/", 200, body=[long, {"name": LONG}])
    uru.faults.status("/execute/", 200, body={"data": "done"})
    async with connect_once(DIRECT_TOOLS="all") as claude:
        shown = (await claude.tools())["company_demo__LONG"]
        answer = await claude.data("company_demo__LONG", {"a": 1})
        left_out = (await claude.data("uru_search_tools"))["left_out"]
    assert len(shown.model_dump_json()) < limits.TOOL_DESCRIPTION + 2_000
    assert "too large to be shown" in (shown.description or "")
    assert answer["data"] == "done", "Uru checks what we could not"
    assert any("more than 500 characters" in one["reason"] for one in left_out)


async def test_more_namespaces_than_are_used_are_said_to_be_too_many(connect_once: Connect, uru: Uru) -> None:
    many: list[Any] = [{"name": f"n{number}"} for number in range(limits.NAMESPACES + 5)]
    uru.faults.status("/namespaces", 200, body=[*many, {"name": "platform"}])
    uru.faults.status("/list/apps/n", 200, body=[])
    async with connect_once(CALL_DEADLINE="15") as claude:
        tools = await claude.tools()
        listed = len((await claude.data("uru_search_tools"))["namespaces"])
    assert "platform__context_query" in tools, "Uru's own tools come first"
    assert listed == limits.NAMESPACES


async def test_a_record_with_a_long_id_has_no_address_and_the_others_are_listed(
    connect_once: Connect, uru: Uru
) -> None:
    items = [{"id": LONG, "title": "x"}, {"id": "short", "title": LONG, "description": LONG}]
    uru.faults.status("/execute/", 200, body={"data": {"items": items}})
    async with connect_once({"read"}) as claude:
        page = await claude.data("uru_list_resources", {"kind": "contexts"})
        ids = await claude.completed("uru://contexts/{id}", "id", "")
    (only,) = page["resources"]
    assert (only["uri"], ids) == ("uru://contexts/short", ["short"])
    assert (len(only["title"]), len(only["description"])) == (limits.TITLE, limits.DESCRIPTION)


async def test_what_a_person_is_to_decide_has_a_length(connect_once: Connect, uru: Uru) -> None:
    events = [{"node": f"n{number}", "type": "approval_requested", "detail": LONG} for number in range(8)]
    run = {"id": "r", "automation_id": "a", "status": "waiting_for_approval", "events": events}
    uru.faults.status("/execute/", 200, body={"data": run})
    async with connect_once() as claude:
        answer = await claude.data("platform__automation_run", {"id": "a"})
    assert len(str(answer["approvals"])) < 8 * (limits.QUESTION + 2_000)


async def test_a_hostile_prompt_is_listed_filled_in_and_completed(connect_once: Connect, uru: Uru) -> None:
    add_prompt(uru, "prm_blanks", "Blanks", "Hello {{" + " " * 300_000)
    add_prompt(uru, "prm_braces", "Braces", "{{a" * 100_000 + "}}" * 10)
    add_prompt(uru, "prm_names", "Names", "".join(f"{{{{v{number}}}}}" for number in range(50_000)))
    add_prompt(uru, "prm_blank", "Blank", "a {{   }} b {{" + "x" * 600 + "}}")
    async with connect_once({"read"}) as claude:
        prompts = await claude.prompts()
        assert texts_of(await claude.client.get_prompt("blanks", {})) == ["Hello {{" + " " * 300_000]
        assert len(prompts["names"].arguments or []) == limits.PROMPT_ARGUMENTS
        assert [one.name for one in prompts["braces"].arguments or []] == ["a"]
        assert prompts["blank"].arguments in (None, []), "what is no name is plain text"
        assert texts_of(await claude.client.get_prompt("blank", {})) == ["a {{   }} b {{" + "x" * 600 + "}}"]


async def test_a_prompt_that_values_make_too_long_is_refused(connect_once: Connect, uru: Uru) -> None:
    add_prompt(uru, "prm_often", "Often", "{{a}}" * 20_000)
    async with connect_once({"read"}) as claude:
        error = await refused(claude, "often", {"a": "b" * 100_000})
        filled = texts_of(await claude.client.get_prompt("often", {"a": "b"}))
    assert error.data["code"] == "too_large"
    assert filled == ["b" * 20_000]
