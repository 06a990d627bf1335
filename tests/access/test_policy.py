"""What a tool needs, rule by rule."""

from __future__ import annotations

import pytest

from uru_mcp.access.policy import dispatcher_of, needs_of, reads_only
from uru_mcp.permissions import EVERYTHING, Permission
from uru_mcp.untrusted_input.permission_parsing import read_names

READ, WRITE, EXECUTE = Permission.READ, Permission.WRITE, Permission.EXECUTE


def needs(namespace: str, name: str, *, declared: str | None = None, read_only: bool | None = None) -> set[Permission]:
    said = None if declared is None else read_names(declared).granted
    return set(needs_of(namespace, name, declared=said, read_only=read_only))


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ("list_workspaces set_current_workspace", set()),
        ("context_query prompt_query persona_query automation_query", {READ}),
        ("context_edit prompt_edit persona_edit automation_edit", {WRITE}),
        ("automation_run automation_decide", {EXECUTE}),
    ],
)
def test_a_known_platform_tool_needs_what_it_needs_also_where_uru_says_nothing(
    tools: str, expected: set[Permission]
) -> None:
    for tool in tools.split():
        assert needs("platform", tool) == needs("platform", tool, read_only=True) == expected, tool


@pytest.mark.parametrize(
    ("name", "declared", "read_only", "expected"),
    [
        ("context_query", "execute", None, {EXECUTE}),  # Uru's declaration comes first
        ("context_query", None, False, {READ}),  # then our table
        ("list_workspaces", None, None, set()),
        ("anything", None, True, {READ}),  # then the hint
        ("list_things", None, None, {READ}),  # then the name
        ("thing_query", None, False, {READ}),
        ("create_thing", None, None, {WRITE}),
        ("thing_run", None, None, {EXECUTE}),
        ("get_last_run", None, None, {READ, EXECUTE}),  # every pattern that fits counts
        ("run_query", None, None, {READ, EXECUTE}),
        ("GET_THING", None, None, set(EVERYTHING)),
        ("delete_thing", None, None, set(EVERYTHING)),  # otherwise everything
        ("", None, None, set(EVERYTHING)),
    ],
)
def test_in_platform_the_first_rule_that_fits_decides(
    name: str, declared: str | None, read_only: bool | None, expected: set[Permission]
) -> None:
    assert needs("platform", name, declared=declared, read_only=read_only) == expected


@pytest.mark.parametrize("namespace", ["gmail_work", "company_acme", "external_mcp_notes", "platform2", "Platform", ""])
@pytest.mark.parametrize("name", ["list_workspaces", "context_query", "GMAIL_FETCH_EMAILS"])
def test_outside_platform_execute_is_always_needed(namespace: str, name: str) -> None:
    assert needs(namespace, name, read_only=True) == {EXECUTE}
    assert needs(namespace, name, declared="read") == {READ, EXECUTE}
    assert needs(namespace, name, declared="execute") == {EXECUTE}


@pytest.mark.parametrize(
    ("name", "declared", "hint", "expected"),
    [
        ("context_query", None, None, True),
        ("context_query", None, False, False),
        ("context_query", {WRITE}, True, False),
        ("list_workspaces", None, None, True),
        ("set_current_workspace", None, None, False),
        ("set_current_workspace", None, False, False),
        ("context_edit", None, True, False),
        ("get_next_job", None, None, False),
        ("list_and_clear_queue", None, None, False),
        ("search_then_mark_read", None, None, False),
        ("job_query", None, None, False),
        ("get_next_job", {READ}, None, True),
        ("get_next_job", {READ}, False, False),
        ("get_next_job", None, True, True),
        ("anything", {EXECUTE}, True, False),
    ],
)
def test_in_platform_only_a_declaration_a_hint_or_the_table_makes_a_tool_read_only(
    name: str, declared: set[Permission] | None, hint: bool | None, expected: bool
) -> None:
    needs = None if declared is None else frozenset(declared)
    assert reads_only("platform", name, declared=needs, read_only=hint) is expected


def test_a_strangers_hint_is_not_passed_on() -> None:
    assert reads_only("gmail_work", "fetch", declared=None, read_only=True)
    assert not reads_only("external_mcp_notes", "fetch", declared=None, read_only=True)


@pytest.mark.parametrize(
    ("needed", "read_only", "expected"),
    [
        (set(), True, "uru_read"),
        ({READ}, True, "uru_read"),
        ({READ}, False, None),
        ({WRITE}, False, "uru_write"),
        ({READ, WRITE}, False, "uru_write"),
        ({WRITE, EXECUTE}, False, "uru_execute"),
        ({EXECUTE}, True, "uru_execute"),
    ],
)
def test_the_dispatch_tool_is_the_one_whose_hints_are_true(
    needed: set[Permission], read_only: bool, expected: str | None
) -> None:
    assert dispatcher_of(frozenset(needed), read_only=read_only) == expected
