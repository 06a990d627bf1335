"""Handles requests for resources, prompts and completions, behind the permission gate.

MCP's own requests and the tools `uru_list_resources` and `uru_read_resource` both use it. It does not know MCP's wire
format.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from uru_mcp import limits
from uru_mcp.access.gate import allows
from uru_mcp.access.policy import PLATFORM, RECORDS
from uru_mcp.catalog.catalog import Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.errors import ArgumentError, PermissionMissing, Refused, UruError
from uru_mcp.messages import call_messages, record_messages
from uru_mcp.resources.cursors import require_none
from uru_mcp.resources.optimistic_locking import REPLACED
from uru_mcp.resources.prompts import Filled, Offer, Prompts, place_of
from uru_mcp.resources.record_cache import RecordCache, needs_of, open_kinds
from uru_mcp.resources.resource_lists import Listing, Listings, require_cursor
from uru_mcp.resources.resources import NOUNS, Resources, Template, described, needs_at, templates
from uru_mcp.results.automation_approvals import advice
from uru_mcp.results.provenance import Provenance, attribution, waiting_among
from uru_mcp.results.render import Remainder, Rendered, Renderer
from uru_mcp.session.session import Session, Snapshot
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, record_of
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.records import AUTOMATIONS, CONTEXTS, KINDS, PROMPTS, RUNS, Kind, kind_at, read_entry
from uru_mcp.uru.resource_uris import ResourceUri, no_such_resource, parse_uri
from uru_mcp.worker_threads import in_time

LEAVING_OUT: Mapping[str, tuple[str, ...]] = {CONTEXTS.query_tool: ("search",), RUNS.query_tool: ("runs",)}
"""The operations of Uru's query tools whose answers leave out what a model wants to know at once."""


