"""Names that every client takes, the same in every process, and never the same for two tools."""

from __future__ import annotations

import pytest

from uru_mcp.names import STAND_IN, VALID, shown_name

PAIRS = [
    ("gmail_demo", "GMAIL_SEND_EMAIL"),
    ("a", "b__c"),
    ("a__b", "c"),
    ("a_", "b"),
    ("a", "_b"),
    ("a", ""),
    ("", "a"),
    ("", "_"),
    ("é", "x"),
    ("e", "x"),
    ("n s", "x"),
    ("n-s", "x"),
    ("n.s", "x"),
    ("a", "x" * 200),
    ("a", "x" * 201),
    ("a" * 70, "x"),
    ("slack", "SLACK_USERS.PROFILE.GET"),
    ("slack", "SLACK_USERS_PROFILE_GET"),
    ("bad", "\ud800"),
]


@pytest.mark.parametrize(("namespace", "tool"), PAIRS)
def test_a_name_is_one_that_clients_take(namespace: str, tool: str) -> None:
    assert VALID.fullmatch(shown_name(namespace, tool))


def test_different_tools_have_different_names() -> None:
    names = [shown_name(*pair) for pair in PAIRS]
    assert len(set(names)) == len(PAIRS)
    stand_ins = [name for name in names if STAND_IN.fullmatch(name) and "__" in name]
    imitations = [shown_name(*name.split("__", 1)) for name in stand_ins]
    assert imitations
    assert not set(imitations) & set(names), "a tool cannot take the stand-in of another"


def test_a_good_name_is_left_alone() -> None:
    assert shown_name("gmail_demo", "GMAIL_SEND_EMAIL") == "gmail_demo__GMAIL_SEND_EMAIL"
    assert shown_name("a", "b__c") == "a__b__c"


def test_a_stand_in_is_readable_and_the_same_in_every_process() -> None:
    assert shown_name("slack_team", "SLACK_USERS.PROFILE.GET") == "slack_team__SLACK_USERS_PROFILE_GET_x53aa986ce8"
