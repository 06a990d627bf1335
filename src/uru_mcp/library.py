"""Uru's workspace as a library: what MCP's requests for resources, prompts and completions answer, behind the gate.

The tools `uru_list_resources` and `uru_read_resource` answer from the same. It knows what may be listed and read, and
nothing of MCP's wire.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from uru_mcp import messages
from uru_mcp.catalog import Tool
from uru_mcp.cursors import require_none
from uru_mcp.effects import attribution
from uru_mcp.errors import ArgumentError, PermissionMissing, Refused, UruError
from uru_mcp.fields import Record, UnexpectedShape, record_of
from uru_mcp.gate import allows
from uru_mcp.heavy_work import in_time
from uru_mcp.listings import Listing, Listings, require_cursor
from uru_mcp.names import shown_name
from uru_mcp.outlook import Outlook, View
from uru_mcp.policy import PLATFORM, RECORDS
from uru_mcp.prompts import Filled, Offer, Prompts, place_of
from uru_mcp.records import AUTOMATIONS, KINDS, PROMPTS, RUNS, Kind, kind_at, read_entry
from uru_mcp.redaction import Redaction
from uru_mcp.render import Rendered, Renderer, Rest
from uru_mcp.resources import NOUNS, Resources, Template, described, needs_at, templates
from uru_mcp.results.approvals import advice
from uru_mcp.revisions import REPLACED
from uru_mcp.shelves import Shelves, needs_of, open_kinds
from uru_mcp.uris import Address, no_such_resource, parse_uri


class Library:
    """Answers within `within` seconds each, or raises a `UruError`.

    A key that lacks Read is shown nothing; while something else is in the way, that is raised, so that an empty list
    is never a failure in disguise.
    """

    def __init__(
        self,
        outlook: Outlook,
        shelves: Shelves,
        renderer: Renderer,
        redaction: Redaction,
        report: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._outlook = outlook
        self._shelves = shelves
        self._renderer = renderer
        self._listings = Listings(shelves, redaction)
        self._resources = Resources(shelves, redaction, report)
        self._prompts = Prompts(shelves, redaction)

    @property
    def failed(self) -> Mapping[Kind, UruError]:
        """The kinds of records that could not be listed when that was last tried, and why."""
        return self._shelves.failed

    def outline(self) -> tuple[object, object]:
        """What the lists of resources and of prompts depend on, besides the records themselves; cheap to compare."""
        view = self._outlook.now
        kinds = open_kinds(view)
        place = view.standing.workspace
        names = [namespace.name for namespace in view.catalog.namespaces] if allows(RECORDS, view.standing) else None
        return (kinds, names, place), (PROMPTS in kinds, place)

    async def resources(self, cursor: str | None, *, within: float) -> Listing:
        """A page of resources for MCP, which has no place for what went wrong with some of them."""
        until = time.monotonic() + within
        require_cursor(cursor)
        view = await self._open_view(within / 2)
        if not allows(RECORDS, view.standing):
            return Listing()
        page = await self._listings.page(view, cursor, within=until - time.monotonic())
        if page.problems and all(problem in page.problems for problem in _collections(open_kinds(view))):
            raise next(iter(page.problems.values()))
        return page

    async def templates(self, cursor: str | None, *, within: float) -> list[Template]:
        require_none(cursor)
        view = await self._open_view(within)
        return templates(view) if allows(RECORDS, view.standing) else []

    async def read(self, uri: str, *, offset: int = 0, within: float) -> tuple[str, Rendered]:
        """What stands at an address: its MIME type, and the piece that begins at `offset`.

        Raises, besides: `ArgumentError` for an address that is none, `PermissionMissing`.
        """
        until = time.monotonic() + within
        address = parse_uri(uri)
        clean = self._renderer.clean([uri, address.uri])
        if clean != [uri, address.uri]:  # no id that was ever told has a key in it, and an answer repeats the address
            raise no_such_resource(clean[1])
        view = await self._outlook.look(within / 2)
        view = await self._outlook.admit(address.uri, needs_at(address, view), view, within=within / 4)
        content = await self._resources.read(address, view, within=until - time.monotonic())
        members = {**content.members, "mime_type": content.mime_type}
        data, waits_for = content.data, content.waits_for
        document = await in_time(data, lambda: self._renderer.document(data, members, content.notes, waits_for))
        rest = Rest("uru_read_resource", "uri", address.uri)
        return content.mime_type, self._renderer.result(document, rest, offset=offset)

    async def prompts(self, cursor: str | None, *, within: float) -> tuple[list[Offer], str | None]:
        until = time.monotonic() + within
        place_of(cursor)
        view = await self._open_view(within / 2)
        if PROMPTS not in open_kinds(view):
            return [], None
        return await self._prompts.page(view, cursor, within=until - time.monotonic())

    async def prompt(self, name: str, given: Mapping[str, str], *, within: float) -> Filled:
        """Raises, besides: `ArgumentError` for an unknown prompt or wrong arguments, `PermissionMissing`."""
        until = time.monotonic() + within
        view = await self._outlook.look(within / 2)
        view = await self._outlook.admit("The prompt", needs_of(PROMPTS, view.catalog), view, within=within / 4)
        return await self._prompts.fill(name, given, view, within=until - time.monotonic())

    async def complete_uri(
        self, uri_template: str, argument: str, value: str, given: Mapping[str, str], *, within: float
    ) -> list[str]:
        until = time.monotonic() + within
        view = await self._open_view(within / 2)
        if not allows(RECORDS, view.standing):
            return []
        left = until - time.monotonic()
        return await self._resources.complete(uri_template, argument, value, given, view, within=left)

    async def complete_prompt(self, name: str, argument: str, value: str, *, within: float) -> list[str]:
        until = time.monotonic() + within
        view = await self._open_view(within / 2)
        return await self._prompts.complete(name, argument, value, view, within=until - time.monotonic())

    async def list_for_model(self, arguments: Mapping[str, Any], *, within: float) -> Rendered:
        """What `uru_list_resources` answers; what could not be listed is among it, as `problems`.

        Raises, besides: `PermissionMissing`.
        """
        until = time.monotonic() + within
        require_cursor(arguments.get("cursor"))
        view = await self._open_view(within / 2)
        view = await self._outlook.admit("uru_list_resources", RECORDS, view, within=within / 4)
        page = await self._listings.page(
            view,
            arguments.get("cursor"),
            kind=arguments.get("kind"),
            query=arguments.get("query", "").strip(),
            budget=self._renderer.budget,
            within=until - time.monotonic(),
        )
        answer: dict[str, Any] = {
            "from": messages.OF_WORKSPACE,
            "resources": [described(resource) for resource in page.resources],
            "next_cursor": page.next_cursor,
        }
        notes = [attribution(messages.OF_WORKSPACE)[1:-1]]
        if page.problems:
            answer["problems"] = [_problem(kind, error) for kind, error in page.problems.items()]
            notes += [messages.could_not_be_listed(**problem) for problem in answer["problems"]]
        elif not page.resources:
            answer["hint"] = messages.NOTHING_YET if page.next_cursor is not None else _nothing(arguments)
        if page.next_cursor is not None:
            notes.append(messages.more_resources(page.next_cursor))
        return self._renderer.answer(answer, notes=notes, told=("problems",))

    async def show_run(self, uri: str, *, within: float) -> Rendered:
        """What `uru_show_run` answers: a run or an automation as a graph, see `graph_of`, and what a run waits for.

        Raises, besides: `ArgumentError` for an address of anything else, `PermissionMissing`.
        """
        until = time.monotonic() + within
        address = parse_uri(uri)
        kind = kind_at(address)
        if kind not in (AUTOMATIONS, RUNS):
            raise ArgumentError(messages.NEITHER_AUTOMATION_NOR_RUN, fix=messages.FIND_A_RUN)
        view = await self._outlook.look(within / 2)
        view = await self._outlook.admit("uru_show_run", needs_at(address, view), view, within=within / 4)
        graph, approvals = await self._resources.run_graph(address, view, within=until - time.monotonic())
        advised = [advice(one, view) for one in approvals]
        answer = {"from": messages.OF_WORKSPACE, "uri": address.uri, **graph}
        answer |= {"waits_for": [structure for structure, _ in advised]}
        notes = [attribution(messages.OF_WORKSPACE)[1:-1], *(note[1:-1] for _, note in advised)]
        return self._renderer.answer(answer, notes=notes, told=("waits_for",))

    async def title_of(self, run: Address, *, within: float) -> str | None:
        """What the automation of a run is called; None where the key may not read it, or it cannot be read in time."""
        record = await self.automation_of(run, within=within)
        entry = read_entry(AUTOMATIONS, record)
        return None if entry is None else entry.title

    async def automation_of(self, run: Address, *, within: float) -> Record:
        """The record of a run's automation; empty where the key may not read it, or it cannot be read in time."""
        return await self._shelves.automation_of(run, self._outlook.now, within=within)

    async def require_unchanged(self, tool: Tool, arguments: Mapping[str, Any], *, within: float) -> None:
        """See that an edit replaces no text that has changed since it was last read here, where Uru tells that.

        Raises, besides: `ArgumentError` when it would.
        """
        view, kind, own = self._outlook.now, _edited_by(tool), arguments.get("id")
        if kind is None or not isinstance(own, str) or not any(name in arguments for name in REPLACED):
            return
        address = Address(kind.collection, own)
        if not self._shelves.revisions.is_known(address) or kind not in open_kinds(view):
            return
        with suppress(Refused, PermissionMissing):  # what cannot be read is for Uru to refuse
            record = await self._shelves.get(kind, address, view, within=within)
            self._shelves.revisions.require_same(kind, address, record)

    def note(self, tool: Tool, arguments: Mapping[str, Any], answer: Any) -> None:
        """Remember how a record stands that a tool of Uru's has just answered with; the answer is redacted."""
        kind = answered_kind(tool, arguments)
        if kind is None:
            return
        if isinstance(arguments.get("id"), str):
            self._shelves.revisions.forget(Address(kind.collection, arguments["id"]))
        with suppress(UnexpectedShape):
            self._shelves.revisions.note(kind, record_of(answer))

    def forget(self, kinds: Collection[Kind]) -> None:
        """Ask anew for these kinds of records, which have changed or may have."""
        self._shelves.forget(kinds)

    async def _open_view(self, within: float) -> View:
        """What is so now. Raises: what stands in the way of any list, but for a permission."""
        until = time.monotonic() + within
        view = await self._outlook.look(within)
        if not allows(RECORDS, view.standing):  # no list is empty for what the key lacked a minute ago
            view = await self._outlook.look(until - time.monotonic(), at_once=True)
        catalog = view.catalog
        missing = None if catalog.namespaces else self._outlook.catalog_trouble
        trouble = view.standing.trouble or missing or catalog.failure_of(shown_name(PLATFORM, ""))
        if trouble is not None:
            raise trouble.with_traceback(None)
        return view


