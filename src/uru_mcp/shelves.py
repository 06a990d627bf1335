"""Uru's records by kind: asked for page by page through the query tools of `platform`, and kept for a short while.

A kind is there when the workspace has the tool for it. Whether the key may read is decided in `gate.py` from what
`needs_of` says; this room trusts that it was asked.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio

from uru_mcp.answers import shaped
from uru_mcp.calls import Calls
from uru_mcp.catalog import Catalog, Tool
from uru_mcp.errors import UruError
from uru_mcp.fields import Record, record_of
from uru_mcp.gate import allows, runs_unasked
from uru_mcp.heavy_work import in_time
from uru_mcp.names import shown_name
from uru_mcp.outlook import View
from uru_mcp.permissions import Permissions
from uru_mcp.policy import PLATFORM, RECORDS
from uru_mcp.records import AUTOMATIONS, CONTEXTS, KINDS, RUNS, Kind, address_of, read_entry, read_page
from uru_mcp.redaction import Redaction
from uru_mcp.revisions import Revisions
from uru_mcp.uris import Address, no_such_resource

PAGE = 50  # records
NEWEST = 10  # runs of each automation that are listed
KEPT = 30.0  # seconds that a page serves completions and the names of prompts; lists ask anew
PAGES = 200  # that are kept, and that are walked through
REQUESTS_AT_ONCE = 8
LONGEST_CURSOR = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a list, and where it goes on; redacted."""

    records: tuple[Record, ...]
    next_cursor: str | None


@dataclass(slots=True)
class _Kept:
    """The pages of one workspace, each with the time at which it came."""

    workspace: str | None = None
    pages: dict[tuple[Kind, str | None], tuple[float, Page]] = field(default_factory=dict)
    automations: dict[str, Record] = field(default_factory=dict)  # by id


def tool_for(kind: Kind, catalog: Catalog) -> Tool | None:
    """The tool that looks records of this kind up; None where the workspace has none, or it runs only when asked for.

    What a person must say yes to is not run behind a list of resources.
    """
    tool = catalog.tools.get(shown_name(PLATFORM, kind.query_tool))
    return tool if tool is not None and runs_unasked(tool, catalog.rules) else None


def needs_of(kind: Kind, catalog: Catalog) -> Permissions:
    """What a key must have to read records of this kind: never less than Read, and whatever its tool needs."""
    tool = tool_for(kind, catalog)
    return RECORDS if tool is None else RECORDS | tool.needs


def open_kinds(view: View) -> tuple[Kind, ...]:
    """The kinds that this workspace has and this key may read."""
    return tuple(
        kind
        for kind in KINDS
        if tool_for(kind, view.catalog) is not None and allows(needs_of(kind, view.catalog), view.standing)
    )