class ResourceHandlers:
    """Each method answers within `within` seconds, or raises a `UruError`.

    Lists are empty for a key that lacks Read. Any other problem is raised, so that an empty list never hides an error.
    """

    def __init__(
        self,
        session: Session,
        record_cache: RecordCache,
        renderer: Renderer,
        redaction: Redaction,
        report: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._session = session
        self._record_cache = record_cache
        self._renderer = renderer
        self._listings = Listings(record_cache, redaction)
        self._resources = Resources(record_cache, redaction, report)
        self._prompts = Prompts(record_cache, redaction)

    @property
    def failed(self) -> Mapping[Kind, UruError]:
        """The kinds of records that could not be listed at the last attempt, and why."""
        return self._record_cache.failed

    def outline(self) -> tuple[object, object]:
        """What the lists of resources and prompts depend on, apart from the records; used to detect changes."""
        snapshot = self._session.now
        kinds = open_kinds(snapshot)
        place = snapshot.key_status.workspace
        names = (
            [namespace.name for namespace in snapshot.catalog.namespaces]
            if allows(RECORDS, snapshot.key_status)
            else None
        )
        return (kinds, names, place), (PROMPTS in kinds, place)

    async def resources(self, cursor: str | None, *, within: float) -> Listing:
        """A page of resources for MCP, which cannot report partial failures; raises only if every kind failed."""
        until = time.monotonic() + within
        require_cursor(cursor)
        snapshot = await self._usable_snapshot(within / 2)
        if not allows(RECORDS, snapshot.key_status):
            return Listing()
        page = await self._listings.page(snapshot, cursor, within=until - time.monotonic())
        if page.problems and all(problem in page.problems for problem in _collections(open_kinds(snapshot))):
            raise next(iter(page.problems.values()))
        return page

    async def templates(self, cursor: str | None, *, within: float) -> list[Template]:
        require_none(cursor)
        snapshot = await self._usable_snapshot(within)
        return templates(snapshot) if allows(RECORDS, snapshot.key_status) else []

    async def read(self, uri: str, *, offset: int = 0, within: float) -> tuple[str, Rendered]:
        """The contents of a resource: its MIME type, and the piece that begins at `offset`.

        Raises, besides: `ArgumentError` for an invalid URI, `PermissionMissing`.
        """
        until = time.monotonic() + within
        address = parse_uri(uri)
        clean = self._renderer.clean([uri, address.uri])
        if clean != [uri, address.uri]:  # no valid id contains a key, and the answer would repeat the URI
            raise no_such_resource(clean[1])
        snapshot = await self._session.look(within / 2)
        snapshot = await self._session.admit(address.uri, needs_at(address, snapshot), snapshot, within=within / 4)
        content = await self._resources.read(address, snapshot, within=until - time.monotonic())
        members = {**content.members, "mime_type": content.mime_type}
        data, waits_for = content.data, content.waits_for
        document = await in_time(data, lambda: self._renderer.document(data, members, content.notes, waits_for))
        rest = Remainder("uru_read_resource", "uri", address.uri)
        return content.mime_type, self._renderer.result(document, rest, offset=offset)

    async def prompts(self, cursor: str | None, *, within: float) -> tuple[list[Offer], str | None]:
        until = time.monotonic() + within
        place_of(cursor)
        snapshot = await self._usable_snapshot(within / 2)
        if PROMPTS not in open_kinds(snapshot):
            return [], None
        return await self._prompts.page(snapshot, cursor, within=until - time.monotonic())

    async def prompt(self, name: str, given: Mapping[str, str], *, within: float) -> Filled:
        """Raises, besides: `ArgumentError` for an unknown prompt or wrong arguments, `PermissionMissing`."""
        until = time.monotonic() + within
        snapshot = await self._session.look(within / 2)
        snapshot = await self._session.admit(
            "The prompt", needs_of(PROMPTS, snapshot.catalog), snapshot, within=within / 4
        )
        return await self._prompts.fill(name, given, snapshot, within=until - time.monotonic())

    async def complete_uri(
        self, uri_template: str, argument: str, value: str, given: Mapping[str, str], *, within: float
    ) -> list[str]:
        until = time.monotonic() + within
        snapshot = await self._usable_snapshot(within / 2)
        if not allows(RECORDS, snapshot.key_status):
            return []
        left = until - time.monotonic()
        return await self._resources.complete(uri_template, argument, value, given, snapshot, within=left)

    async def complete_prompt(self, name: str, argument: str, value: str, *, within: float) -> list[str]:
        until = time.monotonic() + within
        snapshot = await self._usable_snapshot(within / 2)
        return await self._prompts.complete(name, argument, value, snapshot, within=until - time.monotonic())

    async def list_for_model(self, arguments: Mapping[str, Any], *, within: float) -> Rendered:
        """The result of `uru_list_resources`, including the kinds that could not be listed, as `problems`.

        Raises, besides: `PermissionMissing`.
        """
        until = time.monotonic() + within
        require_cursor(arguments.get("cursor"))
        snapshot = await self._usable_snapshot(within / 2)
        snapshot = await self._session.admit("uru_list_resources", RECORDS, snapshot, within=within / 4)
        page = await self._listings.page(
            snapshot,
            arguments.get("cursor"),
            kind=arguments.get("kind"),
            query=arguments.get("query", "").strip(),
            budget=self._renderer.budget,
            within=until - time.monotonic(),
        )
        answer: dict[str, Any] = {
            "from": call_messages.OF_WORKSPACE,
            "resources": [described(resource) for resource in page.resources],
            "next_cursor": page.next_cursor,
        }
        notes = [attribution(call_messages.OF_WORKSPACE)[1:-1]]
        if page.problems:
            answer["problems"] = [_problem(kind, error) for kind, error in page.problems.items()]
            notes += [record_messages.could_not_be_listed(**problem) for problem in answer["problems"]]
        elif not page.resources:
            answer["hint"] = record_messages.NOTHING_YET if page.next_cursor is not None else _nothing(arguments)
        if page.next_cursor is not None:
            notes.append(record_messages.more_resources(page.next_cursor))
        return self._renderer.answer(answer, notes=notes, told=("problems",))

    async def show_run(self, uri: str, *, within: float) -> Rendered:
        """What `uru_show_run` answers: a run or an automation as a graph, see `graph_of`, and what a run waits for.

        Raises, besides: `ArgumentError` for an address of anything else, `PermissionMissing`.
        """
        until = time.monotonic() + within
        address = parse_uri(uri)
        kind = kind_at(address)
        if kind not in (AUTOMATIONS, RUNS):
            raise ArgumentError(call_messages.NEITHER_AUTOMATION_NOR_RUN, fix=call_messages.FIND_A_RUN)
        snapshot = await self._session.look(within / 2)
        snapshot = await self._session.admit("uru_show_run", needs_at(address, snapshot), snapshot, within=within / 4)
        graph, approvals = await self._resources.run_graph(address, snapshot, within=until - time.monotonic())
        advised = [advice(one, snapshot) for one in approvals]
        answer = {"from": call_messages.OF_WORKSPACE, "uri": address.uri, **graph}
        answer |= {"waits_for": [structure for structure, _ in advised]}
        notes = [attribution(call_messages.OF_WORKSPACE)[1:-1], *(note[1:-1] for _, note in advised)]
        return self._renderer.answer(answer, notes=notes, told=("waits_for",))

    async def title_of(self, run: ResourceUri, *, within: float) -> str | None:
        """The name of a run's automation; None if the key may not read it, or it cannot be read in time."""
        record = await self.automation_of(run, within=within)
        entry = read_entry(AUTOMATIONS, record)
        return None if entry is None else entry.title

    async def automation_of(self, run: ResourceUri, *, within: float) -> Record:
        """The record of a run's automation; empty if the key may not read it, or it cannot be read in time."""
        return await self._record_cache.automation_of(run, self._session.now, within=within)

    async def require_unchanged(self, tool: Tool, arguments: Mapping[str, Any], *, within: float) -> None:
        """Check that an edit does not overwrite text that has changed since it was last read, if `updated_at` is known.

        Raises, besides: `ArgumentError` when it would.
        """
        snapshot, kind, own = self._session.now, _edited_by(tool), arguments.get("id")
        if kind is None or not isinstance(own, str) or not any(name in arguments for name in REPLACED):
            return
        address = ResourceUri(kind.collection, own)
        if not self._record_cache.revisions.is_known(address) or kind not in open_kinds(snapshot):
            return
        with suppress(Refused, PermissionMissing):  # if the record cannot be read, Uru decides about the edit
            record = await self._record_cache.get(kind, address, snapshot, within=within)
            self._record_cache.revisions.require_same(kind, address, record)

    def note(self, tool: Tool, arguments: Mapping[str, Any], answer: Any) -> None:
        """Store the revision of the record in a tool's result. `answer` must be redacted."""
        kind = answered_kind(tool, arguments)
        if kind is None:
            return
        if isinstance(arguments.get("id"), str):
            self._record_cache.revisions.forget(ResourceUri(kind.collection, arguments["id"]))
        with suppress(UnexpectedShape):
            self._record_cache.revisions.note(kind, record_of(answer))

    async def beside(self, tool: Tool, arguments: Mapping[str, Any], answer: Any, *, within: float) -> Provenance:
        """What the answer of one of Uru's query tools leaves out: how excerpts lie in texts, what runs wait for."""
        snapshot, op = self._session.now, arguments.get("op")
        if tool.namespace.name != PLATFORM or op not in LEAVING_OUT.get(tool.name, ()):
            return Provenance({})
        with suppress(UnexpectedShape):
            if op == "search":
                return _excerpts(await self._listings.excerpts_in(answer, snapshot, within=within))
            waiting = await self._listings.approvals_in(answer, arguments.get("id"), snapshot, within=within)
            return waiting_among(waiting)
        return Provenance({})

    def forget(self, kinds: Collection[Kind]) -> None:
        """Drop the cached records of these kinds, which have changed or may have."""
        self._record_cache.forget(kinds)

    async def _usable_snapshot(self, within: float) -> Snapshot:
        """The current snapshot. Raises: any error that blocks lists, except a missing permission."""
        until = time.monotonic() + within
        snapshot = await self._session.look(within)
        if not allows(RECORDS, snapshot.key_status):  # refreshed first: the key may have been given Read since
            snapshot = await self._session.look(until - time.monotonic(), at_once=True)
        catalog = snapshot.catalog
        missing = None if catalog.namespaces else self._session.catalog_trouble
        trouble = snapshot.key_status.trouble or missing or catalog.failure_of(shown_name(PLATFORM, ""))
        if trouble is not None:
            raise trouble.with_traceback(None)
        return snapshot


def _excerpts(told: Sequence[Mapping[str, str]]) -> Provenance:
    if not told:
        return Provenance({})
    in_words = "; ".join(f"{quoted(one['id'], limits.TITLE)}, {one['excerpt_is']}" for one in told)
    return Provenance({"excerpts": told}, (record_messages.EXCERPTS_ARE.format(told=in_words),))


def _collections(kinds: tuple[Kind, ...]) -> set[str]:
    return {kind.collection for kind in kinds if kind is not RUNS}


def _nothing(arguments: Mapping[str, Any]) -> str:
    """Why a list is empty: there are no records, none match the query, or the cursor is past the last one."""
    if arguments.get("cursor"):
        return record_messages.NOTHING_MORE
    kind = arguments.get("kind")
    nouns = "resources" if kind is None else f"{NOUNS[kind]}s" if kind != RUNS.collection else "runs"
    return record_messages.nothing_listed(nouns, was_searched=bool(arguments.get("query", "").strip()))


def _edited_by(tool: Tool) -> Kind | None:
    """The kind of record that a tool of Uru's edits."""
    is_own = tool.namespace.name == PLATFORM
    return next((kind for kind in KINDS if is_own and kind.edit_tool == tool.name), None)


def answered_kind(tool: Tool, arguments: Mapping[str, Any]) -> Kind | None:
    """The kind of the complete record that a call of one of Uru's tools returns: after an edit or a `get`."""
    is_look = tool.namespace.name == PLATFORM and arguments.get("op") == "get"
    looked_up = (kind for kind in KINDS if is_look and kind.query_tool == tool.name)
    return _edited_by(tool) or next(looked_up, None)


def _problem(kind: str, error: UruError) -> dict[str, str]:
    return {"kind": kind, "code": error.code, "message": error.message, "fix": error.fix}
