"""Uru's JSON into values of ours: tolerant of every spelling that was seen, and pure.

With `records.py`, for records, `versions.py`, and `complaints.py`, for error bodies, the only place that knows a field
name of the API; `transcript.py` writes down what it has read. It opens no connection and judges nothing: what a tool
needs is decided in `policy.py`.

Source: Uru's user guides and the public Node client; a reader of something that is only assumed says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uru_mcp.complaints import read_complaint
from uru_mcp.fields import (
    Record,
    compact,
    first,
    flag_at,
    in_words,
    is_deeper,
    list_at,
    moment_at,
    names_at,
    object_at,
    record_of,
    text_at,
)
from uru_mcp.permissions import EVERYTHING, NOTHING, Permissions, parse_permissions

OBJECT_SCHEMA: dict[str, Any] = {"type": "object"}
DEEPEST = 64  # levels of nesting that every client and serializer takes


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What Uru says of the key: no part of it but `last4`. `permissions` is None where Uru does not tell."""

    name: str | None
    last4: str | None
    status: str | None
    created_at: datetime | None
    expires_at: datetime | None
    workspace: Workspace | None
    permissions: Permissions | None
    unknown_permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Namespace:
    """A group of tools. `name` is an identifier, which goes back to Uru unchanged; the rest of what it is called is for
    people.
    """

    name: str
    title: str
    connected_account_id: str | None = None
    server_id: str | None = None
    recovery: bool = False
    account: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamTool:
    """A tool as Uru lists it. `declared` and `read_only` are None where Uru says nothing.

    The schema of its arguments is kept as JSON, which takes a fifth of the memory: there may be very many tools.
    """

    name: str
    title: str | None
    description: str
    schema_json: str
    declared: Permissions | None
    read_only: bool | None
    destructive: bool | None
    idempotent: bool | None
    open_world: bool | None

    @property
    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = json.loads(self.schema_json)
        return schema


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tool that cannot be offered, and why, in words for the user."""

    namespace: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run. `error` is Uru's own words when it failed, None when it succeeded."""

    data: Any
    log_id: str | None
    error: str | None = None


def read_key_record(body: Any) -> KeyRecord:
    """Read `GET /keys/self`. The whole endpoint is assumed.

    `{"key": {"name", "last4", "status", "created_at", "expires_at"}, "workspace": {"id", "name"}, "permissions": []}`

    Raises:
        UnexpectedShape: The body is not an object.
    """
    record = record_of(body)
    key = object_at(record, "key") or record
    stated = first(record, "permissions", "scopes")
    permissions, unknown = _permissions(first(key, "permissions", "scopes") if stated is None else stated)
    return KeyRecord(
        name=text_at(key, "name"),
        last4=(text_at(key, "last4") or "")[-4:] or None,
        status=text_at(key, "status"),
        created_at=moment_at(key, "created_at"),
        expires_at=moment_at(key, "expires_at"),
        workspace=_workspace({name: record.get(name) for name in ("workspace", "workspace_id", "workspace_name")}),
        permissions=permissions,
        unknown_permissions=tuple(name[:40] for name in unknown[:10]),
    )


def _permissions(stated: Any) -> tuple[Permissions | None, tuple[str, ...]]:
    """What Uru says the key may do: None where it says nothing, and nothing where it cannot be understood."""
    if stated is None:
        return None, ()
    return parse_permissions(stated) if isinstance(stated, (str, list)) else (NOTHING, (in_words(stated),))


def read_namespaces(body: Any) -> tuple[Namespace, ...]:
    """Read `GET /namespaces`: `{"namespaces": [{"name": "platform"}, …]}`, or the bare list.

    Raises:
        UnexpectedShape: There is no list.
    """
    found: dict[str, Namespace] = {}
    for item in list_at(body, "namespaces"):
        entry = item if isinstance(item, dict) else {"name": item}
        name = text_at(entry, "name", "namespace")
        if name:
            found.setdefault(name, _namespace(name, entry))
    return tuple(found.values())


def read_tools(namespace: str, body: Any) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
    """Read `GET /list/apps/{namespace}/tools`, each tool by itself: one that is wrong does not spoil the others.

    Raises:
        UnexpectedShape: There is no list.
    """
    tools: dict[str, UpstreamTool] = {}
    left_out: list[LeftOut] = []
    for item in list_at(body, "tools"):
        tool = _tool(item)
        if isinstance(tool, str):
            left_out.append(LeftOut(namespace, _tool_name(item) or "(no name)", tool))
        elif tool.name in tools:
            left_out.append(LeftOut(namespace, tool.name, "another tool of this namespace has the same name"))
        else:
            tools[tool.name] = tool
    return tuple(tools.values()), tuple(left_out)


