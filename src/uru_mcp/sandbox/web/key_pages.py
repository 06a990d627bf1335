"""The pages for API keys, as in Uru's guide: list, create, show once, usage, rotate, delete."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..data.keys import DeletedKey, Key, NewKey
from . import usage
from .forms import EXPIRIES, OVERLAPS, NewKeyForm, read_new_key
from .templates import in_days
from .visit import Refusal, Visit

ROTATE_AFTER = 90  # days. Source: Uru's guide
SHOWN_ALREADY = (
    "A key is shown once, when it is made. If you did not copy it, delete it and create another one."
    " Nothing was created by this reload."
)


async def overview(visit: Visit) -> Response:
    days = usage.daily(visit.database)
    newest_first = sorted(visit.keys.list(), key=lambda key: key.created_at, reverse=True)
    keys = sorted(newest_first, key=lambda key: key.status != "active")
    rows = [_row(key, days.get(key.id, usage.unused())) for key in keys]
    return visit.page("keys.html", rows=rows, workspaces=visit.workspace_names())


async def new(visit: Visit) -> Response:
    return _form(visit, NewKeyForm(workspace=visit.site.sandbox.workspaces[0].id))


async def create(visit: Visit) -> Response:
    fields = await visit.posted(again=SHOWN_ALREADY)
    form = read_new_key(fields, visit.site.sandbox.workspaces)
    if form.errors:
        return _form(visit, form, status=422)
    made = visit.keys.create(
        name=form.name, workspace=form.workspace_id, permissions=form.permissions, expires_at=form.expires_at
    )
    return _shown_once(visit, made)


async def one(visit: Visit) -> Response:
    key = visit.key()
    used = usage.of_key(visit.database, key.id)
    return visit.page("key.html", **_about(visit, key), usage=used, requests=visit.keys.usage(key.id))


async def ask_rotation(visit: Visit) -> Response:
    return visit.page("rotate.html", **_about(visit, _living(visit)), overlaps=OVERLAPS)


async def rotate(visit: Visit) -> Response:
    fields = await visit.posted(again=SHOWN_ALREADY)
    key, overlap = _living(visit), OVERLAPS.get(fields.one("overlap"))
    if overlap is None:
        raise Refusal(422, "No such overlap", "Choose how long the old key goes on working.")
    made = visit.keys.rotate(key.id, overlap)
    return _shown_once(visit, made, replaced=visit.keys.get(key.id))


async def ask_deletion(visit: Visit) -> Response:
    key = _living(visit)
    used = usage.of_key(visit.database, key.id)
    return visit.page("delete.html", **_about(visit, key), usage=used, tools=usage.tools(visit.database, key.id))


async def delete(visit: Visit) -> Response:
    await visit.posted()
    key = _living(visit)
    try:
        visit.keys.delete(key.id)
    except DeletedKey as error:  # deleted concurrently
        raise _is_deleted() from error
    return visit.go("/keys", f"The key ending in {key.last4} is deleted. Whoever still uses it is told so.")


def is_due(key: Key) -> bool:
    """Whether the key is due for rotation, according to the guide."""
    return key.status == "active" and in_days(key.created_at) >= ROTATE_AFTER


def _row(key: Key, days: tuple[usage.Row, ...]) -> dict[str, Any]:
    refused = sum(day.counts.get("refused", 0) for day in days)
    return {"key": key, "days": days, "refused": refused, "rotate": is_due(key)}


def _form(visit: Visit, form: NewKeyForm, status: int = 200) -> Response:
    workspaces = visit.site.sandbox.workspaces
    return visit.page("new_key.html", status, form=form, workspaces=workspaces, expiries=list(EXPIRIES))


def _shown_once(visit: Visit, made: NewKey, replaced: Key | None = None) -> Response:
    server = visit.site.server
    configuration = server.configuration(made.text, visit.url) if server else None
    about = _about(visit, made.record)
    return visit.page("shown_once.html", **about, text=made.text, configuration=configuration, replaced=replaced)


def _about(visit: Visit, key: Key) -> dict[str, Any]:
    return {"key": key, "workspace": visit.workspace_names()[key.workspace_id], "rotate": is_due(key)}


def _living(visit: Visit) -> Key:
    key = visit.key()
    if key.status == "revoked":
        raise _is_deleted()
    return key


def _is_deleted() -> Refusal:
    return Refusal(409, "Deleted already", "This key is deleted, and nothing can be done with it any more.")
