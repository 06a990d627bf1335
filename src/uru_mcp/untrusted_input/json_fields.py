"""Reads fields from untrusted JSON; a field of the wrong type counts as absent.

It does not know what a field means, or which service sent it.
"""

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
LIST_DEPTH = 3  # the object itself, and two levels of nested objects


class UnexpectedShape(ValueError):
    """The JSON does not have a known shape."""


compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON without whitespace."""


def record_of(body: Any) -> Record:
    """The body, if it is an object. Raises: UnexpectedShape when it is not."""
    if not isinstance(body, dict):
        raise UnexpectedShape(f"{in_words(body)} instead of an object")
    return body


def list_at(body: Any, name: str) -> list[Any]:
    """The list under `name` or another common name, at most two levels deep, or the body if it is a list.

    Raises: UnexpectedShape.
    """
    found = _list_in(body, (name, *LISTS), deep=LIST_DEPTH)
    if found is None:
        raise UnexpectedShape(f"{in_words(body)} without a list of {name}")
    return found


def envelopes_of(body: Any) -> list[Record]:
    """The object and the objects nested around its list, outermost first; they may hold metadata beside the list."""
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
    """The JSON type in words: `an object`, `text`, `nothing`."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def first(record: Record, *names: str) -> Any:
    """The first of these fields that is present and not null."""
    for name in names:
        if record.get(name) is not None:
            return record[name]
    return None


def text_at(record: Record, *names: str) -> str | None:
    """The first of these fields that is a non-blank string."""
    for name in names:  # a loop, since a generator takes twice as long, and there may be very many tools
        found = record.get(name)
        if isinstance(found, str) and found and not found.isspace():
            return found
    return None


def object_at(record: Record, name: str) -> Record | None:
    found = record.get(name)
    return found if isinstance(found, dict) else None


def flag_at(record: Record, name: str) -> bool | None:
    found = record.get(name)
    return found if isinstance(found, bool) else None


def moment_at(record: Record, *names: str) -> datetime | None:
    """An ISO 8601 time from the first of these fields that is a string, in UTC; UTC is assumed without an offset."""
    try:
        moment = datetime.fromisoformat(text_at(record, *names) or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def seconds_at(record: Record, name: str) -> float | None:
    """Seconds from a field in milliseconds, capped at one day."""
    found = record.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return min(found, 86_400_000) / 1000 if found >= 0 else None


def parsed_text(text: str) -> Any:
    """The parsed JSON of a text, or None if it is not JSON."""
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None


def is_larger(value: Any, limit: int) -> bool:
    """Whether a value takes more than about `limit` characters as JSON; stops counting at the limit."""
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
    """Whether lists and objects are nested more than `limit` deep; iterative, since recursion has its own limit."""
    level: list[Any] = [value] if isinstance(value, (list, dict)) else []
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (list, dict))
        ]
        if not level:
            return False
    return any(level)
