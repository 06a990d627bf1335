"""Pagination cursors of our own lists: opaque to clients, and stateless, so that any process can read them."""

from __future__ import annotations

import base64
import json
from typing import Any

from uru_mcp.errors import ArgumentError
from uru_mcp.messages import record_messages


def encode(*parts: str | int | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def given(cursor: str | None) -> str | None:
    """The cursor, or None; some clients send "" instead of none."""
    return cursor or None


def require_none(cursor: str | None) -> None:
    """Raises: ArgumentError when there is a cursor, for a list that has only one page."""
    if given(cursor) is not None:
        raise not_ours()


def not_ours() -> ArgumentError:
    return ArgumentError(record_messages.NOT_OUR_CURSOR, fix=record_messages.BEGIN_WITHOUT_CURSOR)


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """The parts of a cursor, checked against the expected types.

    Raises:
        ArgumentError: It is not one of our cursors.
    """
    try:
        parts = json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
        if isinstance(parts, list) and len(parts) == len(kinds) and all(map(_is_of, parts, kinds)):
            return parts
    except (ValueError, RecursionError):
        pass
    raise not_ours()


def _is_of(part: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a part has that type; a number is a position in a list, so it must not be negative."""
    if isinstance(part, int):
        return kind is int and not isinstance(part, bool) and part >= 0
    return isinstance(part, kind)
