"""Uru's prompts as MCP prompts: named, filled in, with the agent's instructions before them."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import GetPromptResult, PromptReference

from tests.world import Claude, Connect, Uru
from uru_mcp.catalog.tool_names import prompt_names

COMPLAINT = {"customer": "Ana Ferreira", "complaint": "The machine leaks."}


def texts_of(prompt: GetPromptResult) -> list[str]:
    assert {message.role for message in prompt.messages} == {"user"}
    return [message.content.text for message in prompt.messages if message.content.type == "text"]


async def refused(claude: Claude, name: str, arguments: dict[str, str]) -> Any:
    with pytest.raises(MCPError) as raised:
        await claude.client.get_prompt(name, arguments)
    return raised.value.error


def add_prompt(uru: Uru, own: str, title: str, content: str, **more: Any) -> None:
    uru.sandbox.database.insert(
        "prompts", id=own, workspace_id=uru.acme.id, title=title, content=content, updated_at="2026-01-01T00:00:00Z",
        **more,
    )  # fmt: skip


async def test_prompts_are_listed_under_their_titles_with_their_variables(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        prompts = await claude.prompts()
    assert set(prompts) == {"answer_a_complaint", "prepare_a_visit", "the_week_in_five_lines"}
    error_body = prompts["answer_a_complaint"]
    assert error_body.title == "Answer a complaint"
    assert [(one.name, one.required) for one in error_body.arguments or []] == [
        ("customer", True), ("complaint", True), ("amount", False),
    ]  # fmt: skip


async def test_a_prompt_is_filled_in_behind_its_agents_instructions_and_no_placeholder_is_left(
    connect: Connect,
) -> None:
    async with connect({"read"}) as claude:
        filled = await claude.client.get_prompt("answer_a_complaint", {**COMPLAINT, "amount": "40"})
        without = await claude.client.get_prompt("answer_a_complaint", COMPLAINT)

    instructions, text = texts_of(filled)
    assert instructions.startswith("Take the part of the agent “Ledger”.")
    assert "Quote the handbook's limits" in instructions
    assert "reply to Ana Ferreira about this complaint:\n\nThe machine leaks." in text
    assert "40 euros" in text
    assert "(not given) euros" in texts_of(without)[1]
    assert "{{" not in "".join(texts_of(filled) + texts_of(without))


async def test_a_missing_required_argument_is_named_and_a_wrong_one_too(connect: Connect, uru: Uru) -> None:
    async with connect({"read"}) as claude:
        missing = await refused(claude, "answer_a_complaint", {"customer": " "})
        wrong = await refused(claude, "answer_a_complaint", {**COMPLAINT, "amonut": "40"})
        unknown = await refused(claude, "no_such_prompt", {})

    assert missing.data["missing"] == ["customer", "complaint"]
    assert "customer, complaint" in missing.message
    assert "“amonut”" in wrong.message
    assert "amount" in wrong.data["fix"]
    assert (missing.code, wrong.code, unknown.code) == (-32602, -32602, -32602)
    assert unknown.data["code"] == "not_found"


async def test_placeholders_without_variables_are_arguments_and_values_are_not_filled_in_again(
    connect: Connect, uru: Uru
) -> None:
    add_prompt(uru, "prm_plain", "Greet", "Hello {{ first name }} and {{other}}, {{other}}!")
    async with connect({"read"}) as claude:
        greet = (await claude.prompts())["greet"]
        assert [(one.name, one.required) for one in greet.arguments or []] == [("first name", True), ("other", True)]
        filled = await claude.client.get_prompt("greet", {"first name": "{{other}}", "other": "Bo"})
    assert texts_of(filled) == ["Hello {{other}} and Bo, Bo!"]


async def test_prompts_with_one_title_are_told_apart_and_a_name_never_comes_to_mean_another(
    connect: Connect, uru: Uru
) -> None:
    async with connect({"read"}) as claude:
        assert "answer_a_complaint" in await claude.prompts()
        add_prompt(uru, "prm_second", "ANSWER a complaint!", "Another.")
        prompts = await claude.prompts()
        assert len(prompts) == 4
        assert "answer_a_complaint" not in prompts
        assert (await refused(claude, "answer_a_complaint", COMPLAINT)).data["code"] == "not_found"
        (second,) = [name for name, prompt in prompts.items() if prompt.title == "ANSWER a complaint!"]
        assert texts_of(await claude.client.get_prompt(second, {})) == ["Another."]


@pytest.mark.parametrize("title", ["日本語", "!!!", "x" * 300, "Plan_x0123456789", " Über uns "])
def test_every_title_makes_a_name_that_clients_take(title: str) -> None:
    names = prompt_names({"one": title, "two": title, "three": "Another"})
    assert len(set(names.values())) == 3
    assert all(name.replace("_", "").isalnum() and name.isascii() and len(name) <= 64 for name in names.values())
    assert names == prompt_names({"three": "Another", "two": title, "one": title})


async def test_prompts_come_in_pages(connect: Connect, uru: Uru) -> None:
    for number in range(120):
        add_prompt(uru, f"prm_{number}", f"Number {number}", "x")
    async with connect({"read"}) as claude:
        assert len((await claude.client.list_prompts()).prompts) == 50
        assert len(await claude.prompts()) == 123
        assert texts_of(await claude.client.get_prompt("number_119", {})) == ["x"]


async def test_an_agent_that_is_gone_is_said_to_be(connect_once: Connect, uru: Uru) -> None:
    add_prompt(uru, "prm_lost", "Lost", "x", persona_id="per_no_such")
    async with connect_once({"read"}) as claude:
        filled = await claude.client.get_prompt("lost", {})
    assert texts_of(filled) == ["x"]
    assert "cannot be read" in (filled.description or "")


async def test_a_new_prompt_is_there_at_once(connect: Connect) -> None:
    arguments = {"op": "create", "title": "Brand new", "content": "Say {{what}}."}
    async with connect({"read", "write"}) as claude:
        await claude.prompts()
        made = await claude.data("uru_write", {"tool": "platform__prompt_edit", "input": arguments})
        assert texts_of(await claude.client.get_prompt("brand_new", {"what": "hi"})) == ["Say hi."]
    assert made["uri"] == f"uru://prompts/{made['data']['id']}"


async def test_arguments_are_completed_where_the_record_gives_choices(connect: Connect) -> None:
    async with connect({"read"}) as claude:

        async def completed(name: str, argument: str, value: str) -> list[str]:
            ref = PromptReference(name=name)
            return (await claude.client.complete(ref, {"name": argument, "value": value})).completion.values

        assert await completed("the_week_in_five_lines", "team", "") == ["north", "south"]
        assert await completed("the_week_in_five_lines", "team", "S") == ["south"]
        assert await completed("answer_a_complaint", "customer", "a") == []
        with pytest.raises(MCPError):
            await completed("the_week_in_five_lines", "nonsense", "")
    async with connect({"execute"}) as claude:
        assert await completed("the_week_in_five_lines", "team", "") == []
