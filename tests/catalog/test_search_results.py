"""Searching tells everything a model needs for the call, and nothing that it may not have."""

from __future__ import annotations

import anyio
import pytest

from tests.world import CATALOG, Connect, Uru, connector, text_of
from uru_mcp.sandbox.tools import synthetic_tools


async def test_a_hit_says_how_to_call_it(connect: Connect) -> None:
    async with connect() as claude:
        hit = (await claude.data("uru_search_tools", {"query": "send email"}))["hits"][0]
        listed = (await claude.tools())["gmail_demo__GMAIL_SEND_EMAIL"]

    assert hit["tool"] == "gmail_demo__GMAIL_SEND_EMAIL"
    assert hit["needs"] == ["execute"]
    assert hit["allowed"] is True
    assert hit["call_with"] == "uru_execute"
    assert hit["input_schema"]["properties"].keys() == listed.input_schema["properties"].keys()
    assert hit["input_schema"]["properties"]["recipient_email"]["format"] == "email"


async def test_a_blocked_hit_says_what_is_missing_and_shows_no_schema(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        hit = (await claude.data("uru_search_tools", {"query": "send email"}))["hits"][0]

    assert hit["allowed"] is False
    assert hit["missing"] == ["execute"]
    assert "input_schema" not in hit
    assert "call_with" not in hit


async def test_slips_of_typing_and_plurals_are_forgiven(connect_once: Connect) -> None:
    async with connect_once() as claude:
        for query in ("sned emial", "emails to send", "SEND_EMAIL"):
            hits = (await claude.data("uru_search_tools", {"query": query, "limit": 3}))["hits"]
            assert "gmail_demo__GMAIL_SEND_EMAIL" in [hit["tool"] for hit in hits], query


async def test_pages_follow_one_another_without_gaps(connect_once: Connect) -> None:
    async with connect_once() as claude:
        whole = await claude.data("uru_search_tools", {"namespace": "platform", "limit": 50})
        names: list[str] = []
        offset: int | None = 0
        while offset is not None:
            page = await claude.data("uru_search_tools", {"namespace": "platform", "limit": 5, "offset": offset})
            names += [hit["tool"] for hit in page["hits"]]
            offset = page["next_offset"]
    assert names == [hit["tool"] for hit in whole["hits"]]
    assert len(names) == whole["total"] == 12


@pytest.mark.parametrize(("permission", "tools"), [("read", 4), ("write", 4), ("execute", 2)])
async def test_only_tools_that_need_a_permission_are_found_when_it_is_asked_for(
    connect_once: Connect, permission: str, tools: int
) -> None:
    async with connect_once() as claude:
        wanted = {"namespace": "platform", "permission": permission}
        all_of_them = await claude.data("uru_search_tools", wanted)
        some = await claude.data("uru_search_tools", wanted | {"query": "automation"})

    assert all_of_them["total"] == tools
    assert all(permission in hit["needs"] for hit in all_of_them["hits"] + some["hits"])
    assert 0 < some["total"] <= tools


async def test_a_permission_alone_is_a_question_and_an_unknown_one_is_refused(connect_once: Connect) -> None:
    async with connect_once() as claude:
        writing = await claude.data("uru_search_tools", {"permission": "write"})
        error = await claude.error("uru_search_tools", {"permission": "admin"})

    assert {hit["tool"] for hit in writing["hits"]} >= {"platform__context_edit", "platform__prompt_edit"}
    assert error["code"] == "invalid_arguments"


async def test_of_tools_that_fit_alike_those_that_only_read_come_first(connect_once: Connect, uru: Uru) -> None:
    for name, read_only in (("PAINT_WALLS", False), ("COUNT_WALLS", True)):
        annotations = {"readOnlyHint": read_only}
        uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": name, "annotations": annotations})
    async with connect_once() as claude:
        hits = (await claude.data("uru_search_tools", {"query": "walls"}))["hits"]
    assert [hit["tool"] for hit in hits] == ["company_demo__COUNT_WALLS", "company_demo__PAINT_WALLS"]


async def test_a_search_within_a_namespace_finds_nothing_of_another(connect_once: Connect) -> None:
    async with connect_once() as claude:
        hits = (await claude.data("uru_search_tools", {"query": "create event", "namespace": "gmail_demo"}))["hits"]
    assert {hit["namespace"] for hit in hits} == {"gmail_demo"}


async def test_calls_are_answered_while_many_tools_are_taken_in() -> None:
    uru = Uru.open(tools=4_000)
    namespaces, answers = 4 + synthetic_tools.NAMESPACES, 0

    async def ask_until_found(found: anyio.Event) -> None:
        nonlocal answers
        while not found.is_set():
            await claude.error("uru_read")  # which needs no catalog to be refused
            answers += uru.sent("/list/apps/") == namespaces

    async with connector(uru, "legacy")() as claude, anyio.create_task_group() as tasks:
        found = anyio.Event()
        tasks.start_soon(ask_until_found, found)
        await claude.data("uru_search_tools", {"query": "merge tickets"})
        found.set()
    uru.close()
    assert answers > 10  # and two or three at most where the loop is held up


async def test_without_a_query_there_is_an_overview(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        overview = await claude.data("uru_search_tools")

    by_name = {item["namespace"]: item for item in overview["namespaces"]}
    assert set(by_name) == {"platform", "company_demo", "gmail_demo", "googlecalendar_demo"}
    assert (by_name["platform"]["tools"], by_name["platform"]["allowed"]) == (12, 6)
    assert by_name["gmail_demo"]["allowed"] == 0


async def test_nothing_found_says_so(connect_once: Connect) -> None:
    async with connect_once() as claude:
        answer = await claude.data("uru_search_tools", {"query": "qqqq"})
    assert answer["hits"] == []
    assert "Nothing fits" in answer["hint"]


async def test_one_page_of_hits_stays_within_the_budget_of_a_result() -> None:
    uru = Uru.open(catalog=CATALOG)
    async with connector(uru, "legacy")(RESULT_CHARS="5000") as claude:
        page = await claude.data("uru_search_tools", {"query": "create", "limit": 50})
    uru.close()
    assert 0 < len(page["hits"]) < 50
    assert page["next_offset"] == len(page["hits"])


async def test_a_namespace_that_cannot_be_loaded_is_said_and_the_others_are_there(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/list/apps/gmail_demo/", 500)
    async with connect() as claude:
        tools = await claude.tools()
        report = await claude.whoami()

    assert "company_demo__LOG_NOTE" in tools
    assert "gmail_demo__GMAIL_SEND_EMAIL" not in tools
    assert any("Gmail" in problem["message"] for problem in report["problems"])


async def test_what_is_left_out_is_told_beside_hits_where_it_is_meant_and_nowhere_else(
    connect_once: Connect, uru: Uru
) -> None:
    for name in ("TALLY_STOCK", "TALLY_BOXES"):
        uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": name, "inputSchema": {"type": "array"}})
    async with connect_once() as claude:
        both = await claude.data("uru_search_tools", {"query": "tally the company"})
        one = await claude.data("uru_search_tools", {"query": "tally stock"})
        here = await claude.data("uru_search_tools", {"namespace": "company_demo"})
        for arguments in (
            {"query": "tally", "namespace": "gmail_demo"},
            {"query": "send email"},
            {"query": "?"},
            {"permission": "execute"},
        ):
            assert "left_out" not in await claude.data("uru_search_tools", arguments)
        report = await claude.call("uru_whoami")

    assert [item["tool"] for item in both["left_out"]] == ["TALLY_STOCK", "TALLY_BOXES"]
    assert both["hits"], "of the company's other tools"
    assert [item["tool"] for item in one["left_out"]] == ["TALLY_STOCK"]
    assert one["hits"] == []
    assert "cannot be used" in one["hint"]
    assert len(here["left_out"]) == 2
    assert "2 left out, as uru_search_tools tells" in text_of(report)


async def test_of_very_many_that_are_left_out_only_some_are_told_and_how_many_more_there_are(
    connect_once: Connect, uru: Uru
) -> None:
    names = ["LONG_" + "X" * 300, *(f"ODD_{number}" for number in range(59))]
    body = [{"name": name, "inputSchema": {"type": "array"}} for name in names]
    uru.faults.status("/list/apps/company_demo/", 200, body=body)
    async with connect_once() as claude:
        overview = await claude.data("uru_search_tools")
        found = await claude.data("uru_search_tools", {"query": "odd"})
    assert (len(overview["left_out"]), overview["left_out_more"]) == (50, 10)
    assert overview["left_out"][0]["tool"] == "(a name of 305 characters)"
    assert (len(found["left_out"]), found["left_out_more"]) == (5, 54)


async def test_the_first_three_hits_are_whole_and_the_others_short(connect_once: Connect) -> None:
    async with connect_once() as claude:
        answer = await claude.data("uru_search_tools", {"query": "send email"})
    first, rest = answer["hits"][:3], answer["hits"][3:]
    assert all("input_schema" in hit for hit in first)
    assert rest
    for hit in rest:
        assert set(hit) == {"tool", "title", "needs", "allowed", "call_with", "description"}
        assert len(hit["description"]) <= 200
    assert "exact `tool` name" in answer["note"]


@pytest.mark.parametrize("said", ["gmail_demo__GMAIL_MOVE_TO_TRASH", "GMAIL_MOVE_TO_TRASH", "gmail_move_to_trash"])
async def test_the_exact_name_of_a_tool_gives_all_of_it(connect_once: Connect, said: str) -> None:
    async with connect_once() as claude:
        hits = (await claude.data("uru_search_tools", {"query": said}))["hits"]
        listed = (await claude.tools())["gmail_demo__GMAIL_MOVE_TO_TRASH"]
    assert hits[0]["tool"] == "gmail_demo__GMAIL_MOVE_TO_TRASH"
    assert hits[0]["input_schema"] == listed.input_schema
    assert not [hit for hit in hits[1:] if "input_schema" in hit]


@pytest.mark.parametrize("said", ["gmail_demo", "Gmail", "GMAIL", "gmial", "Gmail_Demo", " gmail "])
async def test_a_namespace_is_understood_by_its_title_in_any_case_and_with_a_slip(
    connect_once: Connect, said: str
) -> None:
    async with connect_once() as claude:
        answer = await claude.data("uru_search_tools", {"query": "send email", "namespace": said})
    assert answer["hits"][0]["tool"] == "gmail_demo__GMAIL_SEND_EMAIL"
    assert answer.get("searched", ["gmail_demo"]) == ["gmail_demo"]


async def test_an_unknown_namespace_is_said_to_be_unknown_beside_those_that_there_are(connect_once: Connect) -> None:
    async with connect_once() as claude:
        answer = await claude.data("uru_search_tools", {"query": "send email", "namespace": "salesforce"})
    assert answer["hits"] == []
    assert "no such namespace" in answer["hint"]
    assert "gmail_demo" in answer["hint"]


async def test_a_query_of_another_language_is_answered_with_a_word_on_english(connect_once: Connect) -> None:
    async with connect_once() as claude:
        foreign = await claude.data("uru_search_tools", {"query": "envoyer un message avec Gmail"})
        english = await claude.data("uru_search_tools", {"query": "send a message with Gmail"})
    assert foreign["hits"][0]["tool"] == "gmail_demo__GMAIL_SEND_EMAIL"
    assert "English" in foreign["hint"]
    assert "hint" not in english


async def test_agents_are_called_agents(connect_once: Connect) -> None:
    async with connect_once() as claude:
        hits = (await claude.data("uru_search_tools", {"query": "list the agents"}))["hits"]
    found = next(hit for hit in hits if hit["tool"] == "platform__persona_query")
    assert "persona" not in found["title"].lower()


async def test_titles_tell_several_accounts_of_one_app_apart() -> None:
    uru = Uru.open(catalog=CATALOG)
    async with connector(uru, "legacy")() as claude:
        overview = await claude.data("uru_search_tools")
        hits = (await claude.data("uru_search_tools", {"query": "GMAIL_SEND_EMAIL"}))["hits"]
        personal = (await claude.data("uru_search_tools", {"query": "send a mail from my personal account"}))["hits"]
    uru.close()
    titles = {item["namespace"]: item["title"] for item in overview["namespaces"]}
    assert titles["gmail_f7518884"] == "Gmail (personal)"
    assert titles["gmail_work_kal"] == "Gmail - Work"
    assert titles["github_main"] == "GitHub"
    assert {hit["title"] for hit in hits[:2]} == {
        "Gmail - Work: Gmail send email",
        "Gmail (personal): Gmail send email",
    }
    assert personal[0]["tool"] == "gmail_f7518884__GMAIL_SEND_EMAIL"
