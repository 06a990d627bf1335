"""Parses namespaces and tools from Uru's JSON: accepts every field name seen so far; pure.

Only this module, `key_record.py`, `run_results.py`, `records.py`, `catalog_version.py` and `error_body.py` know field
names of the API; `catalog/cache_format.py` writes the same format. It opens no connection and decides nothing about
permissions: `access/policy.py` decides what a tool needs.

Source: Uru's user guides and the public Node client. Readers of assumed formats say so.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.messages import report_messages
from uru_mcp.permissions import EVERYTHING, Permissions
from uru_mcp.untrusted_input.json_fields import (
    Record,
    compact,
    envelopes_of,
    first,
    flag_at,
    is_deeper,
    list_at,
    object_at,
    parsed_text,
    text_at,
)
from uru_mcp.untrusted_input.permission_parsing import at_least_part_of, read_names
from uru_mcp.untrusted_input.quoting import quoted

OBJECT_SCHEMA: dict[str, Any] = {"type": "object"}

# Possible field names of a name, title, schema and permission. Source: MCP, OpenAI, Composio and the Node client.
NAMESPACE_NAMES = ("name", "namespace", "slug", "app", "app_name", "appName", "key", "id")
TOOL_NAMES = ("name", "slug", "tool_name", "toolName", "tool_slug", "toolSlug", "key", "id")
TITLES = ("title", "displayName", "display_name", "label")
SCHEMAS = (
    *("inputSchema", "input_schema", "parameters", "inputParameters", "input_parameters"),
    *("argsSchema", "args_schema", "schema"),
)
NEEDS = (
    *("permission", "permissions", "requiredPermission", "required_permission"),
    *("requiredPermissions", "required_permissions"),
)
DEEPEST = 64  # levels of nesting that every client and serializer accepts
TOO_DEEP = report_messages.SCHEMA_TOO_DEEP.format(deepest=DEEPEST)


class Workspace(NamedTuple):
    id: str | None
    name: str | None


class Namespace(NamedTuple):
    """A group of tools. `name` is the identifier, which is sent back to Uru unchanged; other names are for people."""

    name: str
    title: str
    connected_account_id: str | None = None
    server_id: str | None = None
    recovery: bool = False
    account: str | None = None


class UpstreamTool(NamedTuple):
    """A tool as Uru lists it. `declared` and `read_only` are None if Uru does not state them.

    The schema of its arguments is kept as JSON, which takes a fifth of the memory; there may be very many tools.
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


class LeftOut(NamedTuple):
    """A tool that cannot be offered, and the reason as text for the user."""

    namespace: str
    name: str
    reason: str


def read_namespaces(body: Any) -> tuple[Namespace, ...]:
    """Read `GET /namespaces`: `{"namespaces": [{"name": "platform"}, …]}`, or the bare list.

    Raises:
        UnexpectedShape: There is no list.
    """
    found: dict[str, Namespace] = {}
    for item in _entries(body):
        entry = item if isinstance(item, dict) else {"name": item}
        name = _identifier(entry, *NAMESPACE_NAMES)
        if name:
            found.setdefault(name, _namespace(name, entry))
    return tuple(found.values())


