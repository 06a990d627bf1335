"""`googlecalendar_demo`: one calendar per workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..data import clock
from ..data.database import as_columns, new_id
from ..data.paging import page_of
from ..errors import ToolFailure
from .registry import BuiltIn, Call

RECORD = {
    "name": "googlecalendar_demo",
    "displayName": "Google Calendar - Demo",
    "account_label": "demo",
    "connected_account_id": "ca_googlecalendar_demo",
    "server_id": "srv_googlecalendar",
    "connection_status": "ACTIVE",
}
DEFAULT_LENGTH = timedelta(minutes=30)

Event = dict[str, Any]


def namespace() -> BuiltIn:
    acts = {
        "GOOGLECALENDAR_LIST_EVENTS": _list,
        "GOOGLECALENDAR_CREATE_EVENT": _create,
        "GOOGLECALENDAR_UPDATE_EVENT": _update,
        "GOOGLECALENDAR_DELETE_EVENT": _delete,
        "GOOGLECALENDAR_FIND_FREE_SLOTS": _free_slots,
    }
    return BuiltIn(RECORD, "googlecalendar.json", acts)


def _list(call: Call) -> dict[str, Any]:
    start = _time(call.arguments, "time_min") or clock.now()
    end = _time(call.arguments, "time_max") or start + timedelta(days=7)
    words = call.arguments.get("query", "").lower().split()
    events = [
        event
        for event in _between(call, start, end)
        if all(word in f"{event['summary']} {event['description']} {event['location']}".lower() for word in words)
    ]
    return page_of(events, call.arguments)


def _create(call: Call) -> Event:
    start = _time(call.arguments, "start_datetime")
    if start is None:
        raise ToolFailure("start_datetime is missing.")
    end = _time(call.arguments, "end_datetime") or start + DEFAULT_LENGTH
    event_id = new_id("evt")
    times = {"starts_at": clock.stamp(start), "ends_at": clock.stamp(end)}
    _check_order(times)
    columns = {"id": event_id, "workspace_id": call.workspace, **_texts(call.arguments), **times}
    call.database.insert("events", **as_columns(columns))
    return _find(call, event_id)


def _update(call: Call) -> Event:
    event = _find(call, call.arguments["event_id"])
    length = clock.parse(event["ends_at"]) - clock.parse(event["starts_at"])
    start = _time(call.arguments, "start_datetime") or clock.parse(event["starts_at"])
    end = _time(call.arguments, "end_datetime") or start + length
    times = {"starts_at": clock.stamp(start), "ends_at": clock.stamp(end)}
    _check_order(times)
    call.database.update("events", event["id"], **as_columns({**_texts(call.arguments), **times}))
    return _find(call, event["id"])


def _delete(call: Call) -> dict[str, Any]:
    event = _find(call, call.arguments["event_id"])
    call.database.execute("DELETE FROM events WHERE id = ?", event["id"])
    return {"deleted": event["id"]}


def _free_slots(call: Call) -> dict[str, Any]:
    start, end = _time(call.arguments, "time_min"), _time(call.arguments, "time_max")
    if start is None or end is None or end <= start:
        raise ToolFailure("time_max must come after time_min.")
    shortest = timedelta(minutes=call.arguments.get("minimum_minutes", 30))
    slots, free_from = [], start
    for event in [*_between(call, start, end), {"starts_at": clock.stamp(end), "ends_at": clock.stamp(end)}]:
        if clock.parse(event["starts_at"]) - free_from >= shortest:
            slots.append({"start": clock.stamp(free_from), "end": event["starts_at"]})
        free_from = max(free_from, clock.parse(event["ends_at"]))
    return {"items": slots}


def _between(call: Call, start: datetime, end: datetime) -> list[Event]:
    return call.database.rows(
        "SELECT id, summary, description, location, starts_at, ends_at, attendees_json FROM events"
        " WHERE workspace_id = ? AND ends_at > ? AND starts_at < ? ORDER BY starts_at, rowid",
        call.workspace,
        clock.stamp(start),
        clock.stamp(end),
    )


def _find(call: Call, event_id: str) -> Event:
    event = call.database.row("SELECT * FROM events WHERE workspace_id = ? AND id = ?", call.workspace, event_id)
    if event is None:
        raise ToolFailure(f"There is no event {event_id!r}.")
    del event["workspace_id"]
    return event


def _time(arguments: Mapping[str, Any], name: str) -> datetime | None:
    if name not in arguments:
        return None
    try:
        return clock.parse(arguments[name])
    except ValueError as error:
        raise ToolFailure(f"{name} is no ISO 8601 time, such as 2026-03-17T14:00:00Z.") from error


def _check_order(times: Mapping[str, str]) -> None:
    if times["ends_at"] <= times["starts_at"]:
        raise ToolFailure("An event must end after it starts.")


def _texts(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arguments[name] for name in ("summary", "description", "location", "attendees") if name in arguments}
