"""Searching over a real workspace's tools finds what people mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.world import CATALOG, Uru, connector
from uru_mcp.search import Document, Index

QUERIES = Path(__file__).parent / "data" / "queries.json"
FIRST = 5  # hits that count
RIGHT = 95  # of a hundred queries


def index(**summaries: str) -> Index:
    return Index({name: Document(name, summary=summary) for name, summary in summaries.items()})


async def test_one_of_the_right_tools_is_among_the_first_five_for_95_of_a_hundred_queries() -> None:
    queries = json.loads(QUERIES.read_text("utf-8"))
    missed = []
    uru = Uru.open(catalog=CATALOG)
    async with connector(uru, "legacy")() as claude:
        for query in queries:
            hits = (await claude.data("uru_search_tools", {"query": query["query"], "limit": FIRST}))["hits"]
            if not {hit["tool"] for hit in hits} & set(query["expect"]):
                missed.append(query["query"])
    uru.close()
    assert len(queries) == 100
    assert len(missed) <= len(queries) - RIGHT, missed


def test_a_word_in_the_name_counts_more_than_one_in_the_description() -> None:
    found = index(LIST_MAIL="Lists what you send, send, send.", SEND_MAIL="Sends.").search("send")
    assert found == ["SEND_MAIL", "LIST_MAIL"]


@pytest.mark.parametrize("field", Document._fields)
def test_every_field_is_searched(field: str) -> None:
    tools = Index({"other": Document("other"), "wanted": Document(**{"name": "tool", field: "invoice"})})
    assert tools.search("invoices") == ["wanted"]


def test_what_a_tool_does_counts_more_than_what_else_is_said_of_it() -> None:
    tools = Index({"ONE": Document("ONE", details="Archives it."), "TWO": Document("TWO", summary="Archives it.")})
    assert tools.search("archive") == ["TWO", "ONE"]


def test_a_tool_that_holds_more_of_the_query_comes_before_one_that_holds_less_of_it_in_its_name() -> None:
    others = {f"TOOL_{number}": Document(f"TOOL_{number}", details="Does something with it.") for number in range(20)}
    less = Document("CONTACT", details="Gets something of it.")
    more = Document("DEDUPE", details="Merges contacts with others.")
    assert Index({"less": less, "more": more, **others}).search("merge contacts") == ["more", "less"]


def test_plurals_and_other_endings_do_not_matter() -> None:
    tools = index(SHARE_FILE="Shares a file.", SEND_MAIL="Sends a mail.")
    for query in ("files", "sharing files", "shared"):
        assert tools.search(query) == ["SHARE_FILE"]


def test_slips_of_typing_are_mended() -> None:
    tools = index(SHARE_CALENDAR="", SEND_MAIL="")
    assert tools.search("calender") == tools.search("claendar") == ["SHARE_CALENDAR"]


def test_the_beginning_of_a_word_finds_it_after_the_word_itself() -> None:
    tools = index(LIST_REPOSITORIES="", CLONE_REPO="", SEND_MAIL="")
    assert tools.search("repo") == ["CLONE_REPO", "LIST_REPOSITORIES"]


def test_words_that_say_nothing_find_nothing_beside_words_that_do() -> None:
    tools = index(SEND_MAIL="Sends a mail to them.", LIST_FILES="Lists what is in the folder.")
    assert tools.search("what is in my mail") == ["SEND_MAIL"]
    assert tools.search("what is") == ["LIST_FILES"]


def test_words_that_say_little_count_for_less_but_for_something() -> None:
    assert index(ABOUT_MAIL="", SEND_MAIL="").search("send mail about") == ["SEND_MAIL", "ABOUT_MAIL"]
    assert index(FIND_MAIL="", ABOUT_MAIL="").search("about mail") == ["ABOUT_MAIL", "FIND_MAIL"]


def test_the_same_tool_of_another_account_leaves_room_for_other_tools() -> None:
    accounts = {f"{number}__SEND_MAIL": Document("SEND_MAIL", summary="Sends a mail.") for number in range(3)}
    tools = Index({**accounts, "FORWARD_MAIL": Document("FORWARD_MAIL", summary="Sends a mail on to somebody.")})
    assert tools.search("send mail")[:2] == ["0__SEND_MAIL", "FORWARD_MAIL"]


def test_of_tools_that_fit_alike_those_that_change_nothing_come_first() -> None:
    documents = {"MOVE_EVENT": Document("MOVE_EVENT"), "LIST_EVENT": Document("LIST_EVENT")}
    assert Index(documents, favoured={"LIST_EVENT"}).search("events") == ["LIST_EVENT", "MOVE_EVENT"]
    assert Index(documents, favoured={"LIST_EVENT"}).search("move events") == ["MOVE_EVENT", "LIST_EVENT"]


def test_whatever_a_person_types_is_a_query() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    for query in ('"', "AND", "mail OR", "NEAR(", "* ^ -", "mail:", "(", "\ud800mail", "\0", "", "-" * 500, "é" * 500):
        assert tools.search(query) in ([], ["SEND_MAIL"])
    assert Index({}).search("mail") == []


def test_what_comes_after_many_words_is_not_looked_at() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    assert tools.search("nothing " * 19 + "mail") == ["SEND_MAIL"]
    assert tools.search("nothing " * 20 + "mail") == []
