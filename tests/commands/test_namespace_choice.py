"""What `URU_NAMESPACES` leaves out is never said to be missing in the workspace."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from tests.process import CACHES
from uru_mcp.cli import main

OFFERED = "Uru offers company_demo, gmail_demo, googlecalendar_demo, platform."


def in_sandbox(namespaces: str, *words: str) -> Result:
    environ = {"URU_API_KEY": None, "URU_NAMESPACES": namespaces, **dict.fromkeys(CACHES, "/dev/null")}
    ran = CliRunner().invoke(main, ["--sandbox", *words], env=environ, catch_exceptions=False)
    assert "workspace has no" not in ran.output
    return ran


def test_without_platform_the_setting_is_the_cause() -> None:
    said = in_sandbox("gmail_*", "whoami").stdout
    assert "contexts, prompts, agents, automations, runs, since URU_NAMESPACES=gmail_* leaves out platform" in said
    assert "Problem" not in said
    left_out = "Left out by URU_NAMESPACES=gmail_*: company_demo, googlecalendar_demo, platform."
    assert left_out in in_sandbox("gmail_*", "tools", "--blocked").stderr
    assert left_out in in_sandbox("gmail_*", "tools").stderr


@pytest.mark.parametrize(("pattern", "meant"), [("gmial", "gmail_demo"), ("calender", None), ("googelcalendar_*", "")])
def test_a_pattern_that_matches_nothing_is_a_problem_with_what_uru_offers(pattern: str, meant: str | None) -> None:
    report = json.loads(in_sandbox(pattern, "whoami", "--json").stdout)
    (problem,) = report["problems"]
    assert problem["message"] == f"No namespace matches {pattern} in URU_NAMESPACES. {OFFERED}"
    assert "Correct URU_NAMESPACES" in problem["fix"]
    assert meant is None or f"Did you mean {meant}" in problem["fix"]
    assert report["user_choices"] == {"URU_NAMESPACES": pattern}
    blocked = in_sandbox(pattern, "tools", "--blocked").output
    assert "Nothing is blocked" not in blocked
    assert OFFERED in blocked


def test_a_pattern_without_a_match_beside_one_with_is_told_too() -> None:
    said = in_sandbox("platform,gmial_*", "whoami").stdout
    assert "No namespace matches gmial_* in URU_NAMESPACES." in said
    assert "Not offered" not in said


@pytest.mark.parametrize(
    ("namespaces", "tool", "left_out"),
    [
        ("gmail_*", "platform__context_query", "platform"),
        ("platform", "gmail_demo__GMAIL_SEND_EMAIL", "gmail_demo"),
        ("gmial", "SEND_EMAIL", "company_demo, gmail_demo, googlecalendar_demo, platform"),
    ],
)
def test_a_call_of_what_is_left_out_names_the_setting(namespaces: str, tool: str, left_out: str) -> None:
    ran = in_sandbox(namespaces, "call", tool, "{}")
    assert ran.exit_code == 1
    assert f"unknown_tool: URU_NAMESPACES={namespaces} leaves out {left_out}, so “{tool}” is not" in ran.output
    assert "Add it to URU_NAMESPACES" in ran.output


def test_what_no_namespace_has_is_still_unknown_to_the_workspace() -> None:
    ran = CliRunner().invoke(main, ["--sandbox", "call", "gmail_demo__NO_SUCH"], env={"URU_NAMESPACES": "gmail_*"})
    assert "This workspace has no tool “gmail_demo__NO_SUCH”." in ran.output
