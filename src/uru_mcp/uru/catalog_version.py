"""The version of a workspace's tools: how Uru tells it, and when it is news; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uru_mcp.untrusted_input.json_fields import UnexpectedShape, in_words, record_of

LARGEST = 2**63 - 1  # which every service can hold, and every query


@dataclass(frozen=True, slots=True)
class ToolVersion:
    """The number that grows when a workspace's tools change, and the tag by which HTTP knows it."""

    number: int
    etag: str | None = None


def read_version(body: Any) -> int:
    """Read `GET /tools/sync/version`: `{"version": 7, "degraded": false}`; what `degraded` means is told nowhere.

    Raises:
        UnexpectedShape: There is no whole number.
    """
    found = record_of(body).get("version")
    if isinstance(found, str) and found.isdecimal() and len(found) < 20:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= LARGEST:
        raise UnexpectedShape(f"{in_words(found)} instead of a version")
    return found


def is_news(seen: int, *, loaded: int | None, before: int | None) -> bool:
    """Whether the tools are to be loaded again: their version has grown since they were, or is not known of them.

    Versions only grow. A smaller one may come from a server that lags behind, so it counts only when the last look saw
    a smaller one `before`, as after a restored backup; once that is loaded, later ones are compared with it.
    """
    if loaded is None or seen > loaded:
        return True
    return seen < loaded and before is not None and before < loaded
