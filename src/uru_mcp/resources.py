"""Resources: the workspace, the key, namespaces and Uru's records, at addresses that a client can read.

MCP's own requests and the tools `uru_list_resources` and `uru_read_resource` come here alike. Everything in this room
needs Read, and more where Uru says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uru_mcp import limits, messages
from uru_mcp.apps.run_graph import graph_of
from uru_mcp.discovery import offer
from uru_mcp.errors import ArgumentError
from uru_mcp.fields import Record
from uru_mcp.outlook import View
from uru_mcp.permissions import Permissions
from uru_mcp.policy import RECORDS
from uru_mcp.quoting import described as plainly
from uru_mcp.quoting import quoted
from uru_mcp.records import AUTOMATIONS, JSON, KINDS, RUNS, Entry, Kind, kind_at, read_content, read_entry
from uru_mcp.redaction import Redaction
from uru_mcp.results.approvals import advice, first_decidable
from uru_mcp.shelves import Shelves, needs_of, open_kinds
from uru_mcp.uris import KEY, NAMESPACES, SCHEME, WORKSPACE, Address, no_such_resource
from uru_mcp.waiting_steps import Approval, read_approvals, with_steps
from uru_mcp.wire import Namespace

NAMESPACE = f"{SCHEME}{NAMESPACES}/{{namespace}}"
RECORD_TEMPLATES: Mapping[str, Kind] = {
    **{f"{SCHEME}{kind.collection}/{{id}}": kind for kind in KINDS if kind is not RUNS},
    f"{SCHEME}{AUTOMATIONS.collection}/{{id}}/runs/{{run_id}}": RUNS,
}


NOUNS: Mapping[str, str] = {NAMESPACES: "namespace", **{kind.collection: kind.noun for kind in KINDS}}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as a list shows it. `size` is in bytes; `excerpt` is what a search found in it.

    `inputs` are those that a run of an automation requires.
    """

    uri: str
    kind: str
    title: str
    description: str
    mime_type: str = JSON
    size: int | None = None
    updated_at: datetime | None = None
    excerpt: str | None = None
    id: str | None = None
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What clients show that know no titles, in one menu for all kinds: `context block: Prices`."""
        noun = NOUNS.get(self.kind)
        return self.title if noun is None else f"{noun}: {self.title}"


@dataclass(frozen=True, slots=True)
class Template:
    """A form of addresses, and what stands at them."""

    uri_template: str
    title: str
    description: str
    mime_type: str = JSON


@dataclass(frozen=True, slots=True)
class Content:
    """What stands at an address: text or JSON, and what is said beside it."""

    mime_type: str
    data: Any
    members: dict[str, Any]
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None


class Resources:
    """Reads resources and completes their addresses. `report` is what `uru_whoami` answers now.

    Every method answers within `within` seconds, and raises what `Calls.run` raises.
    """

    def __init__(self, shelves: Shelves, redaction: Redaction, report: Callable[[], Mapping[str, Any]]) -> None:
        self._shelves = shelves
        self._redaction = redaction
        self._report = report

    async def read(self, address: Address, view: View, *, within: float) -> Content:
        """What stands at an address. Raises, besides: `ArgumentError` (`not_found`) when nothing can stand there."""
        kind = kind_at(address)
        if kind is None:
            return Content(JSON, self._facts(address, view), {"from": messages.OF_FACTS, "uri": address.uri})
        if kind not in open_kinds(view):
            raise no_such_resource(address.uri)
        until = time.monotonic() + within
        record = await self._shelves.get(kind, address, view, within=within)
        self._shelves.revisions.note(kind, record)
        record = self._redaction.value(record) if kind is RUNS else record  # whose words are cut and put to a person
        waiting = await self._waiting(record, view, until) if kind is RUNS else ()
        advised = [advice(one, view) for one in waiting]
        members: dict[str, Any] = {"from": messages.OF_WORKSPACE, "uri": address.uri}
        if advised:
            members["approvals"] = [structure for structure, _ in advised]
        data = read_content(kind, record)
        mime_type, notes = kind.mime_type if isinstance(data, str) else JSON, tuple(note for _, note in advised)
        return Content(mime_type, data, members, notes, first_decidable(waiting, view))

    async def _waiting(self, run: Record, view: View, until: float) -> tuple[Approval, ...]:
        approvals = read_approvals(run)
        if not approvals:
            return ()
        within = (until - time.monotonic()) / 2
        return with_steps(approvals, await self._shelves.automation_of(approvals[0].run, view, within=within))

    async def run_graph(
        self, address: Address, view: View, *, within: float
    ) -> tuple[dict[str, Any], tuple[Approval, ...]]:
        """An automation, or a run of one, as a graph, and what the run waits for."""
        until = time.monotonic() + within
        kinds = open_kinds(view)
        if kind_at(address) not in kinds or self._redaction.text(address.uri) != address.uri:
            raise no_such_resource(self._redaction.text(address.uri))
        if address.run_id is None:
            automation = await self._shelves.get(AUTOMATIONS, address, view, within=within)
            return graph_of({}, automation), ()
        run = self._redaction.value(await self._shelves.get(RUNS, address, view, within=within / 2))
        automation = await self._shelves.automation_of(address, view, within=until - time.monotonic())
        return graph_of(run, automation), with_steps(read_approvals(run), automation)

    async def complete(
        self, uri_template: str, argument: str, value: str, given: Mapping[str, str], view: View, *, within: float
    ) -> list[str]:
        """The ids that what was typed so far may mean, by id or by title; the best first.

        `given` are the template's other arguments, as far as they are known.

        Raises, besides: `ArgumentError` for a template or an argument that there is not.
        """
        if (uri_template, argument) == (NAMESPACE, "namespace"):
            return fitting(value, ((one.name, one.title) for one in tellable(view, self._redaction)))
        kind = RECORD_TEMPLATES.get(uri_template)
        if kind is None or f"{{{argument}}}" not in uri_template:
            raise ArgumentError(
                messages.NO_SUCH_TEMPLATE.format(
                    uri_template=quoted(uri_template, 100), argument=quoted(argument, 100)
                ),
                fix=messages.TAKE_A_TEMPLATE,
            )
        if kind not in open_kinds(view):
            return []
        if argument == "id" and kind is RUNS:
            kind = AUTOMATIONS
        if kind is RUNS and "id" in given:
            records = (await self._shelves.runs(given["id"], view, within=within)).records
        else:
            records = tuple([record async for record in self._shelves.walk(kind, view, within=within)])
        entries = [entry for record in records if (entry := read_entry(kind, record)) is not None]
        return fitting(value, ((one.address.run_id or one.address.id or "", one.title) for one in entries))

    def _facts(self, address: Address, view: View) -> Any:
        """What `uru_whoami` knows of the workspace or the key, or what a namespace offers."""
        report = self._report()
        if address == Address(WORKSPACE):
            return {name: report[name] for name in ("workspace", "tools", "base_url", "problems")}
        if address == Address(KEY):
            return {name: report[name] for name in ("state", "key", "permissions", "problems", "warnings")}
        for namespace in view.catalog.namespaces if address.collection == NAMESPACES else ():
            if namespace.name == address.id:
                tools = [offer(tool, view.standing) for tool in view.catalog.tools_of(namespace)]
                return {"namespace": namespace.name, "title": namespace.title, "tools": tools}
        raise no_such_resource(address.uri)


def needs_at(address: Address, view: View) -> Permissions:
    """What a key must have to read what stands at an address."""
    kind = kind_at(address)
    return RECORDS if kind is None else needs_of(kind, view.catalog)


def tellable(view: View, redaction: Redaction) -> list[Namespace]:
    """The namespaces whose names may leave: one that looks like a key may not, and its tools are left out."""
    return [one for one in view.catalog.namespaces if redaction.text(one.name) == one.name]


def facts_listed(view: View, redaction: Redaction) -> list[Resource]:
    """The resources that need no record: the workspace, the key, the namespaces."""
    name = (view.standing.workspace and view.standing.workspace.name) or ""
    return [
        Resource(
            Address(WORKSPACE).uri,
            WORKSPACE,
            f"Workspace {name}" if name else "Workspace",
            messages.ABOUT_WORKSPACE,
        ),
        Resource(Address(KEY).uri, KEY, "API key", messages.ABOUT_KEY),
        *(
            Resource(
                Address(NAMESPACES, namespace.name).uri,
                NAMESPACES,
                namespace.title,
                messages.ABOUT_NAMESPACE.format(title=namespace.title),
                id=namespace.name,
            )
            for namespace in tellable(view, redaction)
        ),
    ]


def resource_of(entry: Entry, redaction: Redaction) -> Resource:
    """The record as a list shows it; a key in it goes before anything is cut, so that no half of it is left."""
    title, description, excerpt = map(redaction.text, (entry.title, entry.description, entry.excerpt or ""))
    return Resource(
        entry.address.uri,
        entry.kind.collection,
        quoted(title, limits.TITLE) or quoted(entry.address.id or "", limits.TITLE),
        limits.cut(plainly(description), limits.DESCRIPTION),
        entry.kind.mime_type,
        entry.size,
        entry.updated_at,
        limits.cut(plainly(excerpt), limits.EXCERPT) if excerpt else entry.excerpt,
        redaction.text(entry.address.run_id or entry.address.id or ""),
        tuple(redaction.text(name) for name in entry.inputs),
    )


def templates(view: View) -> list[Template]:
    """The forms of addresses that lead somewhere in this workspace."""
    found = [Template(NAMESPACE, "Namespace", messages.ABOUT_NAMESPACES)]
    for form, kind in RECORD_TEMPLATES.items():
        if kind in open_kinds(view):
            title = kind.noun.capitalize()
            found.append(Template(form, title, messages.BY_ID.format(title=title), kind.mime_type))
    return found


def described(resource: Resource) -> dict[str, Any]:
    """What is known of it.

    `{"uri", "id", "kind", "title", "description", "mime_type", "size", "updated_at", "excerpt", "required_inputs"}`
    """
    described = {
        "uri": resource.uri,
        "id": resource.id,
        "kind": resource.kind,
        "title": resource.title,
        "description": resource.description or None,
        "mime_type": resource.mime_type,
        "size": resource.size,
        "updated_at": resource.updated_at and resource.updated_at.isoformat(),
        "excerpt": resource.excerpt,
        "required_inputs": list(resource.inputs) or None,
    }
    return {name: value for name, value in described.items() if value is not None}


def fitting(typed: str, choices: Iterable[tuple[str, str]]) -> list[str]:
    """Of choices, each a value and what it is called, those that hold what was typed; first those that begin so."""
    wanted = typed.casefold()
    found = [(value, f"{value}\n{called}".casefold()) for value, called in choices if value]
    hits = [(value, text) for value, text in found if wanted in text]
    hits.sort(key=lambda hit: not any(line.startswith(wanted) for line in hit[1].split("\n")))
    return [value for value, _ in hits]
