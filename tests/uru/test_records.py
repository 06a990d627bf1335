"""Records as strangers may write them: what is known is read, and what is not is left."""

from __future__ import annotations

from typing import Any

import pytest

from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.uru.records import AGENTS, AUTOMATIONS, CONTEXTS, RUNS, kind_at, read_entry, read_page, read_prompt
from uru_mcp.uru.resource_uris import ResourceUri, parse_uri
from uru_mcp.uru.waiting_steps import read_approvals

RUN = {"id": "run_1", "automation_id": "aut_1", "status": "waiting_for_approval"}


def event(node: str, kind: str, detail: str = "") -> dict[str, str]:
    return {"node": node, "type": kind, "detail": detail}


def test_a_run_waits_for_what_was_asked_and_not_answered_since() -> None:
    events = [
        event("first", "approval_requested", "One?"),
        event("second", "approval_requested", "Two?"),
        event("first", "approved"),
        event("third", "approval_requested", "Three?"),
    ]
    assert [(one.node, one.question) for one in read_approvals({**RUN, "events": events})] == [
        ("second", "Two?"),
        ("third", "Three?"),
    ]


@pytest.mark.parametrize("events", [None, [], "text", [None, 3, {}, {"node": 1}], {"a": 1}])
def test_a_run_whose_events_say_nothing_waits_all_the_same(events: Any) -> None:
    (approval,) = read_approvals({**RUN, "events": events})
    assert (approval.run, approval.node, approval.question) == (ResourceUri("automations", "aut_1", "run_1"), None, "")


@pytest.mark.parametrize("run", [None, [], {}, {**RUN, "status": "completed"}, {**RUN, "id": 3}])
def test_what_is_no_waiting_run_waits_for_nothing(run: Any) -> None:
    assert read_approvals(run) == ()


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ([{"id": "a"}, 3], ([{"id": "a"}], None)),
        ({"items": [], "next_cursor": "c"}, ([], "c")),
        ({"items": [{}], "next_cursor": 7}, ([{}], None)),
    ],
)
def test_a_list_is_read_bare_or_in_pages(body: Any, page: Any) -> None:
    assert read_page(body) == page


@pytest.mark.parametrize("body", [None, "text", {"items": {}}, 3, {}])
def test_what_holds_no_list_is_said_to(body: Any) -> None:
    with pytest.raises(UnexpectedShape):
        read_page(body)


def test_an_entry_takes_what_it_finds() -> None:
    full = read_entry(CONTEXTS, {"id": "a", "title": "T", "content": "é", "updated_at": "2026-01-02T03:04:05Z"})
    bare = read_entry(AGENTS, {"id": "b", "name": 3, "size": True})
    assert full is not None
    assert (full.size, full.updated_at and full.updated_at.isoformat()) == (2, "2026-01-02T03:04:05+00:00")
    assert bare is not None
    assert (bare.title, bare.size, bare.updated_at) == ("b", None, None)
    assert read_entry(CONTEXTS, {"title": "no id"}) is None
    assert read_entry(RUNS, {"id": "run_1"}) is None


@pytest.mark.parametrize(
    "agent", [{"persona_id": "p"}, {"agent_id": "p"}, {"persona": {"id": "p"}}, {"agent": {"id": "p"}}]
)
def test_the_agent_of_a_prompt_is_found_where_it_may_stand(agent: dict[str, Any]) -> None:
    assert read_prompt({"id": "a", "content": "x", **agent}).agent == "p"


@pytest.mark.parametrize("variables", [None, "text", [3, {}, {"name": " "}], {}])
def test_variables_that_are_none_are_left_out(variables: Any) -> None:
    prompt = read_prompt({"id": "a", "variables": variables})
    assert (prompt.title, prompt.content, prompt.variables) == ("a", None, ())


def test_an_address_is_taken_apart_as_it_was_put_together() -> None:
    for address in (
        ResourceUri("workspace"),
        ResourceUri("contexts", "a/b ?#%ä"),
        ResourceUri("automations", "x", "y/runs/z"),
    ):
        assert parse_uri(address.uri) == address
    assert kind_at(ResourceUri("automations", "x")) is AUTOMATIONS
    assert kind_at(ResourceUri("automations", "x", "y")) is RUNS
    assert kind_at(ResourceUri("runs", "x")) is None
    assert kind_at(ResourceUri("contexts", "x", "y")) is None
