"""The graph of an automation and of a run, from records in many shapes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from uru_mcp.apps.run_graph import EVENTS, NODES, graph_of

AUTOMATION = {
    "id": "aut_1",
    "name": "Refund",
    "nodes": [{"id": "a", "type": "trigger", "name": "Start"}, {"id": "b", "name": "Head"}, {"id": "c"}],
    "edges": [
        {"from": "a", "to": "b"},
        {"source": "b", "target": "c", "label": "approved"},
        {"from": "a", "to": "none"},
    ],
}


def run(*events: tuple[str, str], status: str = "running") -> dict[str, Any]:
    return {"id": "run_1", "status": status, "events": [{"node": node, "type": kind} for node, kind in events]}


@pytest.mark.parametrize(
    ("events", "status", "states"),
    [
        ([], "running", ["pending", "pending", "pending"]),
        ([("a", "started")], "running", ["done", "pending", "pending"]),
        ([("a", "started"), ("b", "approval_requested")], "waiting_for_approval", ["done", "waiting", "pending"]),
        ([("b", "approval_requested"), ("b", "approved")], "running", ["pending", "done", "pending"]),
        ([("b", "approval_requested"), ("b", "rejected")], "cancelled", ["not reached", "rejected", "not reached"]),
        ([("b", "approval_requested")], "cancelled", ["not reached", "cancelled", "not reached"]),
        ([("a", "failed")], "failed", ["failed", "not reached", "not reached"]),
        ([("a", "a type of which nobody has heard")], "completed", ["done", "not reached", "not reached"]),
    ],
)
def test_the_last_event_of_a_node_says_its_state(events: list[tuple[str, str]], status: str, states: list[str]) -> None:
    graph = graph_of(run(*events, status=status), AUTOMATION)
    assert [node["state"] for node in graph["nodes"]] == states


def test_an_automation_alone_has_steps_without_a_state() -> None:
    graph = graph_of({}, AUTOMATION)
    assert graph["run"] is None
    assert graph["nodes"] == [
        {"id": "a", "name": "Start", "type": "trigger"},
        {"id": "b", "name": "Head", "type": None},
        {"id": "c", "name": "c", "type": None},
    ]
    assert graph["edges"] == [{"from": "a", "to": "b"}, {"from": "b", "to": "c", "branch": "approved"}]


def test_a_run_without_a_readable_automation_still_has_its_events() -> None:
    graph = graph_of({**run(("a", "started")), "automation_name": "Refund"}, {})
    assert (graph["automation"]["name"], graph["nodes"]) == ("Refund", [])
    assert [event["node"] for event in graph["events"]] == ["a"]


def test_of_many_steps_and_events_a_person_is_shown_what_can_be_taken_in() -> None:
    many = {"nodes": [{"id": f"n{number}", "name": "x" * 10_000} for number in range(NODES + 40)]}
    graph = graph_of(run(*[("n1", "tool_called")] * (EVENTS + 7)), many)
    assert len(graph["nodes"]) == NODES
    assert max(len(node["name"]) for node in graph["nodes"]) == 200
    assert (len(graph["events"]), graph["more_events"]) == (EVENTS, 7)


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5) | some.sampled_from(["a", "from", "to"]),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(["id", "nodes", "edges", "events", "from", "to", "node", "type"]), inner)
    ),
    max_leaves=20,
)


@given(some.dictionaries(some.sampled_from(["id", "status", "events"]), json_values), json_values)
def test_a_record_of_any_shape_makes_a_graph_whose_edges_join_its_nodes(run: dict[str, Any], automation: Any) -> None:
    graph = graph_of(run, automation if isinstance(automation, dict) else {})
    ids = {node["id"] for node in graph["nodes"]}
    assert len(ids) == len(graph["nodes"])
    assert all({edge["from"], edge["to"]} <= ids for edge in graph["edges"])
