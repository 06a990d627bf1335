"""Texts come apart into the words that people search by."""

from __future__ import annotations

from uru_mcp.untrusted_input.word_splitting import first_sentence, words


def test_names_come_apart_into_words() -> None:
    assert words("GMAIL_SEND_EMAIL sendEmail users.profile.get") == [
        "gmail", "send", "email", "send", "email", "users", "profile", "get",
    ]  # fmt: skip


def test_accents_and_case_do_not_matter() -> None:
    assert words("Café ÜBERSICHT") == ["cafe", "ubersicht"]


def test_halves_of_surrogate_pairs_are_no_words() -> None:
    assert words("\ud800mail") == ["mail"]


def test_a_word_with_a_hyphen_is_found_in_its_parts_and_as_one() -> None:
    assert words("E-mail rules") == ["e", "mail", "rules", "email"]


def test_a_sentence_does_not_end_at_an_abbreviation() -> None:
    assert first_sentence("Adds a rule, e.g. Move to Bin. Rules run in order.") == (
        "Adds a rule, e.g. Move to Bin.",
        "Rules run in order.",
    )
    assert first_sentence("Lists files") == ("Lists files", "")
    assert first_sentence("Lists files\nand folders") == ("Lists files", "and folders")
