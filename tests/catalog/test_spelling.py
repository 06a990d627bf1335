"""Slips of typing lead to the word that was meant."""

from __future__ import annotations

import pytest

from uru_mcp.catalog.search.spelling import meant

KNOWN = {"calendar": 3, "email": 9, "repository": 2, "send": 5, "sand": 1, "sent": 2, "seed": 4}


def near(word: str) -> list[str]:
    return meant(word, KNOWN, sorted(KNOWN))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("emial", "email"), ("emal", "email"), ("emmail", "email"), ("emaul", "email"), ("repozitery", "repository")],
)
def test_a_word_with_a_slip_is_taken_for_the_one_that_was_meant(typed: str, wanted: str) -> None:
    assert near(typed) == [wanted]


def test_of_many_words_one_slip_away_the_most_frequent_are_taken() -> None:
    assert near("sendd") == ["send"]
    assert near("sebd") == ["send", "seed"]
    assert near("xend") == ["send"]


def test_short_words_very_long_ones_and_strange_ones_are_left_alone() -> None:
    assert near("emi") == []
    assert meant("e" * 31, {"e" * 30: 1}, ["e" * 30]) == []
    assert near("xylophone") == []
