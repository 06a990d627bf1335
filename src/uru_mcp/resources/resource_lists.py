"""Paginates the list of resources: kind after kind, each in Uru's own order and pages."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.errors import KeyRefused, UruError, WorkspaceProblem
from uru_mcp.messages import record_messages
from uru_mcp.resources.cursors import decode, encode, given, not_ours
from uru_mcp.resources.record_cache import PAGE, RecordCache, open_kinds
from uru_mcp.resources.resources import Resource, described, facts_listed, resource_of
from uru_mcp.results.automation_approvals import waiting
from uru_mcp.results.truncation import stretch_of
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.json_fields import compact, text_at
from uru_mcp.untrusted_input.quoting import described as plainly
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.token_estimate import weight_of
from uru_mcp.uru.records import AUTOMATIONS, CONTEXTS, KINDS, RUNS, address_of, read_entry, read_page
from uru_mcp.uru.resource_uris import NAMESPACES, ResourceUri
from uru_mcp.uru.waiting_steps import WAITS, Approval, read_approvals, with_steps
from uru_mcp.worker_threads import in_time

LOOKED_UP = 5  # records of a list that are read for what the list leaves out
LOOK_UP = 3.0  # seconds for these reads
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
        until = time.monotonic() + within
        if query and kind is CONTEXTS:
            page = await self._record_cache.search(query, snapshot, position.cursor, within=within)
        else:
            page = await self._record_cache.page(kind, snapshot, position.cursor, within=within)
        found: dict[str, Resource] = {}  # only the best of several hits in one record
        addresses: dict[str, ResourceUri] = {}
        for record in page.records:
            entry = read_entry(kind, record)
            if entry is not None:
                addresses[entry.address.uri] = entry.address
                found.setdefault(entry.address.uri, resource_of(entry, self._redaction))
        resources = list(found.values())
        if kind is not CONTEXTS:
            resources = _matching(query, resources)
        begin, end = position.skip, position.skip + LOOKED_UP
        first, left = resources[begin:end], _some_of(until - time.monotonic())
        if query and kind is CONTEXTS:
            first = await self._with_excerpts(first, addresses, snapshot, within=left)
        elif kind is RUNS:
            first = await self._with_steps(first, addresses, snapshot, within=left)
        return [*resources[:begin], *first, *resources[end:]], page.next_cursor

    async def _with_excerpts(
        self, resources: list[Resource], addresses: Mapping[str, ResourceUri], snapshot: Snapshot, *, within: float
    ) -> list[Resource]:
        """The same context blocks with how each excerpt lies in its text, and with short texts whole."""
        wanted = [addresses[one.uri] for one in resources]
        records = await self._record_cache.get_each(CONTEXTS, wanted, snapshot, within=within)
        texts = {address.uri: text_at(record, "content") for address, record in records.items()}
        detailed = await in_time(texts, lambda: [_excerpted(one, texts.get(one.uri)) for one in resources])
        for one in detailed:
            if one.excerpt_is == record_messages.EXCERPT_IS_WHOLE:  # which is as good as having read it
                self._record_cache.revisions.note(CONTEXTS, records[addresses[one.uri]])
        return detailed

    async def _with_steps(
        self, resources: list[Resource], addresses: Mapping[str, ResourceUri], snapshot: Snapshot, *, within: float
    ) -> list[Resource]:
        """The same runs with the steps that wait."""
        runs = [addresses[one.uri] for one in resources if one.description == WAITS]
        approvals = await self._approvals_of(runs, snapshot, within=within)
        return [one._replace(waits_for=tuple(map(waiting, approvals.get(one.uri, ())))) for one in resources]

    async def _approvals_of(
        self, runs: Collection[ResourceUri], snapshot: Snapshot, *, within: float
    ) -> dict[str, tuple[Approval, ...]]:
        """What runs wait for, by their addresses, as far as that can be read in time."""
        records = await self._record_cache.get_each(RUNS, runs, snapshot, within=within / 2)
        found = {address: read_approvals(record) for address, record in records.items()}
        owners = {run: ResourceUri(AUTOMATIONS.collection, run.id) for run, approvals in found.items() if approvals}
        automations = await self._record_cache.get_each(AUTOMATIONS, set(owners.values()), snapshot, within=within / 2)
        return {run.uri: with_steps(found[run], automations.get(owner, {})) for run, owner in owners.items()}

    async def excerpts_in(self, answer: Any, snapshot: Snapshot, *, within: float) -> list[dict[str, str]]:
        """How the first passages lie in their texts that a search of Uru's answered with: `{"id", "excerpt_is"}`.

        Raises: `UnexpectedShape`.
        """
        hits = self._redaction.value(read_page(answer)[0][:LOOKED_UP])
        passages = [
            (address, excerpt)
            for hit in hits
            if (address := address_of(CONTEXTS, hit)) is not None and (excerpt := text_at(hit, "excerpt"))
        ]
        wanted = {address for address, _ in passages}
        records = await self._record_cache.get_each(CONTEXTS, wanted, snapshot, within=_some_of(within))
        texts = {address: text for address, record in records.items() if (text := text_at(record, "content"))}
        told = [(address.id or "", excerpt, texts[address]) for address, excerpt in passages if address in texts]
        return await in_time(
            list(texts.values()),
            lambda: [{"id": own, "excerpt_is": _place(excerpt, text)} for own, excerpt, text in told],
        )

    async def approvals_in(self, answer: Any, automation: Any, snapshot: Snapshot, *, within: float) -> list[Approval]:
        """What the first of the runs wait for that a list of Uru's answered with. Raises: `UnexpectedShape`."""
        runs = [{"automation_id": automation, **run} for run in read_page(answer)[0] if run.get("status") == WAITS]
        found_at = [address_of(RUNS, run) for run in runs[:LOOKED_UP]]
        wanted = [address for address in found_at if address is not None]
        approvals = await self._approvals_of(wanted, snapshot, within=_some_of(within))
        return [approval for address in wanted for approval in approvals.get(address.uri, ())]


def _some_of(within: float) -> float:
    """Seconds for what is told besides, which never costs the answer itself."""
    return max(0.0, min(LOOK_UP, within / 2))


def _excerpted(resource: Resource, text: str | None) -> Resource:
    if text is None:
        return resource
    if len(text) <= limits.EXCERPT:
        return resource._replace(excerpt=plainly(text), excerpt_is=record_messages.EXCERPT_IS_WHOLE)
    return resource._replace(excerpt_is=_place(resource.excerpt, text)) if resource.excerpt else resource


def _place(excerpt: str, text: str) -> str:
    """How an excerpt lies in its text, which is counted in characters, as `offset` of `uru_read_resource` is."""
    stretch = stretch_of(excerpt, text)
    if stretch is None:
        return record_messages.EXCERPT_IS_PART.format(total=len(text))
    start, end = stretch
    if not text[:start].strip() and not text[end:].strip():
        return record_messages.EXCERPT_IS_WHOLE
    return record_messages.EXCERPT_IS_STRETCH.format(start=start, end=end, total=len(text))


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
