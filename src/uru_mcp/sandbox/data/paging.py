"""Cursor pagination: `{"items": […], "next_cursor": "…"|null}`.

A cursor holds the position of the last item returned, so that the next page neither repeats nor skips existing items.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import ToolFailure

DEFAULT_LIMIT = 20

Item = dict[str, Any]
Fetch = Callable[[int | None, int], Sequence[Item]]


def page(fetch: Fetch, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the items of `fetch(after, limit)`, which are in order and have a `position` in addition to fields.

    `after` is the position of the last item of the previous page, or None. Raises: ToolFailure for an invalid cursor.
    """
    limit = arguments.get("limit", DEFAULT_LIMIT)
    cursor = arguments.get("cursor")
    found = fetch(_position(cursor) if cursor is not None else None, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return {
        "items": [{name: value for name, value in item.items() if name != "position"} for item in shown],
        "next_cursor": _cursor(shown[-1]["position"]) if more else None,
    }


def page_of(items: Sequence[Item], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One page of a list that is computed anew each time."""

    def fetch(after: int | None, limit: int) -> Sequence[Item]:
        start = after or 0
        return [{**item, "position": start + n} for n, item in enumerate(items[start : start + limit], 1)]

    return page(fetch, arguments)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"after {position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        word, number = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        if word == "after" and number.isdecimal() and len(number) < 19:
            return int(number)
    except ValueError:
        pass
    raise ToolFailure("The cursor is none of ours; take next_cursor from the page before.")
