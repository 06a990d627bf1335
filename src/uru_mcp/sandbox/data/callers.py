"""Authenticates requests, and determines their workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ..errors import ApiError
from .database import Database
from .keys import Key, Keys

RECOVERY_TOOLS = ("list_workspaces", "set_current_workspace")


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A valid key, and the workspace of the request; None if none is selected."""

    key: Key
    workspace_id: str | None


def authenticate(database: Database, headers: Mapping[str, str]) -> Caller:
    """Raises: ApiError 401 for the key, 400 and 403 for the workspace in the header."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    keys = Keys(database)
    key = keys.find(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise ApiError(401, "invalid_api_key", "The API key is missing or not known.")
    if key.status != "active":
        raise ApiError(401, f"{key.status}_api_key", f"The API key is {key.status}.")
    keys.note_use(key.id)
    return Caller(key, _workspace_of(database, key, headers.get("x-uru-workspace-id")))


def _workspace_of(database: Database, key: Key, wanted: str | None) -> str | None:
    if wanted is None:
        return key.workspace_id
    if not _is_uuid(wanted):
        raise ApiError(400, "workspace_id_invalid", "X-Uru-Workspace-Id is not a UUID.")
    known = {workspace.id for workspace in workspaces(database)}
    if wanted.lower() not in known or (key.fixed and wanted.lower() != key.workspace_id):
        raise ApiError(403, "workspace_not_accessible", "This key does not reach the workspace of X-Uru-Workspace-Id.")
    return wanted.lower()


def selected_workspace(database: Database, caller: Caller) -> str:
    """Raises: ApiError 409, with instructions to select a workspace."""
    if caller.workspace_id is not None:
        return caller.workspace_id
    raise ApiError(
        409,
        "workspace_selection_required",
        "No workspace is selected. Choose one with set_current_workspace.",
        recovery_tools=list(RECOVERY_TOOLS),
        available_workspaces=[{"id": one.id, "name": one.name} for one in workspaces(database)],
    )


def workspaces(database: Database) -> list[Workspace]:
    return [Workspace(**row) for row in database.rows("SELECT id, name FROM workspaces ORDER BY name")]


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
