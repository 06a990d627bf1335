"""Paginates the list of resources: kind after kind, each in Uru's own order and pages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from uru_mcp.errors import KeyRefused, UruError, WorkspaceProblem
from uru_mcp.resources.cursors import decode, encode, given, not_ours
from uru_mcp.resources.record_cache import PAGE, RecordCache, open_kinds
from uru_mcp.resources.resources import Resource, described, facts_listed, resource_of
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.token_estimate import weight_of
from uru_mcp.uru.records import CONTEXTS, KINDS, read_entry
from uru_mcp.uru.resource_uris import NAMESPACES

STEPS = 20  # pages of Uru's per page of ours, at most

FACTS = "facts"  # the source of resources that need no record
SOURCES = (FACTS, *(kind.collection for kind in KINDS))


@dataclass(slots=True)
class Listing:
    """A page of resources. `problems` are the kinds that could not be listed, and why."""

    resources: list[Resource] = field(default_factory=list)
    next_cursor: str | None = None
    problems: dict[str, UruError] = field(default_factory=dict)


class Position(NamedTuple):
    """Where a list continues: the source, the cursor of Uru's page, and the number of its items to skip."""

    source: str
    cursor: str | None = None
    skip: int = 0


class Listings:
    """Lists what the key may read."""

    def __init__(self, record_cache: RecordCache, redaction: Redaction) -> None:
        self._record_cache = record_cache
        self._redaction = redaction

    async def page(
        self,
        snapshot: Snapshot,
        cursor: str | None = None,
        *,
        kind: str | None = None,
        query: str = "",
        budget: float = float("inf"),
        within: float,
    ) -> Listing:
        """Resources from `cursor` on, optionally of one kind and matching a query.

        Uru searches context blocks; other kinds are filtered here by the words of the query. The page weighs at most
        `budget` as JSON (see `untrusted_input/token_estimate.py`), but holds at least one resource.

        Raises:
            ArgumentError: The cursor is invalid.
            KeyRefused, WorkspaceProblem: These affect every kind.
        """
        until = time.monotonic() + within
        sources = [
            name for name in (FACTS, *(one.collection for one in open_kinds(snapshot))) if _is_asked_for(name, kind)
        ]
        position = begin = _position(cursor, sources)
        page = Listing()
        for _ in range(STEPS):
            if position is None or len(page.resources) >= PAGE:
                break
            found, following = await self._try(snapshot, position, query, page, within=until - time.monotonic())
            if position is begin and position.cursor is not None and _is_refused(page.problems.get(position.source)):
                raise not_ours()  # Uru rejects its own cursor inside ours
            wanted = [one for one in found if kind in (None, one.kind)]
            for place, resource in enumerate(wanted[position.skip :], position.skip):
                budget -= weight_of(compact(described(resource))) + 1
                if budget < 0 and page.resources:
                    page.next_cursor = encode(*position._replace(skip=place))
                    return page
                page.resources.append(resource)
            position = _after(position, following, sources)
        page.next_cursor = None if position is None else encode(*position)
        return page

    async def _try(
        self, snapshot: Snapshot, position: Position, query: str, page: Listing, *, within: float
    ) -> tuple[list[Resource], str | None]:
        try:
            return await self._fetch(snapshot, position, query, within=within)
        except (KeyRefused, WorkspaceProblem):
            raise
        except UruError as error:  # does not affect the other kinds
            page.problems[position.source] = error
            return [], None

    async def _fetch(
        self, snapshot: Snapshot, position: Position, query: str, *, within: float
    ) -> tuple[list[Resource], str | None]:
        """The resources of one page of a source, and the cursor of the next."""
        if position.source == FACTS:
            return _matching(query, facts_listed(snapshot, self._redaction)), None
        kind = next(kind for kind in KINDS if kind.collection == position.source)
        if query and kind is CONTEXTS:
            page = await self._record_cache.search(query, snapshot, position.cursor, within=within)
        else:
            page = await self._record_cache.page(kind, snapshot, position.cursor, within=within)
        found: dict[str, Resource] = {}  # only the best of several hits in one record
        for record in page.records:
            entry = read_entry(kind, record)
            if entry is not None:
                found.setdefault(entry.address.uri, resource_of(entry, self._redaction))
        resources = list(found.values())
        return resources if kind is CONTEXTS else _matching(query, resources), page.next_cursor


def _is_refused(error: UruError | None) -> bool:
    return error is not None and error.code == "upstream_failed" and not error.retryable


def _is_asked_for(source: str, kind: str | None) -> bool:
    return kind is None or source == (FACTS if kind == NAMESPACES else kind)


def require_cursor(cursor: str | None) -> None:
    """Raises: `ArgumentError` when the cursor is invalid."""
    _position(cursor, SOURCES)


def _position(cursor: str | None, sources: Sequence[str]) -> Position | None:
    if given(cursor) is None:
        return Position(sources[0]) if sources else None
    position = Position(*decode(cursor or "", str, (str, type(None)), int))
    if position.source not in SOURCES or (position.source == FACTS and position.cursor is not None):
        raise not_ours()
    return position if position.source in sources else None  # the kind is no longer available


def _after(position: Position, following: str | None, sources: Sequence[str]) -> Position | None:
    if following is not None:
        return Position(position.source, following)
    rest = sources[sources.index(position.source) + 1 :]
    return Position(rest[0]) if rest else None


def _matching(query: str, resources: list[Resource]) -> list[Resource]:
    """The resources that contain every word of the query."""
    words = query.casefold().split()
    return [
        one for one in resources if all(word in f"{one.title} {one.description} {one.uri}".casefold() for word in words)
    ]
