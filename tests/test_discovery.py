"""Searching tells everything a model needs for the call, and nothing that it may not have."""

from __future__ import annotations

from tests.world import CATALOG, Connect, Uru, connector


async def test_a_hit_says_how_to_call_it(connect: Connect) -> None:
    async with connect() as claude:
        hit = (await claude.data("uru_search_tools", {"query": "send email"}))["hits"][0]
        listed = (await claude.tools())["gmail_demo__GMAIL_SEND_EMAIL"]

    assert hit["tool"] == "gmail_demo__GMAIL_SEND_EMAIL"
    assert hit["needs"] == ["execute"]
    assert hit["allowed"] is True
    assert hit["call_with"] == "uru_execute"
    assert hit["input_schema"] == listed.input_schema


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
