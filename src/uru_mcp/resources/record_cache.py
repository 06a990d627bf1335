"""Fetches Uru's records in pages through the query tools of `platform`, and caches them briefly.

A kind of record is available if the workspace has the tool for it. Callers must check `needs_of` with `access/gate.py`
first; this module does not check permissions.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import anyio

from uru_mcp.access.gate import allows, runs_unasked
from uru_mcp.access.policy import PLATFORM, RECORDS
from uru_mcp.catalog.catalog import Catalog, Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.errors import UruError
from uru_mcp.permissions import Permissions
from uru_mcp.resources.optimistic_locking import Revisions
from uru_mcp.session.session import Snapshot
from uru_mcp.session.tool_execution import Calls
from uru_mcp.untrusted_input.json_fields import Record, record_of
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.http_errors import shaped
from uru_mcp.uru.records import AUTOMATIONS, CONTEXTS, KINDS, RUNS, Kind, address_of, read_entry, read_page
from uru_mcp.uru.resource_uris import ResourceUri, no_such_resource
from uru_mcp.worker_threads import in_time

PAGE = 50  # records
NEWEST = 10  # runs of each automation that are listed
KEPT = 30.0  # seconds that a page is cached for completions and prompt names; lists bypass the cache
PAGES = 200  # that are cached, and that a walk reads at most
REQUESTS_AT_ONCE = 8
LONGEST_CURSOR = 10_000  # characters


class Page(NamedTuple):
    """Some records of a list, redacted, and the cursor of the next page."""

    records: tuple[Record, ...]
    next_cursor: str | None


@dataclass(slots=True)
class _Kept:
    """The cached pages of one workspace, each with the time at which it was fetched."""

    workspace: str | None = None
    pages: dict[tuple[Kind, str | None], tuple[float, Page]] = field(default_factory=dict)
    automations: dict[str, Record] = field(default_factory=dict)  # by id


def tool_for(kind: Kind, catalog: Catalog) -> Tool | None:
    """The query tool for records of this kind; None if the workspace has none, or if it needs a person's yes.

    A list of resources must not run what a person has to confirm.
    """
    tool = catalog.tools.get(shown_name(PLATFORM, kind.query_tool))
    return tool if tool is not None and runs_unasked(tool, catalog.rules) else None


def needs_of(kind: Kind, catalog: Catalog) -> Permissions:
    """The permissions for reading records of this kind: Read, and everything that the query tool needs."""
    tool = tool_for(kind, catalog)
    return RECORDS if tool is None else RECORDS | tool.needs


def open_kinds(snapshot: Snapshot) -> tuple[Kind, ...]:
    """The kinds of records that this workspace has and this key may read."""
    return tuple(
        kind
        for kind in KINDS
        if tool_for(kind, snapshot.catalog) is not None
        and allows(needs_of(kind, snapshot.catalog), snapshot.key_status)
    )


class RecordCache:
    """Fetches and caches records. Every method answers within `within` seconds or raises what `Calls.run` raises.

    `failed` is why a kind could not be listed at the last attempt. `revisions` are those of the records last read.
    """

    def __init__(self, calls: Calls, redaction: Redaction) -> None:
        self._calls = calls
        self._redaction = redaction
        self._kept = _Kept()
        self.revisions = Revisions()
        self.failed: dict[Kind, UruError] = {}

    def start_over(self) -> None:
        """Reset after a key rotation: discard the records of the previous key."""
        self._kept, self.revisions = _Kept(), Revisions()
        self.failed = {}

    async def page(self, kind: Kind, snapshot: Snapshot, cursor: str | None = None, *, within: float) -> Page:
        """A page of records of a kind, bypassing the cache; for runs, the newest ten of each automation on a page."""
        asked_for = self._kept
        try:
            if kind is RUNS:
                page = await self._newest_runs(snapshot, cursor, within=within)
            else:
                page = await self._page(kind, {"op": "list"}, snapshot, cursor, within=within)
        except UruError as error:
            self.failed[kind] = error
            raise
        self.failed.pop(kind, None)
        if asked_for is self._kept:  # otherwise the page is of another workspace or key
            self._keep(kind, snapshot, cursor, page)
        return page

    async def search(self, query: str, snapshot: Snapshot, cursor: str | None = None, *, within: float) -> Page:
        """A page of the context blocks that match a query, best first, each with an `excerpt`."""
        return await self._page(CONTEXTS, {"op": "search", "query": query}, snapshot, cursor, within=within)

    async def runs(self, automation: str, snapshot: Snapshot, cursor: str | None = None, *, within: float) -> Page:
        """A page of the runs of one automation, newest first."""
        page = await self._page(RUNS, {"op": "runs", "id": automation}, snapshot, cursor, within=within)
        return Page(_runs_of(automation, page), page.next_cursor)

    async def get(self, kind: Kind, address: ResourceUri, snapshot: Snapshot, *, within: float) -> Record:
        """One record as it is now. Raises, besides: `ArgumentError` for a run of another automation."""
        op = {"op": "get", "id": address.id}
        if address.run_id is not None:
            op = {"op": "run", "run_id": address.run_id}
        answer = await self._ask(kind, op, snapshot, within=within)
        record: Record = await in_time(answer, lambda: self._redaction.value(shaped(record_of, answer)))
        if kind is RUNS and address_of(kind, record) not in (None, address):
            raise no_such_resource(address.uri)
        return record

    async def get_each(
        self, kind: Kind, addresses: Collection[ResourceUri], snapshot: Snapshot, *, within: float
    ) -> dict[ResourceUri, Record]:
        """Several records as they are now, without those that cannot be read in time."""
        found: dict[ResourceUri, Record] = {}
        at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

        async def get(address: ResourceUri) -> None:
            async with at_once:
                with suppress(UruError):
                    found[address] = await self.get(kind, address, snapshot, within=within)

        with anyio.move_on_after(within):
            async with anyio.create_task_group() as tasks:
                for address in addresses:
                    tasks.start_soon(get, address)
        return found

    async def walk(self, kind: Kind, snapshot: Snapshot, *, within: float) -> AsyncIterator[Record]:
        """All records of a kind, from the cache if it is at most `KEPT` seconds old."""
        until = time.monotonic() + within
        cursor: str | None = None
        for _ in range(PAGES):
            page = self._recall(kind, snapshot, cursor) or await self.page(
                kind, snapshot, cursor, within=until - time.monotonic()
            )
            for record in page.records:
                yield record
            cursor = page.next_cursor
            if cursor is None:
                return

    async def automation_of(self, run: ResourceUri, snapshot: Snapshot, *, within: float) -> Record:
        """The automation of a run, from the cache if it was listed before; empty if it cannot be read."""
        kept = self._kept.automations.get(run.id or "") if self._kept.workspace == _workspace(snapshot) else None
        if kept is not None or AUTOMATIONS not in open_kinds(snapshot):
            return kept or {}
        with suppress(UruError), anyio.move_on_after(within):
            return await self.get(AUTOMATIONS, ResourceUri(AUTOMATIONS.collection, run.id), snapshot, within=within)
        return {}

    def forget(self, kinds: Collection[Kind]) -> None:
        """Drop the cached pages of these kinds, because records have changed."""
        for kind, cursor in list(self._kept.pages):
            if kind in kinds:
                del self._kept.pages[kind, cursor]

    async def _newest_runs(self, snapshot: Snapshot, cursor: str | None, *, within: float) -> Page:
        until = time.monotonic() + within
        automations = await self._page(AUTOMATIONS, {"op": "list"}, snapshot, cursor, within=within)
        found_at = [address_of(AUTOMATIONS, record) for record in automations.records]
        ids = [address.id for address in found_at if address is not None and address.id is not None]
        found: dict[str, Page] = {}
        failed: list[UruError] = []
        at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

        async def ask(automation: str) -> None:
            async with at_once:
                try:
                    op = {"op": "runs", "id": automation, "limit": NEWEST}
                    found[automation] = await self._page(RUNS, op, snapshot, None, within=until - time.monotonic())
                except UruError as error:
                    failed.append(error)

        async with anyio.create_task_group() as tasks:
            for automation in ids:
                tasks.start_soon(ask, automation)
        if failed:
            raise failed[0]
        entries = [read_entry(AUTOMATIONS, record) for record in automations.records]
        titles = {entry.address.id: entry.title for entry in entries if entry is not None}
        newest = [record for own in ids for record in _runs_of(own, found[own], titles[own])[:NEWEST]]
        return Page(tuple(newest), automations.next_cursor)

    async def _page(self, kind: Kind, op: Record, snapshot: Snapshot, cursor: str | None, *, within: float) -> Page:
        asked = {"limit": PAGE, **op} | ({} if cursor is None else {"cursor": cursor})
        answer = await self._ask(kind, asked, snapshot, within=within)

        def read() -> tuple[tuple[Record, ...], str | None]:
            records, following = shaped(read_page, answer)
            return tuple(self._redaction.value(records)), following

        records, following = await in_time(answer, read)
        if following is not None and len(following) > LONGEST_CURSOR:
            following = None
        if following is not None and (following == cursor or self._redaction.text(following) != following):
            following = None  # it would loop forever, or leak a key
        return Page(records, following)

    async def _ask(self, kind: Kind, op: Record, snapshot: Snapshot, *, within: float) -> Any:
        tool = tool_for(kind, snapshot.catalog)
        if tool is None:
            raise no_such_resource(ResourceUri(kind.collection).uri)
        return (await self._calls.run(tool, op, key=snapshot.key_status.key, within=within)).data

    def _recall(self, kind: Kind, snapshot: Snapshot, cursor: str | None) -> Page | None:
        since, page = self._kept.pages.get((kind, cursor), (float("-inf"), None))
        is_fresh = time.monotonic() - since < KEPT and self._kept.workspace == _workspace(snapshot)
        return page if is_fresh else None

    def _keep(self, kind: Kind, snapshot: Snapshot, cursor: str | None, page: Page) -> None:
        if self._kept.workspace != _workspace(snapshot) or len(self._kept.pages) >= PAGES:
            self._kept = _Kept(_workspace(snapshot))
        self._kept.pages[kind, cursor] = time.monotonic(), page
        if kind is AUTOMATIONS:
            self._kept.automations |= {str(record.get("id")): record for record in page.records}


def _runs_of(automation: str, page: Page, name: str | None = None) -> tuple[Record, ...]:
    """The runs, each with the id and name of its automation, which a list of one automation's runs may omit."""
    told = {"automation_id": automation} if name is None else {"automation_id": automation, "automation_name": name}
    return tuple({**told, **record} for record in page.records)


def _workspace(snapshot: Snapshot) -> str | None:
    return snapshot.key_status.workspace.id if snapshot.key_status.workspace else None