def read_tools(namespace: str, body: Any) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
    """Read `GET /list/apps/{namespace}/tools`. Tools are read independently, so an invalid one does not affect others.

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
            left_out.append(LeftOut(namespace, tool.name, report_messages.SAME_NAME))
        else:
            tools[tool.name] = tool
    return tuple(tools.values()), tuple(left_out)


def read_workspace(record: Record) -> Workspace | None:
    """The workspace that an object names: `{"workspace": {"id", "name"}}`, or its id and name flat."""
    inner = first(record, "workspace", "currentWorkspace", "current_workspace")
    if isinstance(inner, dict):
        own = text_at(inner, "id", "workspace_id", "workspaceId", "uuid")
        return Workspace(own, _label(text_at(inner, "name", "title")))
    found = text_at(record, "workspace_id", "workspaceId") or text_at(record, "workspace")
    return Workspace(found, _label(text_at(record, "workspace_name", "workspaceName"))) if found else None


def _label(name: str | None) -> str | None:
    """A display name, on one line and of bounded length."""
    return (name and quoted(name, limits.TITLE)) or None


def _entries(body: Any) -> list[Any]:
    """The namespaces as a list, even if they are an object keyed by name. Raises: UnexpectedShape."""
    for envelope in envelopes_of(body):
        by_name = object_at(envelope, "namespaces") or object_at(envelope, "apps") or {}
        if by_name and all(isinstance(entry, dict) for entry in by_name.values()):
            return [{**entry, "name": name} for name, entry in by_name.items()]
    return list_at(body, "namespaces")


def _identifier(entry: Record, *names: str) -> str | None:
    """The identifier of a namespace or tool; if it also has a slug, a name with blanks is a title."""
    name, slug = text_at(entry, *names), text_at(entry, "slug", "tool_slug", "toolSlug")
    return slug if slug is not None and name is not None and " " in name else name


def _namespace(name: str, entry: Record) -> Namespace:
    return Namespace(
        name=name,
        title=text_at(entry, "displayName", "display_name", "title", "label", "name") or name,
        connected_account_id=text_at(entry, "connected_account_id", "connectedAccountId"),
        server_id=text_at(entry, "server_id", "serverId"),
        recovery=entry.get("recovery") is True,
        account=text_at(entry, "account_label"),
    )


def _tool_name(item: Any) -> str | None:
    if isinstance(item, str):
        return item.strip() or None
    if not isinstance(item, dict):
        return None
    function = object_at(item, "function") or {}
    return _identifier(item, "name") or text_at(function, "name") or _identifier(item, *TOOL_NAMES)


def _tool(item: Any) -> UpstreamTool | str:
    """The tool, or the reason why it cannot be offered."""
    name = _tool_name(item)
    if name is None:
        return report_messages.HAS_NO_NAME
    record = item if isinstance(item, dict) else {}
    function = object_at(record, "function") or {}
    schema = _schema(_first_schema(record) or _first_schema(function))
    if isinstance(schema, str):
        return schema
    schema_json = _json_of(schema)
    if schema_json is None:
        return TOO_DEEP
    hints = object_at(record, "annotations") or {}
    return UpstreamTool(
        name=name,
        title=text_at(record, *TITLES) or text_at(hints, "title") or _title(record, name),
        description=text_at(record, "description") or text_at(function, "description") or "",
        schema_json=schema_json,
        declared=_declared(record),
        read_only=_hint(hints, "readOnlyHint", "read_only_hint"),
        destructive=_hint(hints, "destructiveHint", "destructive_hint"),
        idempotent=_hint(hints, "idempotentHint", "idempotent_hint"),
        open_world=_hint(hints, "openWorldHint", "open_world_hint"),
    )


def _title(record: Record, identifier: str) -> str | None:
    """The `name`, if it is not the identifier."""
    name = text_at(record, "name")
    return name if name != identifier else None


def _first_schema(record: Record) -> Record | None:
    """The schema under any of its names, also as JSON in a string."""
    for name in SCHEMAS:
        found = record.get(name)
        if isinstance(found, str) and found.lstrip()[:1] == "{":
            found = parsed_text(found)
        if isinstance(found, dict) and found:
            return found
    return None


def _hint(hints: Record, *names: str) -> bool | None:
    for name in names if hints else ():
        if (flag := flag_at(hints, name)) is not None:
            return flag
    return None


def _schema(schema: Any) -> Record | str:
    """The schema with an object at its root, repaired if that is safe, or the reason why it cannot be used."""
    if not isinstance(schema, dict):
        return OBJECT_SCHEMA
    root = schema.get("type")
    if root is None or (isinstance(root, list) and "object" in root):
        schema = {**schema, "type": "object"}
    elif root != "object":
        if is_deeper(root, DEEPEST):
            return TOO_DEEP
        return report_messages.ARGUMENTS_ARE_NO_OBJECT.format(root=quoted(json.dumps(root), 40))
    return schema if all(_is_sound(*member) for member in schema.items()) else _mended(schema)


def _json_of(schema: Record) -> str | None:
    """The schema as JSON; None if it is too deep. Its depth is measured only if it has enough brackets."""
    try:
        text = compact(schema)
    except RecursionError:
        return None
    is_deep = text.count("{") + text.count("[") > DEEPEST and is_deeper(schema, DEEPEST)
    return None if is_deep else text


def _is_sound(keyword: str, value: Any) -> bool:
    """Whether MCP clients accept this member of a root schema; one that they reject hides all tools."""
    if keyword == "properties":
        return isinstance(value, dict) and all(isinstance(schema, (dict, bool)) for schema in value.values())
    if keyword == "required":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    return keyword != "$schema" or isinstance(value, str)


def _mended(schema: Record) -> Record:
    """The schema without the parts that cannot be read; an unreadable property does not affect the others."""
    mended = {keyword: value for keyword, value in schema.items() if _is_sound(keyword, value)}
    properties = object_at(schema, "properties") or {}
    readable = {name: inner for name, inner in properties.items() if isinstance(inner, (dict, bool))}
    return {**mended, "properties": readable}


def _declared(item: Record) -> Permissions | None:
    """The permissions that Uru declares, assumed to be in a field of `NEEDS`; a partial one counts as the whole.

    An unknown permission name cannot be classified, so the tool needs every permission.
    """
    stated = first(item, *NEEDS)
    if stated is None:
        return None
    named = read_names(stated)
    parts = [at_least_part_of(name) for name in named.unknown]
    known = [part for part in parts if part is not None]
    needed = named.granted.union(*known)
    return needed if needed and len(known) == len(parts) else EVERYTHING
