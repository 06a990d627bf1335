"""Serializes namespaces and tools for the disk cache, in Uru's own JSON format.

The readers of `uru/namespaces_and_tools.py` parse it again. It opens no file; see `disk_cache.py`. The only permissions
in it are those that Uru declared for a tool, and cached data can never make a tool need fewer permissions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from uru_mcp.access.policy import needs_at_least
from uru_mcp.permissions import in_order
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, moment_at, object_at, record_of
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool, read_namespaces, read_tools

FOR_PEOPLE = {"displayName": None, "account_label": None}  # fields that may be written with parts redacted


class CachedTools(NamedTuple):
    """The namespaces, their tools by the namespace's name, and when they were loaded."""

    namespaces: tuple[Namespace, ...]
    tools: Mapping[str, tuple[UpstreamTool, ...]]
    told_at: datetime


def lines_of(listing: CachedTools, redaction: Redaction) -> Iterator[bytes]:
    """The listing as JSON lines, one for each item, so that no single line takes long:

    {"told_at": "2026-11-20T09:00:00+00:00"}
    {"namespace": {"name": "gmail_work", "displayName": "Gmail - Work"}}
    {"tool": {"name": "GMAIL_SEND_EMAIL", "inputSchema": {"type": "object"}, "annotations": {}}}

    A name is sent back to Uru unchanged, so an item whose name contains a secret is left out.
    """
    yield _line("told_at", listing.told_at.isoformat())
    for namespace in listing.namespaces:
        record = _namespace(namespace)
        clean = redaction.value(record)
        if {**clean, **FOR_PEOPLE} != {**record, **FOR_PEOPLE}:
            continue
        yield _line("namespace", clean)
        for tool in listing.tools.get(namespace.name, ()):
            clean = redaction.value(_tool(tool))
            if clean["name"] == tool.name:
                yield _line("tool", clean)


def read_listing(lines: Iterable[bytes]) -> CachedTools:
    """Parse lines written by `lines_of`.

    Raises:
        ValueError: The lines are invalid.
    """
    records = (record_of(json.loads(line)) for line in lines)
    told_at = moment_at(next(records, {}), "told_at")
    if told_at is None:
        raise UnexpectedShape("no time")
    namespaces: list[Namespace] = []
    written: dict[str, list[Any]] = {}
    for record in records:
        if object_at(record, "namespace") is not None:
            namespaces += read_namespaces([record["namespace"]])
        elif namespaces:
            written.setdefault(namespaces[-1].name, []).append(record.get("tool"))
    tools = {name: _with_full_needs(name, read_tools(name, found)[0]) for name, found in written.items()}
    return CachedTools(tuple(namespaces), tools, told_at)


def _with_full_needs(namespace: str, tools: Iterable[UpstreamTool]) -> tuple[UpstreamTool, ...]:
    return tuple(
        tool._replace(declared=needs_at_least(namespace, tool.name, declared=tool.declared, read_only=tool.read_only))
        for tool in tools
    )


def _line(name: str, value: Any) -> bytes:
    return json.dumps({name: value}, separators=(",", ":")).encode() + b"\n"


def _namespace(namespace: Namespace) -> Record:
    return {
        "name": namespace.name,
        "displayName": namespace.title,
        "connected_account_id": namespace.connected_account_id,
        "server_id": namespace.server_id,
        "account_label": namespace.account,
    }


def _tool(tool: UpstreamTool) -> Record:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.schema,
        "permission": None if tool.declared is None else in_order(tool.declared),
        "annotations": {
            "readOnlyHint": tool.read_only,
            "destructiveHint": tool.destructive,
            "idempotentHint": tool.idempotent,
            "openWorldHint": tool.open_world,
        },
    }
