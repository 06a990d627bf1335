"""Cursors of our own lists: opaque to clients, and readable by any process, since they hold all that they mean."""

from __future__ import annotations

import base64
import json
from typing import Any

from uru_mcp.errors import ArgumentError


def encode(*parts: str | int | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """The parts of a cursor, each of the kind that is expected of it.

    Raises:
        ArgumentError: It is none of ours.
    """
    try:
        parts = json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
        if isinstance(parts, list) and len(parts) == len(kinds) and all(map(isinstance, parts, kinds)):
            return parts
    except (ValueError, RecursionError):
        pass
    raise ArgumentError(
        "The cursor is none of this list's.", fix="Begin without a cursor, and pass `next_cursor` on unchanged."
    )