def _collections(kinds: tuple[Kind, ...]) -> set[str]:
    return {kind.collection for kind in kinds if kind is not RUNS}


def _nothing(arguments: Mapping[str, Any]) -> str:
    """Why a list is empty: there are none, or none that fit the query, or a cursor led past the last."""
    if arguments.get("cursor"):
        return messages.NOTHING_MORE
    kind = arguments.get("kind")
    nouns = "resources" if kind is None else f"{NOUNS[kind]}s" if kind != RUNS.collection else "runs"
    return messages.nothing_listed(nouns, was_searched=bool(arguments.get("query", "").strip()))


def _edited_by(tool: Tool) -> Kind | None:
    """The kind of record that a tool of Uru's edits."""
    is_own = tool.namespace.name == PLATFORM
    return next((kind for kind in KINDS if is_own and kind.edit_tool == tool.name), None)


def answered_kind(tool: Tool, arguments: Mapping[str, Any]) -> Kind | None:
    """The kind of record that a call of one of Uru's tools answers with, whole: an edit, or a look at one."""
    is_look = tool.namespace.name == PLATFORM and arguments.get("op") == "get"
    looked_up = (kind for kind in KINDS if is_look and kind.query_tool == tool.name)
    return _edited_by(tool) or next(looked_up, None)


def _problem(kind: str, error: UruError) -> dict[str, str]:
    return {"kind": kind, "code": error.code, "message": error.message, "fix": error.fix}
