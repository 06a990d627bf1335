"""Parses the version of a workspace's tools, and decides whether the tools must be reloaded; pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from uru_mcp.untrusted_input.json_fields import UnexpectedShape, in_words, record_of

LARGEST = 2**63 - 1  # fits into any database and query


class ToolVersion(NamedTuple):
    """The number that grows when a workspace's tools change, and its ETag."""

    number: int
    etag: str | None = None


def read_version(body: Any) -> int:
    """Read `GET /tools/sync/version`: `{"version": 7, "degraded": false}`; the meaning of `degraded` is undocumented.

    Raises:
        UnexpectedShape: The version is not a whole number.
    """
    found = record_of(body).get("version")
    if isinstance(found, str) and found.isdecimal() and len(found) < 20:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= LARGEST:
        raise UnexpectedShape(f"{in_words(found)} instead of a version")
    return found


def is_news(seen: int, *, loaded: int | None, before: int | None) -> bool:
    """Whether the tools must be reloaded: their version has grown, or the loaded version is unknown.

    Versions normally only grow. A smaller one may come from a lagging server, so it counts only if the previous check
    also saw a smaller one (`before`), as after a restored backup; after the reload, later ones are compared with it.
    """
    if loaded is None or seen > loaded:
        return True
    return seen < loaded and before is not None and before < loaded
