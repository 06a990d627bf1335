"""The `platform` namespace: tools for workspaces, context blocks, prompts, agents and automations."""

from __future__ import annotations

from typing import Any

from ..data import text_search
from ..data.callers import workspaces
from ..data.keys import Keys
from ..data.paging import page_of
from ..errors import ApiError
from ..tools.registry import Act, BuiltIn, Call
from . import records, runs
from .records import AUTOMATION, CONTEXT, PERSONA, PROMPT, Kind


def namespace() -> BuiltIn:
    acts: dict[str, Act] = {
        "list_workspaces": _list_workspaces,
        "set_current_workspace": _set_current_workspace,
        "context_query": _context_query,
        "automation_query": _automation_query,
        "prompt_query": _query(PROMPT),
        "persona_query": _query(PERSONA),
        "context_edit": _edit(CONTEXT),
        "prompt_edit": _edit(PROMPT),
        "persona_edit": _edit(PERSONA),
        "automation_edit": _edit(AUTOMATION),
        "automation_run": runs.start,
        "automation_decide": runs.decide,
    }
    return BuiltIn({"name": "platform"}, "platform.json", acts)


def _query(kind: Kind) -> Act:
    return lambda call: records.query(kind, call)


def _edit(kind: Kind) -> Act:
    return lambda call: records.edit(kind, call)


def _context_query(call: Call) -> Any:
    if call.arguments["op"] != "search":
        return records.query(CONTEXT, call)
    query = records.need(call, "query")
    return page_of(text_search.search(call.database, call.workspace, query), call.arguments)


def _automation_query(call: Call) -> Any:
    return (runs.query if call.arguments["op"] in ("runs", "run") else _query(AUTOMATION))(call)


def _list_workspaces(call: Call) -> dict[str, Any]:
    """A key that was created for one workspace sees no other."""
    listed = [
        {"id": one.id, "name": one.name, "current": one.id == call.workspace_id}
        for one in workspaces(call.database)
        if not call.key.fixed or one.id == call.key.workspace_id
    ]
    return {"workspaces": listed}


def _set_current_workspace(call: Call) -> dict[str, Any]:
    wanted = call.arguments["workspace_id"].lower()
    found = next((one for one in workspaces(call.database) if one.id == wanted), None)
    if call.key.fixed and wanted != call.key.workspace_id:
        message = "This key was made for one workspace and cannot select another."
        raise ApiError(403, "workspace_not_allowed_for_credential", message)
    if found is None:
        raise ApiError(404, "not_found", f"There is no workspace {wanted!r}.")
    if not call.key.fixed:
        Keys(call.database).select_workspace(call.key.id, found.id)
    return {"workspace": {"id": found.id, "name": found.name, "current": True}}
