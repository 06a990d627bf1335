"""Searching over a real workspace's tools finds what people mean."""

from __future__ import annotations

from uru_mcp.search import Index, words


def index(**names: str) -> Index:
    return Index({name: (name, "", description, "", "") for name, description in names.items()})


def test_names_come_apart_into_words() -> None:
    assert words("GMAIL_SEND_EMAIL sendEmail users.profile.get") == [
        "gmail", "send", "email", "send", "email", "users", "profile", "get",
    ]  # fmt: skip


def test_a_word_in_the_name_counts_more_than_one_in_the_description() -> None:
    found = index(SEND_MAIL="Sends.", LIST_MAIL="Lists what you send, send, send.").search("send")
    assert found == ["SEND_MAIL", "LIST_MAIL"]


def test_whatever_a_person_types_is_a_query() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    for query in ('"', "AND", "mail OR", "NEAR(", "* ^ -", "mail:", "(", "\ud800mail", "\0", ""):
        assert tools.search(query) in ([], ["SEND_MAIL"])


def test_what_comes_after_many_words_is_not_looked_at() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    assert tools.search("nothing " * 19 + "mail") == ["SEND_MAIL"]
    assert tools.search("nothing " * 20 + "mail") == []
