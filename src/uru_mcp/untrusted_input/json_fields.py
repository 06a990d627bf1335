"""JSON that strangers wrote: reading single fields, of which what is not of the wanted kind counts as absent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from uru_mcp.untrusted_input.json_numbers import loads

Record = dict[str, Any]

LISTS = (
    *("namespaces", "apps", "tools", "actions", "items", "results", "data", "result", "response", "records"),
    *("contexts", "prompts", "agents", "personas", "automations", "runs"),
)
LIST_DEPTH = 3  # the object itself, and two levels of objects in it


class UnexpectedShape(ValueError):
    """What came is JSON, but not of a shape that is known."""


def compact(value: Any) -> str:
    """JSON as short as it gets."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def record_of(body: Any) -> Record:
    """Raises: UnexpectedShape when it is not an object."""
    if not isinstance(body, dict):
        raise UnexpectedShape(f"{in_words(body)} instead of an object")
    return body


def list_at(body: Any, name: str) -> list[Any]:
    """The list of that name or of a usual other one, at most two levels deep, or the body where it is the list itself.

    Raises: UnexpectedShape.
    """
    found = _list_in(body, (name, *LISTS), deep=LIST_DEPTH)
    if found is None:
        raise UnexpectedShape(f"{in_words(body)} without a list of {name}")
    return found


def envelopes_of(body: Any) -> list[Record]:
    """The object, and those that it wraps its list in, outermost first: where something may be said beside the list."""
    level, found = ([body] if isinstance(body, dict) else []), []
    for _ in range(LIST_DEPTH):
        found += level
        level = [outer[name] for outer in level for name in LISTS if isinstance(outer.get(name), dict)]
    return found


def _list_in(value: Any, names: tuple[str, ...], *, deep: int) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or not deep:
        return None
    inner = [_list_in(value.get(name), names, deep=deep - 1) for name in names]
    return next((found for found in inner if found is not None), None)


def in_words(value: Any) -> str:
    """Which kind of JSON it is: `an object`, `text`, `nothing`."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def first(record: Record, *names: str) -> Any:
    """The first of these fields that is there and not null."""
    return next((record[name] for name in names if record.get(name) is not None), None)


def text_at(record: Record, *names: str) -> str | None:
    """The first of these fields that is text and not blank."""
    return next((record[name] for name in names if isinstance(record.get(name), str) and record[name].strip()), None)


def object_at(record: Record, name: str) -> Record | None:
    found = record.get(name)
    return found if isinstance(found, dict) else None


def flag_at(record: Record, name: str) -> bool | None:
    found = record.get(name)
    return found if isinstance(found, bool) else None


def moment_at(record: Record, *names: str) -> datetime | None:
    """An ISO 8601 time in UTC, taken as UTC where it names no zone, from the first of these fields that is text."""
    try:
        moment = datetime.fromisoformat(text_at(record, *names) or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def seconds_at(record: Record, name: str) -> float | None:
    """Seconds from a field in milliseconds, at most a day."""
    found = record.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return min(found, 86_400_000) / 1000 if found >= 0 else None


def parsed_text(text: str) -> Any:
    """The JSON that a text holds, or None where it holds none."""
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None


def is_larger(value: Any, limit: int) -> bool:
    """Whether a value takes more than about `limit` characters as JSON; only so much of it is looked at."""
    left, rest = limit, [value]
    while rest and left >= 0:
        found = rest.pop()
        left -= 2
        if isinstance(found, str):
            left -= len(found)
        elif isinstance(found, (dict, list)):
            left -= 2 * len(found)
            if left < 0:
                return True
            rest += found
            rest += found.values() if isinstance(found, dict) else ()
    return left < 0


def is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested more than `limit` deep; found without recursion, which has limits too."""
    level: list[Any] = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
