"""Patterns of `URU_TOOLS` and `URU_CONFIRM`: what they fit, what is an error, and what a slip closes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from uru_mcp.config.environment import read_settings
from uru_mcp.config.pattern_slips import nearest
from uru_mcp.config.tool_patterns import Rules, read_confirmed, read_patterns
from uru_mcp.errors import SettingsError
from uru_mcp.permissions import NOTHING, Permission, Permissions

KEY = "uru_test_0123456789abcdef"


@dataclass(frozen=True)
class Named:
    id: str
    needs: Permissions = NOTHING
    destructive: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id,)


SEND, READ = Named("gmail_demo__GMAIL_SEND_EMAIL", frozenset({Permission.EXECUTE}), True), Named("gmail_demo__READ")
PAY, QUERY = Named("stripe__PAY", frozenset({Permission.EXECUTE})), Named("platform__context_query")
TOOLS = [SEND, READ, PAY, QUERY]


def chosen(text: str) -> list[Named]:
    rules = Rules(read_patterns(text)).among(TOOLS)
    return [tool for tool in TOOLS if rules.fit(tool)]


def confirmed(text: str) -> list[Named]:
    rules = Rules(read_confirmed(text), is_closing_by_exception=False).among(TOOLS)
    return [tool for tool in TOOLS if rules.fit(tool)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TOOLS),
        ("*", TOOLS),
        ("gmail_*", [SEND, READ]),
        ("GMAIL_*, !*__*send*", [READ]),
        ("!gmail_*", [PAY, QUERY]),
        ("!gmail_*,gmail_demo__READ", [READ, PAY, QUERY]),
        ("*,!gmail_*,!stripe_*", [QUERY]),
        ("!destructive", [READ, PAY, QUERY]),
        ("!execute", [READ, QUERY]),
        ("stripe__PA?", [PAY]),
    ],
)
def test_the_last_pattern_that_fits_decides(text: str, expected: list[Named]) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("never", []),
        ("Destructive", [SEND]),
        ("execute", [SEND, PAY]),
        ("execute,!stripe_*", [SEND]),
        ("!stripe_*", [SEND, READ, QUERY]),
    ],
)
def test_what_is_confirmed_is_chosen_in_the_same_way(text: str, expected: list[Named]) -> None:
    assert confirmed(text) == expected


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("URU_TOOLS", "stripe", "the nearest is stripe_*."),
        ("URU_TOOLS", "!gmail_demo", "the nearest is gmail_demo_*."),
        ("URU_TOOLS", "-stripe_*", "is not a pattern"),
        ("URU_TOOLS", "*,!", "is not a pattern"),
        ("URU_TOOLS", "!!stripe_*", "is not a pattern"),
        ("URU_TOOLS", "gmail_[ab]*", "is not a pattern"),
        ("URU_TOOLS", "*;!stripe_*", "is not a pattern"),
        ("URU_TOOLS", "never", "stands alone"),
        ("URU_CONFIRM", "destructiv", "the nearest is destructive."),
        ("URU_CONFIRM", "nevr", "the nearest is never."),
        ("URU_CONFIRM", "never,execute", "stands alone"),
        ("URU_APPROVALS", "persn", "“persn” is none of ask, person."),
    ],
)
def test_what_can_fit_nothing_is_an_error_that_names_what_is_near(variable: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"URU_API_KEY": KEY, variable: text})
    (problem,) = raised.value.problems
    assert problem.details["variable"] == variable
    assert said in problem.message


@pytest.mark.parametrize(
    ("text", "gone", "near"),
    [
        ("!stirpe_*", [PAY], "stripe__PAY"),
        ("!strip__*", [PAY], "stripe__PAY"),
        ("*,!gmal_demo__*", [SEND, READ], "gmail_demo__*"),
        ("!gmail_demo__GMAIL_SENT_MAIL", [SEND], "gmail_demo__GMAIL_SEND_EMAIL"),
        ("!strieps_*", [PAY], "stripe__PAY"),
        ("!*__*SENT_*", [SEND], "gmail_demo__GMAIL_SEND_EMAIL"),
        ("!*__*EMIAL", [SEND], "gmail_demo__GMAIL_SEND_EMAIL"),
        ("!gmaildemo__*", [SEND, READ], "gmail_demo__*"),
        ("!gmail-*", [SEND, READ], "gmail_demo__*"),
        ("!gmial*", [SEND, READ], "gmail_demo__*"),
        ("!platfrom__contxt_*", [QUERY], "platform__context_query"),
        ("!slack_*", [], None),
    ],
)
def test_a_slip_takes_away_what_is_nearest(text: str, gone: list[Named], near: str | None) -> None:
    rules = Rules(read_patterns(text)).among(TOOLS)
    assert [tool for tool in TOOLS if not rules.fit(tool)] == gone
    (misfit,) = rules.misfits
    assert (misfit.near, misfit.closed) == (near, len(gone))


@pytest.mark.parametrize(
    ("slip", "names"),
    [
        ("!gmial_*", ("gmail_work__SEND", "gmail_home__READ")),
        ("!abcx__SEND", ("abcd__SEND", "abce__SEND")),
        ("!stirpe_*", ("stripe__PAY",)),
    ],
)
def test_what_is_suggested_takes_away_all_that_the_slip_does(slip: str, names: tuple[str, ...]) -> None:
    tools = [Named(name) for name in names]
    (misfit,) = Rules(read_patterns(slip)).among(tools).misfits
    assert misfit.near is not None
    meant = Rules(read_patterns(",".join(f"!{one}" for one in misfit.near.split(",")))).among(tools)
    gone = [tool for tool in tools if not Rules(read_patterns(slip)).among(tools).fit(tool)]
    assert gone
    assert not any(meant.fit(tool) for tool in gone)
    assert meant.misfits == ()


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*__*drop*", "files__CROP_IMAGE"),
        ("*__*pay*", "spotify__PLAY_TRACK"),
        ("*__*pay*", "platform__list_workspaces"),
        ("*__*share*", "company__SEARCH_TRANSCRIPTS"),
        ("*__*remove*", "gmail__MOVE_TO_TRASH"),
        ("*__*refund*", "gmail__RESEND_MAIL"),
        ("*__*import*", "sheets__EXPORT_ROWS"),
        ("*__*reject*", "jobs__RESET"),
        ("*__*invoice*", "jobs__INVOKE"),
        ("*__*sent*", "platform__set_current_workspace"),
        ("*__*post*", "company_demo__GENERATE_REPORT"),
        ("company_prod__*", "company_demo__LOG_NOTE"),
        ("gmail_us__*", "gmail_eu__SEND"),
        ("gmail_work2__*", "gmail_work1__SEND"),
        ("*__*", "platform_list"),
    ],
)
def test_what_names_another_kind_of_tool_is_no_slip(pattern: str, name: str) -> None:
    assert nearest(pattern, [name]) == []


def test_the_words_of_a_name_may_begin_with_capitals() -> None:
    names = ["app__deleteMessage", "app__undeleteMessage", "googleDrive__list"]
    assert nearest("*__*delte*", names) == ["app__deleteMessage"]
    assert nearest("gogledrive_*", names) == ["googleDrive__list"]


def test_a_slip_in_an_exception_excepts_nothing() -> None:
    assert confirmed("execute,!stirpe_*") == [SEND, PAY]
    assert chosen("platform__*,stirpe_*") == [QUERY]


def test_a_later_pattern_still_decides_over_a_slip() -> None:
    assert PAY in chosen("*,!stirpe_*,stripe__PAY")


def test_what_is_nearest_is_found_among_very_many_in_seconds() -> None:
    names = [f"app{number % 300}_demo__DO_SOMETHING_{number}" for number in range(10_000)]
    began = time.process_time()
    assert nearest("aap7_demo__*", [*names, "gmail_demo__SEND"])
    assert nearest("gmial_*", [*names, "gmail_demo__SEND"]) == ["gmail_demo__SEND"]
    assert time.process_time() - began < 10
