"""The pages for a workspace's contents, which show the effects of calls, and for approving waiting runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from ..data.callers import Workspace
from ..data.database import Database
from ..errors import ApiError, ToolFailure
from .visit import Refusal, Visit

SHOWN = 100  # records per kind
RUNS = 20  # runs per automation
DECISIONS = {"approve": "approved", "reject": "rejected"}

Rows = list[dict[str, Any]]


async def first(visit: Visit) -> Response:
    return visit.go(f"/workspaces/{visit.site.sandbox.workspaces[0].id}/contexts")


async def show(visit: Visit) -> Response:
    workspace, subject = _workspace(visit), visit.request.path_params["subject"]
    if subject not in SUBJECTS:
        raise Refusal(404, "No such page", "A workspace has no such part.")
    records = SUBJECTS[subject](visit.database, workspace.id)
    return visit.page(
        "workspace.html",
        workspace=workspace,
        workspaces=visit.site.sandbox.workspaces,
        subject=subject,
        subjects=TITLES,
        records=records,
    )


async def decide(visit: Visit) -> Response:
    fields, workspace = await visit.posted(), _workspace(visit)
    decision, back = fields.one("decision"), f"/workspaces/{workspace.id}/automations"
    if decision not in DECISIONS:
        raise Refusal(422, "No such decision", "A run is approved or rejected.", way_out=back, label="To the run")
    run_id = visit.request.path_params["run_id"]
    try:
        await visit.site.sandbox.decide(workspace.id, run_id, fields.one("node_id"), decision, fields.one("comment"))
    except (ToolFailure, ApiError) as error:
        raise Refusal(409, "Not decided", str(error), way_out=back, label="To the automations") from error
    return visit.go(back, f"The run {run_id} is {DECISIONS[decision]}.")


def _workspace(visit: Visit) -> Workspace:
    wanted = visit.request.path_params["workspace_id"]
    for one in visit.site.sandbox.workspaces:
        if one.id == wanted:
            return one
    raise Refusal(404, "No such workspace", "This sandbox has no such workspace.")


def _automations(database: Database, workspace_id: str) -> Rows:
    rows = database.rows("SELECT * FROM automations WHERE workspace_id = ? LIMIT ?", workspace_id, SHOWN)
    runs = "SELECT * FROM runs WHERE automation_id = ? ORDER BY rowid DESC LIMIT ?"
    return [{**row, "runs": [_as_run(run) for run in database.rows(runs, row["id"], RUNS)]} for row in rows]


def _as_run(row: dict[str, Any]) -> dict[str, Any]:
    """The run with its pending questions, by node."""
    waiting = row["walk"]["waiting"] if row["status"] == "waiting_for_approval" else []
    asked = {event["node"]: event["detail"] for event in row["events"] if event["type"] == "approval_requested"}
    return {**row, "questions": {node: asked.get(node, "") for node in waiting}}


def _table(sql: str) -> Callable[[Database, str], Rows]:
    return lambda database, workspace_id: database.rows(f"SELECT * FROM {sql} LIMIT ?", workspace_id, SHOWN)  # noqa: S608


TITLES = {
    "contexts": "Context blocks",
    "automations": "Automations",
    "mail": "Mail",
    "calendar": "Calendar",
    "notes": "Notes",
}
SUBJECTS: dict[str, Callable[[Database, str], Rows]] = {
    "contexts": _table("contexts WHERE workspace_id = ? ORDER BY updated_at DESC, rowid DESC"),
    "automations": _automations,
    "mail": _table("mails WHERE workspace_id = ? ORDER BY date DESC, rowid DESC"),
    "calendar": _table("events WHERE workspace_id = ? ORDER BY starts_at, rowid"),
    "notes": _table("notes WHERE workspace_id = ? ORDER BY created_at DESC, rowid DESC"),
}
