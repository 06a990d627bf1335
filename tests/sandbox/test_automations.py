"""Runs: what each node does, where they stop, who lets them go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from uru_mcp.sandbox import Sandbox

from .callers import Caller, Connect, connected

START = {"id": "start", "type": "trigger"}
ANA = {"customer": "Ana", "email": "ana@example.com"}
NOTE = {"id": "note", "type": "agent", "steps": [{"tool": "company_demo__LOG_NOTE", "arguments": {"text": "done"}}]}


async def make(somebody: Caller, nodes: list[dict[str, Any]], *edges: tuple[str, ...], **more: Any) -> str:
    """An automation of these nodes, after a trigger called start; its id."""
    made = await somebody.use(
        "platform__automation_edit",
        op="create",
        name="Test",
        trigger={"type": "manual"},
        nodes=[START, *nodes],
        edges=[dict(zip(("from", "to", "branch"), edge, strict=False)) for edge in edges],
        **more,
    )
    return str(made["id"])


async def run(somebody: Caller, automation_id: str, **given: Any) -> dict[str, Any]:
    ran: dict[str, Any] = await somebody.use("platform__automation_run", id=automation_id, input=given)
    return ran


async def decide(somebody: Caller, ran: dict[str, Any], decision: str, node: str = "head") -> dict[str, Any]:
    decided: dict[str, Any] = await somebody.use(
        "platform__automation_decide", run_id=ran["id"], node_id=node, decision=decision, comment="because"
    )
    return decided


def steps(ran: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["node"], event["type"]) for event in ran["events"]]


def notes(sandbox: Sandbox) -> list[str]:
    """What was logged since the start; the ids of seeded notes have a part more."""
    return [row["text"] for row in sandbox.database.rows("SELECT text FROM notes WHERE id NOT GLOB 'note_*_*'")]


async def test_a_small_refund_is_granted_without_asking(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(permissions={"execute"}) as somebody:
        ran = await run(somebody, "aut_acme_refund", **ANA, amount=80)
    assert set(ran) == {"id", "automation_id", "status", "events", "started_at", "finished_at"}
    assert ran["status"] == "completed"
    assert ran["finished_at"]
    assert steps(ran) == [
        ("start", "started"), ("sane", "passed"), ("large", "decided"),
        ("pay", "tool_called"), ("pay", "tool_called"), ("", "completed"),
    ]  # fmt: skip
    assert all(set(event) == {"time", "node", "type", "detail"} for event in ran["events"])
    assert "Refund of 80 EUR for Ana granted." in notes(sandbox)
    mail = sandbox.database.rows("SELECT * FROM mails ORDER BY rowid DESC")[0]
    assert (mail["recipients"], mail["labels"]) == (["ana@example.com"], ["SENT"])


@pytest.mark.parametrize(("decision", "word"), [("approve", "granted"), ("reject", "declined")])
async def test_a_large_refund_waits_for_a_decision(
    sandbox: Sandbox, connect: Connect, decision: str, word: str
) -> None:
    async with connect() as somebody:
        ran = await run(somebody, "aut_acme_refund", **ANA, amount=900)
        assert ran["status"] == "waiting_for_approval"
        assert ran["finished_at"] is None
        assert ran["events"][-1]["detail"] == "Refund 900 EUR to Ana?"
        before = notes(sandbox)
        decided = await decide(somebody, ran, decision)
        assert await somebody.use("platform__automation_query", op="run", run_id=ran["id"]) == decided
    assert before == []
    assert decided["status"] == "completed"
    assert ("head", {"approve": "approved", "reject": "rejected"}[decision]) in steps(decided)
    assert notes(sandbox) == [f"Refund of 900 EUR for Ana {word}."]


async def test_a_guardrail_stops_the_run_and_says_why(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        ran = await run(somebody, "aut_acme_refund", **ANA, amount=9000)
    assert ran["status"] == "failed"
    assert ran["events"][-1]["type"] == "stopped"
    assert "dearest machine" in ran["events"][-1]["detail"]
    assert notes(sandbox) == []


async def test_a_rejection_without_a_way_on_cancels_the_run(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(workspace="Globex") as somebody:
        ran = await run(somebody, "aut_globex_rates")
        decided = await decide(somebody, ran, "reject", node="ask")
    assert decided["status"] == "cancelled"
    assert decided["events"][-1]["detail"] == "because"


async def test_a_rejection_does_not_take_the_way_of_an_approval(sandbox: Sandbox, connect: Connect) -> None:
    ask = {"id": "head", "type": "human_approval", "ask": "Go on?"}
    async with connect() as somebody:
        automation = await make(somebody, [ask, NOTE], ("start", "head"), ("head", "note"))
        rejected = await decide(somebody, await run(somebody, automation), "reject")
        before = notes(sandbox)
        approved = await decide(somebody, await run(somebody, automation), "approve")
    assert (rejected["status"], before) == ("cancelled", [])
    assert (approved["status"], notes(sandbox)) == ("completed", ["done"])


async def test_only_what_waits_can_be_decided_and_only_once(connect: Connect) -> None:
    async with connect() as somebody:
        ran = await run(somebody, "aut_acme_refund", **ANA, amount=900)
        wrong = {"run_id": ran["id"], "node_id": "pay", "decision": "approve"}
        assert "waits for no decision" in await somebody.fail("platform__automation_decide", **wrong)
        unknown = await somebody.call("platform__automation_decide", **{**wrong, "run_id": "run_0"})
        right = {**wrong, "node_id": "head"}
        answers = await asyncio.gather(*(somebody.call("platform__automation_decide", **right) for _ in range(5)))
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert sum(answer.body["successful"] for answer in answers) == 1


async def test_a_waiting_run_survives_a_restart(tmp_path: Path) -> None:
    sandbox = Sandbox.open(tmp_path / "sandbox.db")
    async with connected(sandbox) as somebody:
        ran = await run(somebody, "aut_acme_refund", **ANA, amount=900)
    sandbox.close()
    again = Sandbox.open(tmp_path / "sandbox.db")
    async with connected(again) as somebody:
        decided = await decide(somebody, ran, "approve")
    assert decided["status"] == "completed"
    assert notes(again) == ["Refund of 900 EUR for Ana granted."]
    again.close()


async def test_a_run_that_a_restart_interrupted_has_failed(tmp_path: Path) -> None:
    sandbox = Sandbox.open(tmp_path / "sandbox.db")
    slow = {"id": "slow", "type": "agent", "steps": [
        {"tool": "company_demo__GENERATE_REPORT", "arguments": {"title": "x", "seconds": 60}}]}  # fmt: skip
    async with connected(sandbox) as somebody:
        automation = await make(somebody, [slow], ("start", "slow"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(somebody, automation), 0.3)
        runs = (await somebody.use("platform__automation_query", op="runs", id=automation))["items"]
        assert [one["status"] for one in runs] == ["running"]
    sandbox.close()
    again = Sandbox.open(tmp_path / "sandbox.db")
    async with connected(again) as somebody:
        found = await somebody.use("platform__automation_query", op="run", run_id=runs[0]["id"])
    assert (found["status"], found["events"][-1]["type"]) == ("failed", "interrupted")
    again.close()


async def test_a_cycle_ends(connect: Connect) -> None:
    async with connect() as somebody:
        automation = await make(somebody, [NOTE], ("start", "note"), ("note", "note"))
        ran = await run(somebody, automation)
    assert ran["status"] == "failed"
    assert "does not end" in ran["events"][-1]["detail"]


async def test_two_approvals_wait_beside_each_other(sandbox: Sandbox, connect: Connect) -> None:
    asks = [{"id": name, "type": "human_approval", "ask": f"{name}?"} for name in ("one", "two")]
    async with connect() as somebody:
        automation = await make(somebody, [*asks, NOTE], ("start", "one"), ("start", "two"), ("two", "note"))
        ran = await run(somebody, automation)
        first = await decide(somebody, ran, "approve", node="two")
        second = await decide(somebody, ran, "approve", node="one")
    assert (first["status"], second["status"]) == ("waiting_for_approval", "completed")
    assert notes(sandbox) == ["done"]


async def test_while_a_run_goes_on_nothing_else_of_it_is_decided(sandbox: Sandbox, connect: Connect) -> None:
    """Else two walkers would write over each other."""
    asks = [{"id": name, "type": "human_approval", "ask": f"{name}?"} for name in ("one", "two")]
    report = {"tool": "company_demo__GENERATE_REPORT", "arguments": {"title": "x", "seconds": 0.2}}
    slow = {"id": "slow", "type": "agent", "steps": [report]}
    async with connect() as somebody:
        automation = await make(somebody, [*asks, slow], ("start", "one"), ("start", "two"), ("one", "slow"))
        ran = await run(somebody, automation)
        first, second = await asyncio.gather(
            decide(somebody, ran, "approve", node="one"),
            somebody.fail("platform__automation_decide", run_id=ran["id"], node_id="two", decision="approve"),
        )
        last = await decide(somebody, ran, "approve", node="two")
    assert first["status"] == "waiting_for_approval"
    assert "is running" in second
    assert last["status"] == "completed"
    assert [event["type"] for event in last["events"]].count("approved") == 2


async def test_a_step_sees_what_steps_before_it_answered(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        ran = await run(somebody, "aut_acme_visit", serial="AC1", start="2030-01-02T09:00:00Z", email="a@example.com")
    assert ran["status"] == "completed"
    draft = sandbox.database.rows("SELECT body, labels_json FROM mails ORDER BY rowid DESC")[0]
    assert draft["labels"] == ["DRAFT"]
    assert "2030-01-02T09:00:00Z" in draft["body"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"tool": "company_demo__NO_SUCH"}, "no tool"),
        ({"tool": "platform__automation_run", "arguments": {"id": "aut_acme_refund"}}, "no tool"),
        ({"tool": "company_demo__LOG_NOTE"}, "text"),
        ({"tool": "company_demo__LOG_NOTE", "arguments": {"text": "{{input.missing}}"}}, "input.missing"),
        ({"tool": "platform__context_query", "arguments": {"op": "get", "id": "nothing"}}, "nothing"),
    ],
)
async def test_a_step_that_cannot_be_done_fails_the_run(
    sandbox: Sandbox, connect: Connect, step: dict[str, Any], said: str
) -> None:
    async with connect() as somebody:
        broken = {"id": "broken", "type": "agent", "steps": [step]}
        ran = await run(somebody, await make(somebody, [broken, NOTE], ("start", "broken"), ("broken", "note")))
    assert ran["status"] == "failed"
    assert said in ran["events"][-1]["detail"]
    assert notes(sandbox) == []


@pytest.mark.parametrize(
    ("operator", "value", "given", "holds"),
    [
        ("equals", "a", "a", True), ("equals", 1, "1", False), ("not_equals", 1, 2, True),
        ("greater_than", 5, 5, False), ("at_least", 5, 5, True), ("less_than", 5, 4, True), ("at_most", 5, 6, False),
        ("contains", "x", ["x"], True), ("contains", "ell", "hello", True), ("one_of", ["a", "b"], "c", False),
        ("exists", True, 0, True), ("exists", False, 0, False),
    ],
)  # fmt: skip
async def test_decisions_compare(connect: Connect, operator: str, value: Any, given: Any, holds: bool) -> None:
    condition = {"field": "input.x.0.y", "operator": operator, "value": value}
    decision = {"id": "d", "type": "decision", "condition": condition}
    async with connect() as somebody:
        ran = await run(somebody, await make(somebody, [decision], ("start", "d")), x=[{"y": given}])
    assert ran["events"][1]["detail"].endswith(str(holds).lower())


async def test_values_that_cannot_be_compared_fail_the_run(connect: Connect) -> None:
    decision = {"id": "d", "type": "decision", "condition": {"field": "input.x", "operator": "at_most", "value": 1}}
    async with connect() as somebody:
        ran = await run(somebody, await make(somebody, [decision], ("start", "d")), x="many")
    assert ran["status"] == "failed"


async def test_a_run_needs_the_input_that_its_trigger_wants_and_an_active_automation(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect() as somebody:
        assert "customer" in await somebody.fail("platform__automation_run", id="aut_acme_refund", input={})
        assert "paused" in await somebody.fail("platform__automation_run", id="aut_acme_campaign")
    assert sandbox.database.rows("SELECT * FROM runs") == []


async def test_runs_are_listed_newest_first_and_kept_to_their_workspace(connect: Connect) -> None:
    async with connect() as somebody, connect(workspace="Globex") as neighbour:
        ids = [(await run(somebody, "aut_acme_refund", **ANA, amount=amount))["id"] for amount in (1, 2, 3)]
        listed = await somebody.use("platform__automation_query", op="runs", id="aut_acme_refund", limit=2)
        rest = await somebody.use(
            "platform__automation_query", op="runs", id="aut_acme_refund", cursor=listed["next_cursor"]
        )
        leaked = await neighbour.call("platform__automation_query", op="run", run_id=ids[0])
    assert [one["id"] for one in listed["items"] + rest["items"]] == ids[::-1]
    assert leaked.status == 404