class Shelves:
    """Fetches records. Every method answers within `within` seconds or raises what `Calls.run` raises.

    `failed` is why a kind could not be listed when it was last tried, and `revisions` how records stood when read.
    """

    def __init__(self, calls: Calls, redaction: Redaction) -> None:
        self._calls = calls
        self._redaction = redaction
        self._kept = _Kept()
        self.revisions = Revisions()
        self.failed: dict[Kind, UruError] = {}

    def start_over(self) -> None:
        """Forget what an earlier key was shown."""
        self._kept, self.revisions = _Kept(), Revisions()
        self.failed = {}

    async def page(self, kind: Kind, view: View, cursor: str | None = None, *, within: float) -> Page:
        """A page of all records of a kind, asked for anew; of runs, the newest ten of a page of automations."""
        asked_for = self._kept
        try:
            if kind is RUNS:
                page = await self._newest_runs(view, cursor, within=within)
            else:
                page = await self._page(kind, {"op": "list"}, view, cursor, within=within)
        except UruError as error:
            self.failed[kind] = error
            raise
        self.failed.pop(kind, None)
        if asked_for is self._kept:  # otherwise this is of another workspace, or of another key
            self._keep(kind, view, cursor, page)
        return page

    async def search(self, query: str, view: View, cursor: str | None = None, *, within: float) -> Page:
        """A page of the context blocks that fit a query, best first, each with an `excerpt`."""
        return await self._page(CONTEXTS, {"op": "search", "query": query}, view, cursor, within=within)

    async def runs(self, automation: str, view: View, cursor: str | None = None, *, within: float) -> Page:
        """A page of the runs of one automation, newest first."""
        page = await self._page(RUNS, {"op": "runs", "id": automation}, view, cursor, within=within)
        return Page(_runs_of(automation, page), page.next_cursor)

    async def get(self, kind: Kind, address: Address, view: View, *, within: float) -> Record:
        """One record as it is now. Raises, besides: `ArgumentError` for a run of another automation."""
        op = {"op": "get", "id": address.id}
        if address.run_id is not None:
            op = {"op": "run", "run_id": address.run_id}
        answer = await self._ask(kind, op, view, within=within)
        record: Record = await in_time(answer, lambda: self._redaction.value(shaped(record_of, answer)))
        if kind is RUNS and address_of(kind, record) not in (None, address):
            raise no_such_resource(address.uri)
        return record

    async def walk(self, kind: Kind, view: View, *, within: float) -> AsyncIterator[Record]:
        """All records of a kind, as they were at most `KEPT` seconds ago."""
        until = time.monotonic() + within
        cursor: str | None = None
        for _ in range(PAGES):
            page = self._recall(kind, view, cursor) or await self.page(
                kind, view, cursor, within=until - time.monotonic()
            )
            for record in page.records:
                yield record
            cursor = page.next_cursor
            if cursor is None:
                return

    async def automation_of(self, run: Address, view: View, *, within: float) -> Record:
        """The automation of a run, as it was last listed or is now; empty where the key may not or cannot read it."""
        kept = self._kept.automations.get(run.id or "") if self._kept.workspace == _workspace(view) else None
        if kept is not None or AUTOMATIONS not in open_kinds(view):
            return kept or {}
        with suppress(UruError), anyio.move_on_after(within):
            return await self.get(AUTOMATIONS, Address(AUTOMATIONS.collection, run.id), view, within=within)
        return {}

    def forget(self, kinds: Collection[Kind]) -> None:
        """Ask anew for these kinds: something has changed."""
        for kind, cursor in list(self._kept.pages):
            if kind in kinds:
                del self._kept.pages[kind, cursor]

    async def _newest_runs(self, view: View, cursor: str | None, *, within: float) -> Page:
        until = time.monotonic() + within
        automations = await self._page(AUTOMATIONS, {"op": "list"}, view, cursor, within=within)
        found_at = [address_of(AUTOMATIONS, record) for record in automations.records]
        ids = [address.id for address in found_at if address is not None and address.id is not None]
        found: dict[str, Page] = {}
        failed: list[UruError] = []
        at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

        async def ask(automation: str) -> None:
            async with at_once:
                try:
                    op = {"op": "runs", "id": automation, "limit": NEWEST}
                    found[automation] = await self._page(RUNS, op, view, None, within=until - time.monotonic())
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

    async def _page(self, kind: Kind, op: Record, view: View, cursor: str | None, *, within: float) -> Page:
        asked = {"limit": PAGE, **op} | ({} if cursor is None else {"cursor": cursor})
        answer = await self._ask(kind, asked, view, within=within)

        def read() -> tuple[tuple[Record, ...], str | None]:
            records, following = shaped(read_page, answer)
            return tuple(self._redaction.value(records)), following

        records, following = await in_time(answer, read)
        if following is not None and len(following) > LONGEST_CURSOR:
            following = None
        if following is not None and (following == cursor or self._redaction.text(following) != following):
            following = None  # it would lead round in a circle, or out with a key in it
        return Page(records, following)

    async def _ask(self, kind: Kind, op: Record, view: View, *, within: float) -> Any:
        tool = tool_for(kind, view.catalog)
        if tool is None:
            raise no_such_resource(Address(kind.collection).uri)
        return (await self._calls.run(tool, op, key=view.standing.key, within=within)).data

    def _recall(self, kind: Kind, view: View, cursor: str | None) -> Page | None:
        since, page = self._kept.pages.get((kind, cursor), (float("-inf"), None))
        is_fresh = time.monotonic() - since < KEPT and self._kept.workspace == _workspace(view)
        return page if is_fresh else None

    def _keep(self, kind: Kind, view: View, cursor: str | None, page: Page) -> None:
        if self._kept.workspace != _workspace(view) or len(self._kept.pages) >= PAGES:
            self._kept = _Kept(_workspace(view))
        self._kept.pages[kind, cursor] = time.monotonic(), page
        if kind is AUTOMATIONS:
            self._kept.automations |= {str(record.get("id")): record for record in page.records}


def _runs_of(automation: str, page: Page, name: str | None = None) -> tuple[Record, ...]:
    """The runs, each with the automation it is of, which a list of one automation's runs need not repeat."""
    told = {"automation_id": automation} if name is None else {"automation_id": automation, "automation_name": name}
    return tuple({**told, **record} for record in page.records)


def _workspace(view: View) -> str | None:
    return view.standing.workspace.id if view.standing.workspace else None