def read_result(body: Any) -> RunResult:
    """Read the answer of a run: `{"data": …, "successful": true, "success": true, "error": null, "log_id": "…"}`.

    Either flag may be missing; either one false is a failure. Without `data`, the whole body is the result.
    Data that is nested deeper than MCP clients take becomes text.

    Raises:
        UnexpectedShape: The body is a bare value, which is what others answer in Uru's place: `"OK"`, `null`.
    """
    if isinstance(body, list):
        return RunResult(data=_shallow(body), log_id=None)
    answer = record_of(body)
    log_id = (text_at(answer, "log_id") or "")[:200] or None
    data = _shallow(answer.get("data") if "data" in answer else answer)
    if answer.get("successful") is False or answer.get("success") is False:
        complaint = read_complaint(answer)
        return RunResult(data=data, log_id=log_id, error=complaint.message or "It gave no reason.")
    return RunResult(data=data, log_id=log_id)


def _shallow(data: Any) -> Any:
    if not is_deeper(data, DEEPEST):
        return data
    try:
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:
        return "(The result is nested too deeply to be shown.)"


def _workspace(record: Any) -> Workspace | None:
    if not isinstance(record, dict):
        return None
    inner = object_at(record, "workspace")
    if inner is not None:
        return Workspace(text_at(inner, "id", "workspace_id"), text_at(inner, "name"))
    found = text_at(record, "workspace_id", "id")
    return Workspace(found, text_at(record, "workspace_name", "name")) if found else None


def _namespace(name: str, entry: Record) -> Namespace:
    return Namespace(
        name=name,
        title=text_at(entry, "displayName", "display_name") or name,
        connected_account_id=text_at(entry, "connected_account_id"),
        server_id=text_at(entry, "server_id"),
        recovery=entry.get("recovery") is True,
        account=text_at(entry, "account_label"),
    )


def _tool_name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    function = object_at(item, "function") or {}
    return text_at(item, "name") or text_at(function, "name") or text_at(item, "id")


def _tool(item: Any) -> UpstreamTool | str:
    """The tool, or the reason why it cannot be offered."""
    name = _tool_name(item)
    if name is None:
        return "it has no name"
    function = object_at(item, "function") or {}
    schema = _schema(first(item, "inputSchema", "input_schema", "parameters") or function.get("parameters"))
    if isinstance(schema, str):
        return schema
    hints = object_at(item, "annotations") or {}
    return UpstreamTool(
        name=name,
        title=text_at(item, "title") or text_at(hints, "title"),
        description=text_at(item, "description") or text_at(function, "description") or "",
        schema_json=compact(schema),
        declared=_declared(item),
        read_only=flag_at(hints, "readOnlyHint"),
        destructive=flag_at(hints, "destructiveHint"),
        idempotent=flag_at(hints, "idempotentHint"),
        open_world=flag_at(hints, "openWorldHint"),
    )


def _schema(schema: Any) -> Record | str:
    """The schema with an object at its root, mended where that is safe, or the reason why it cannot be."""
    if not isinstance(schema, dict):
        return OBJECT_SCHEMA
    if is_deeper(schema, DEEPEST):
        return f"its schema is nested more than {DEEPEST} deep"
    root = schema.get("type")
    if root is None or (isinstance(root, list) and "object" in root):
        schema = {**schema, "type": "object"}
    elif root != "object":
        return f"its arguments are not an object but {json.dumps(root)[:40]}"
    return schema if all(_is_sound(*member) for member in schema.items()) else _mended(schema)


def _is_sound(keyword: str, value: Any) -> bool:
    """Whether MCP clients take this member of a root schema: one that they do not take hides all tools."""
    if keyword == "properties":
        return isinstance(value, dict) and all(isinstance(schema, (dict, bool)) for schema in value.values())
    if keyword == "required":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    return keyword != "$schema" or isinstance(value, str)


def _mended(schema: Record) -> Record:
    """The schema without what cannot be read; where that is one property, the others stay."""
    mended = {keyword: value for keyword, value in schema.items() if _is_sound(keyword, value)}
    properties = object_at(schema, "properties") or {}
    readable = {name: inner for name, inner in properties.items() if isinstance(inner, (dict, bool))}
    return {**mended, "properties": readable}


def _declared(item: Record) -> Permissions | None:
    """The permission that Uru declares, assumed to stand in `permission` or `permissions`.

    A name that is not one of Uru's three cannot be classified, and so needs everything.
    """
    if first(item, "permission", "permissions") is None:
        return None
    known, unknown = parse_permissions(names_at(item, "permission", "permissions") or [])
    return EVERYTHING if unknown or not known else known
