"""Reads resources by URI: the workspace, the key, namespaces and Uru's records. Also URI templates and completion.

MCP's own requests and the tools `uru_list_resources` and `uru_read_resource` both use it. Everything here needs Read,
and any permission that Uru declares; `resource_requests.py` checks that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.access.policy import RECORDS
from uru_mcp.catalog.search_results import offer
from uru_mcp.errors import ArgumentError
from uru_mcp.messages import call_messages, record_messages, report_messages
from uru_mcp.permissions import Permissions
from uru_mcp.resources.record_cache import RecordCache, needs_of, open_kinds
from uru_mcp.resources.run_graph import graph_of
from uru_mcp.results.automation_approvals import advice, first_decidable
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.json_fields import Record
from uru_mcp.untrusted_input.quoting import described as plainly
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import Namespace
from uru_mcp.uru.records import AUTOMATIONS, JSON, KINDS, RUNS, Entry, Kind, kind_at, read_content, read_entry
from uru_mcp.uru.resource_uris import KEY, NAMESPACES, SCHEME, WORKSPACE, ResourceUri, no_such_resource
from uru_mcp.uru.waiting_steps import Approval, read_approvals, with_steps

NAMESPACE = f"{SCHEME}{NAMESPACES}/{{namespace}}"
RECORD_TEMPLATES: Mapping[str, Kind] = {
    **{f"{SCHEME}{kind.collection}/{{id}}": kind for kind in KINDS if kind is not RUNS},
    f"{SCHEME}{AUTOMATIONS.collection}/{{id}}/runs/{{run_id}}": RUNS,
}


NOUNS: Mapping[str, str] = {NAMESPACES: "namespace", **{kind.collection: kind.noun for kind in KINDS}}


class Resource(NamedTuple):
    """A resource as lists show it. `size` is in bytes; `excerpt` is the text that a search matched.

    `excerpt_is` is the position of the excerpt in the text. `inputs` are the inputs that a run of an automation
    requires, and `waits_for` are the steps of a run that wait for a person.
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
    excerpt_is: str | None = None
    waits_for: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The name for clients that ignore titles. It includes the kind, as in `context block: Prices`."""
        noun = NOUNS.get(self.kind)
        return self.title if noun is None else f"{noun}: {self.title}"


class Template(NamedTuple):
    """A URI template, and what its URIs contain."""

    uri_template: str
    title: str
    description: str
    mime_type: str = JSON


class Content(NamedTuple):
    """The contents of a resource: text or JSON, with metadata and notes."""

    mime_type: str
    data: Any
    members: dict[str, Any]
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None


class Resources:
    """Reads resources and completes their URIs. `report` returns the current report of `uru_whoami`.

    Every method answers within `within` seconds, and raises what `Calls.run` raises.
    """

    def __init__(
        self, record_cache: RecordCache, redaction: Redaction, report: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._record_cache = record_cache
        self._redaction = redaction
        self._report = report

    async def read(self, address: ResourceUri, snapshot: Snapshot, *, within: float) -> Content:
        """The contents of a resource. Raises, besides: `ArgumentError` (`not_found`) for an unknown address."""
        kind = kind_at(address)
        if kind is None:
            return Content(JSON, self._facts(address, snapshot), {"from": call_messages.OF_FACTS, "uri": address.uri})
        if kind not in open_kinds(snapshot):
            raise no_such_resource(address.uri)
        until = time.monotonic() + within
        record = await self._record_cache.get(kind, address, snapshot, within=within)
        self._record_cache.revisions.note(kind, record)
        record = self._redaction.value(record) if kind is RUNS else record  # before its texts are truncated and shown
        waiting = await self._waiting(record, snapshot, until) if kind is RUNS else ()
        advised = [advice(one, snapshot) for one in waiting]
        members: dict[str, Any] = {"from": call_messages.OF_WORKSPACE, "uri": address.uri}
        if advised:
            members["approvals"] = [structure for structure, _ in advised]
        data = read_content(kind, record)
        mime_type, notes = kind.mime_type if isinstance(data, str) else JSON, tuple(note for _, note in advised)
        return Content(mime_type, data, members, notes, first_decidable(waiting, snapshot))

    async def _waiting(self, run: Record, snapshot: Snapshot, until: float) -> tuple[Approval, ...]:
        approvals = read_approvals(run)
        if not approvals:
            return ()
        within = (until - time.monotonic()) / 2
        return with_steps(approvals, await self._record_cache.automation_of(approvals[0].run, snapshot, within=within))

    async def run_graph(
        self, address: ResourceUri, snapshot: Snapshot, *, within: float
    ) -> tuple[dict[str, Any], tuple[Approval, ...]]:
        """An automation, or a run of one, as a graph, and what the run waits for."""
        until = time.monotonic() + within
        kinds = open_kinds(snapshot)
        if kind_at(address) not in kinds or self._redaction.text(address.uri) != address.uri:
            raise no_such_resource(self._redaction.text(address.uri))
        if address.run_id is None:
            automation = await self._record_cache.get(AUTOMATIONS, address, snapshot, within=within)
            return graph_of({}, automation), ()
        run = self._redaction.value(await self._record_cache.get(RUNS, address, snapshot, within=within / 2))
        automation = await self._record_cache.automation_of(address, snapshot, within=until - time.monotonic())
        return graph_of(run, automation), with_steps(read_approvals(run), automation)

    async def complete(
        self,
        uri_template: str,
        argument: str,
        value: str,
        given: Mapping[str, str],
        snapshot: Snapshot,
        *,
        within: float,
    ) -> list[str]:
        """The ids that match what was typed so far, by id or by title; best first.

        `given` are the known values of the template's other arguments.

        Raises, besides: `ArgumentError` for an unknown template or argument.
        """
        if (uri_template, argument) == (NAMESPACE, "namespace"):
            return fitting(value, ((one.name, one.title) for one in safe_namespaces(snapshot, self._redaction)))
        kind = RECORD_TEMPLATES.get(uri_template)
        if kind is None or f"{{{argument}}}" not in uri_template:
            raise ArgumentError(
                record_messages.NO_SUCH_TEMPLATE.format(
                    uri_template=quoted(uri_template, 100), argument=quoted(argument, 100)
                ),
                fix=record_messages.TAKE_A_TEMPLATE,
            )
        if kind not in open_kinds(snapshot):
            return []
        if argument == "id" and kind is RUNS:
            kind = AUTOMATIONS
        if kind is RUNS and "id" in given:
            records = (await self._record_cache.runs(given["id"], snapshot, within=within)).records
        else:
            records = tuple([record async for record in self._record_cache.walk(kind, snapshot, within=within)])
        entries = [entry for record in records if (entry := read_entry(kind, record)) is not None]
        return fitting(value, ((one.address.run_id or one.address.id or "", one.title) for one in entries))

    def _facts(self, address: ResourceUri, snapshot: Snapshot) -> Any:
        """The part of the `uru_whoami` report about the workspace or the key, or the tools of a namespace."""
        report = self._report()
        if address == ResourceUri(WORKSPACE):
            return {name: report[name] for name in ("workspace", "tools", "base_url", "problems")}
        if address == ResourceUri(KEY):
            return {name: report[name] for name in ("state", "key", "permissions", "problems", "warnings")}
        for namespace in snapshot.catalog.namespaces if address.collection == NAMESPACES else ():
            if namespace.name == address.id:
                tools = [offer(tool, snapshot.key_status) for tool in snapshot.catalog.tools_of(namespace)]
                return {"namespace": namespace.name, "title": namespace.title, "tools": tools}
        raise no_such_resource(address.uri)


def needs_at(address: ResourceUri, snapshot: Snapshot) -> Permissions:
    """The permissions for reading the resource at an address."""
    kind = kind_at(address)
    return RECORDS if kind is None else needs_of(kind, snapshot.catalog)


def safe_namespaces(snapshot: Snapshot, redaction: Redaction) -> list[Namespace]:
    """The namespaces whose names may be shown: a name that looks like a key may not, and its tools are left out."""
    return [one for one in snapshot.catalog.namespaces if redaction.text(one.name) == one.name]


def facts_listed(snapshot: Snapshot, redaction: Redaction) -> list[Resource]:
    """The resources that need no request: the workspace, the key, the namespaces."""
    name = (snapshot.key_status.workspace and snapshot.key_status.workspace.name) or ""
    return [
        Resource(
            ResourceUri(WORKSPACE).uri,
            WORKSPACE,
            f"Workspace {name}" if name else "Workspace",
            record_messages.ABOUT_WORKSPACE,
        ),
        Resource(ResourceUri(KEY).uri, KEY, "API key", record_messages.ABOUT_KEY),
        *(
            Resource(
                ResourceUri(NAMESPACES, namespace.name).uri,
                NAMESPACES,
                namespace.title,
                record_messages.ABOUT_NAMESPACE.format(title=namespace.title),
                id=namespace.name,
            )
            for namespace in safe_namespaces(snapshot, redaction)
        ),
    ]


def resource_of(entry: Entry, redaction: Redaction) -> Resource:
    """The record as lists show it, redacted before it is truncated, so that no part of a key remains."""
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


def templates(snapshot: Snapshot) -> list[Template]:
    """The URI templates that are available in this workspace."""
    found = [Template(NAMESPACE, "Namespace", record_messages.ABOUT_NAMESPACES)]
    for form, kind in RECORD_TEMPLATES.items():
        if kind in open_kinds(snapshot):
            title = kind.noun.capitalize()
            found.append(Template(form, title, report_messages.BY_ID.format(title=title), kind.mime_type))
    return found


def described(resource: Resource) -> dict[str, Any]:
    """The resource as JSON.

    `{"uri", "id", "kind", "title", "description", "mime_type", "size", "updated_at", "excerpt", "excerpt_is",
    "required_inputs", "waits_for"}`
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
        "excerpt_is": resource.excerpt_is,
        "required_inputs": list(resource.inputs) or None,
        "waits_for": list(resource.waits_for) or None,
    }
    return {name: value for name, value in described.items() if value is not None}


def fitting(typed: str, choices: Iterable[tuple[str, str]]) -> list[str]:
    """The values of `(value, title)` choices that contain what was typed; those that begin with it come first."""
    wanted = typed.casefold()
    found = [(value, f"{value}\n{called}".casefold()) for value, called in choices if value]
    hits = [(value, text) for value, text in found if wanted in text]
    hits.sort(key=lambda hit: not any(line.startswith(wanted) for line in hit[1].split("\n")))
    return [value for value, _ in hits]
