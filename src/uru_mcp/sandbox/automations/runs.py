"""Runs automations: executes the graph, pauses for approvals, and resumes after a decision.

A run is saved after every step, so it can be watched while it runs, and decided after a restart.
No language model is involved: an agent really executes the steps that its node lists.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from ..data import clock
from ..data.database import Database, new_id
from ..data.keys import Key
from ..data.paging import Item, page
from ..errors import ApiError, ToolFailure, not_found
from ..permissions import PERMISSIONS
from ..tools.registry import Call
from ..tools.validation import complaint
from . import graph
from .graph import Node
from .records import AUTOMATION, get, need

MAX_STEPS = 100  # nodes visited in one run; a cycle ends here
FORBIDDEN = frozenset({"automation_run", "automation_decide", "set_current_workspace"})  # for agents
VERDICTS = {"approve": "approved", "reject": "rejected"}

_FIELDS = "id, automation_id, status, events_json, started_at, finished_at"


@dataclass(slots=True)
class Run:
    """The state of a run. `walk` has the graph, the data so far, the nodes to visit and those that wait."""

    id: str
    automation_id: str
    status: str
    events: list[dict[str, str]]
    started_at: str
    finished_at: str | None
    walk: dict[str, Any]

    @property
    def is_moving(self) -> bool:
        return self.status == "running" and bool(self.walk["queue"])

    def note(self, node: str, kind: str, detail: str) -> None:
        self.events.append({"time": clock.stamp(), "node": node, "type": kind, "detail": detail})

    def take(self) -> Node:
        """The next node to visit."""
        self.walk["steps"] += 1
        node_id = self.walk["queue"].pop(0)
        found: Node = next(node for node in self.walk["nodes"] if node["id"] == node_id)
        return found

    def follow(self, node_id: str, branch: str | None = None) -> None:
        self.walk["queue"] += graph.following(self.walk["edges"], node_id, branch)

    def end(self, status: str) -> None:
        self.status, self.finished_at = status, clock.stamp()

    def fail(self, node_id: str, kind: str, why: str) -> None:
        self.note(node_id, kind, why)
        self.end("failed")

    def save(self, database: Database) -> None:
        database.update(
            "runs",
            self.id,
            status=self.status,
            events_json=json.dumps(self.events),
            walk_json=json.dumps(self.walk),
            finished_at=self.finished_at,
        )

    @property
    def record(self) -> dict[str, Any]:
        """The record that the API returns."""
        shown = ("id", "automation_id", "status", "events", "started_at", "finished_at")
        return {name: getattr(self, name) for name in shown}


async def start(call: Call) -> dict[str, Any]:
    """`automation_run`. Raises: ToolFailure, ApiError 404."""
    automation = get(AUTOMATION, call.database, call.workspace, call.arguments["id"])
    given = call.arguments.get("input", {})
    if automation["status"] != "active":
        raise ToolFailure(f"The automation {automation['name']} is {automation['status']}.")
    wrong = complaint(automation["trigger"].get("input_schema", {}), given)
    if wrong:
        raise ToolFailure(f"The input does not fit. {wrong}")
    run = _open(call, automation, given)
    await _proceed(run, call)
    return run.record


async def decide(call: Call) -> dict[str, Any]:
    """`automation_decide`. Raises: ToolFailure for a node that does not wait, ApiError 404."""
    node_id, verdict = call.arguments["node_id"], VERDICTS[call.arguments["decision"]]
    with call.database.transaction():  # of two concurrent decisions, the second finds nothing waiting
        run = _load(call, call.arguments["run_id"])
        if run.status != "waiting_for_approval" or node_id not in run.walk["waiting"]:
            raise ToolFailure(f"The run {run.id} is {run.status}, and its node {node_id} waits for no decision.")
        run.walk["waiting"].remove(node_id)
        _note_decision(run, node_id, verdict, call.arguments.get("comment", ""))
        run.save(call.database)
    await _proceed(run, call)
    return run.record


def person_in(workspace_id: str) -> Key:
    """The caller for decisions made without a key, in the workspace itself; has all permissions there."""
    return Key(
        id="",
        name="A person",
        last4="",
        workspace_id=workspace_id,
        fixed=True,
        permissions=frozenset(PERMISSIONS),
        created_at=clock.stamp(),
        expires_at=None,
        deleted_at=None,
        last_used_at=None,
        uses=0,
    )


def query(call: Call) -> Any:
    """`automation_query` with op runs or run. Raises: ToolFailure, ApiError 404."""
    if call.arguments["op"] == "run":
        return _load(call, need(call, "run_id")).record
    automation_id = get(AUTOMATION, call.database, call.workspace, need(call, "id"))["id"]

    def fetch(after: int | None, limit: int) -> list[Item]:
        return call.database.rows(
            "SELECT id, automation_id, status, started_at, finished_at, rowid AS position FROM runs"
            " WHERE automation_id = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            automation_id,
            after or 2**62,
            limit,
        )

    return page(fetch, call.arguments)


def end_interrupted(database: Database) -> None:
    """Mark runs as failed that an earlier process left in the middle of a step; they cannot continue."""
    with database.transaction():
        for row in database.rows(f"SELECT {_FIELDS}, walk_json FROM runs WHERE status = 'running'"):  # noqa: S608
            run = Run(**row)
            run.fail("", "interrupted", "The service was stopped while the run went on.")
            run.save(database)


def _open(call: Call, automation: dict[str, Any], given: dict[str, Any]) -> Run:
    trigger = next(node["id"] for node in automation["nodes"] if node["type"] == "trigger")
    walk = {
        "nodes": automation["nodes"],
        "edges": automation["edges"],
        "data": {"input": given},
        "queue": [trigger],
        "waiting": [],
        "steps": 0,
    }
    run = Run(new_id("run"), automation["id"], "running", [], clock.stamp(), None, walk)
    call.database.insert(
        "runs",
        id=run.id,
        workspace_id=call.workspace,
        automation_id=run.automation_id,
        status=run.status,
        events_json="[]",
        walk_json=json.dumps(walk),
        started_at=run.started_at,
    )
    return run


def _load(call: Call, run_id: str) -> Run:
    row = call.database.row(
        f"SELECT {_FIELDS}, walk_json FROM runs WHERE workspace_id = ? AND id = ?",  # noqa: S608
        call.workspace,
        run_id,
    )
    if row is None:
        raise not_found("run", run_id)
    return Run(**row)


async def _proceed(run: Run, call: Call) -> None:
    """Visit nodes until none is left, one fails, or all remaining ones wait for approval."""
    while run.is_moving:
        node = run.take()
        if run.walk["steps"] > MAX_STEPS:
            run.fail(node["id"], "failed", f"The run went through {MAX_STEPS} nodes and does not end.")
        else:
            await _visit(run, node, call)
        run.save(call.database)
    if run.status == "running":
        if run.walk["waiting"]:
            run.status = "waiting_for_approval"
        else:
            run.note("", "completed", "Nothing is left to do.")
            run.end("completed")
        run.save(call.database)


async def _visit(run: Run, node: Node, call: Call) -> None:
    try:
        await _VISITS[node["type"]](run, node, call)
    except ToolFailure as failure:
        run.fail(node["id"], "failed", str(failure))
    except ApiError as error:
        run.fail(node["id"], "failed", str(error))


async def _trigger(run: Run, node: Node, call: Call) -> None:
    run.note(node["id"], "started", f"By hand, with the key {call.key.name!r}.")
    run.follow(node["id"])


async def _decision(run: Run, node: Node, call: Call) -> None:
    branch = "true" if graph.holds(node["condition"], run.walk["data"]) else "false"
    run.note(node["id"], "decided", f"{_say(node['condition'])}: {branch}")
    run.follow(node["id"], branch)


async def _guardrail(run: Run, node: Node, call: Call) -> None:
    if graph.holds(node["condition"], run.walk["data"]):
        run.note(node["id"], "passed", _say(node["condition"]))
        run.follow(node["id"])
    else:
        run.fail(node["id"], "stopped", node.get("message") or f"Not so: {_say(node['condition'])}")


async def _approval(run: Run, node: Node, call: Call) -> None:
    run.note(node["id"], "approval_requested", str(graph.fill(node["ask"], run.walk["data"])))
    run.walk["waiting"].append(node["id"])


async def _agent(run: Run, node: Node, call: Call) -> None:
    results = run.walk["data"][node["id"]] = []
    for step in node["steps"]:
        arguments = graph.fill(step.get("arguments", {}), run.walk["data"])
        results.append(await _use_tool(step["tool"], arguments, call))
        run.note(node["id"], "tool_called", f"{step['tool']} {json.dumps(arguments, ensure_ascii=False)}")
        run.save(call.database)
    run.follow(node["id"])


async def _use_tool(full_name: str, arguments: dict[str, Any], call: Call) -> Any:
    namespace, _, name = full_name.partition("__")
    tool = call.registry.find(call.workspace, namespace, name)
    if tool is None or name in FORBIDDEN:
        raise ToolFailure(f"An agent has no tool {full_name}.")
    try:
        return await tool.run(replace(call, arguments=arguments))
    except ToolFailure as failure:
        raise ToolFailure(f"{full_name}: {failure}") from failure


_VISITS: dict[str, Callable[[Run, Node, Call], Awaitable[None]]] = {
    "trigger": _trigger,
    "agent": _agent,
    "decision": _decision,
    "guardrail": _guardrail,
    "human_approval": _approval,
}


def _note_decision(run: Run, node_id: str, verdict: str, comment: str) -> None:
    run.status = "running"
    run.note(node_id, verdict, comment)
    run.follow(node_id, verdict)
    if verdict == "rejected" and not run.walk["queue"]:
        run.walk["waiting"].clear()
        run.end("cancelled")


def _say(condition: dict[str, Any]) -> str:
    return f"{condition['field']} {condition['operator'].replace('_', ' ')} {json.dumps(condition['value'])}"
