"""Differences in how the key's record spells its permissions and its workspace.

The record always has the key's true permissions. If a spelling cannot express a set, the described list is used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ..permissions import PERMISSIONS, in_order
from .difference import Around, at, changing, family, without
from .key_record import PATH

RESOURCES = {"read": "resources:read", "write": "resources:write", "execute": "tools:execute"}
LEVELS = {("read",): "read_only", ("read", "write"): "read_write", PERMISSIONS: "full_access"}

Record = dict[str, Any]


def _record(change: Callable[[Record], Any]) -> Around:
    return changing(at(PATH), lambda record: change(record) if isinstance(record, dict) else record)


def _spelt(spell: Callable[[list[str]], Any], name: str = "permissions") -> Around:
    """The record with its permissions converted by `spell`, in the field `name`."""

    def change(record: Record) -> Record:
        return {**without(record, "permissions"), name: spell(_listed(record))}

    return _record(change)


def _listed(record: Record) -> list[str]:
    found = record.get("permissions")
    return in_order(found) if isinstance(found, list) else []


def _key(record: Record) -> Record:
    found = record.get("key")
    return found if isinstance(found, dict) else {}


def _flags(names: Collection[str], spell: Callable[[str], str] = str, yes: Any = True, no: Any = False) -> Record:
    return {spell(name): yes if name in names else no for name in PERMISSIONS}


def _flags_at_top(record: Record) -> Record:
    return {**without(record, "permissions"), **_flags(_listed(record), lambda name: f"can_{name}")}


def _level(names: list[str]) -> Any:
    return LEVELS.get(tuple(names), names)


def _level_in_list(names: list[str]) -> list[str]:
    if {"read", "write"} <= {*names}:
        return ["read_write", *names[2:]]
    return ["read_only"] if names == ["read"] else names


def _by_area(names: list[str]) -> Record:
    return {"resources": [name for name in names if name != "execute"], "tools": [n for n in names if n == "execute"]}


def _granted(names: list[str]) -> list[Record]:
    return [{"name": name, "granted": name in names} for name in PERMISSIONS]


def _under(field: str) -> Around:
    """The permissions nested in an object of the record."""

    def change(record: Record) -> Record:
        part = {**_key(record), "permissions": _listed(record)}
        return {**without(record, "permissions", "key"), field: part}

    return _record(change)


def _flat_workspace(field: str) -> Around:
    def change(record: Record) -> Record:
        workspace = record.get("workspace") or {}
        return {**without(record, "workspace"), field: workspace.get("id")}

    return _record(change)


def _key_field(**fields: Any) -> Around:
    return _record(lambda record: {**record, "key": {**_key(record), **fields}})


SPELLINGS = family(
    "permission format",
    [
        ("permissions-object", 'Permissions are an object of booleans: {"read": true, …}.', _spelt(_flags)),
        (
            "permissions-object-text",
            'Permissions are an object of texts: {"read": "true", "write": "false", …}.',
            _spelt(lambda names: _flags(names, yes="true", no="false")),
        ),
        (
            "permissions-object-number",
            'Permissions are an object of numbers: {"read": 1, "write": 0, …}.',
            _spelt(lambda names: _flags(names, yes=1, no=0)),
        ),
        (
            "permissions-can-snake",
            'Permissions are an object of booleans: {"can_read": true, …}.',
            _spelt(lambda names: _flags(names, lambda name: f"can_{name}")),
        ),
        (
            "permissions-can-camel",
            'Permissions are an object of booleans: {"canRead": true, …}.',
            _spelt(lambda names: _flags(names, lambda name: f"can{name.title()}")),
        ),
        ("permissions-flags-at-top", "can_read, can_write and can_execute stand at the top.", _record(_flags_at_top)),
        ("permissions-scopes", "Permissions are a list under scopes.", _spelt(list, "scopes")),
        ("permissions-scope-text", "Permissions are a text with blanks under scope.", _spelt(" ".join, "scope")),
        ("permissions-scopes-text", "Permissions are a text with blanks under scopes.", _spelt(" ".join, "scopes")),
        ("permissions-comma-text", "Permissions are a text with commas.", _spelt(", ".join)),
        (
            "permissions-upper-case",
            "Permissions are in upper case.",
            _spelt(lambda names: [name.upper() for name in names]),
        ),
        (
            "permissions-resource-names",
            "Permissions are resources:read, resources:write and tools:execute.",
            _spelt(lambda names: [RESOURCES[name] for name in names]),
        ),
        (
            "permissions-level",
            "Permissions are read_only, read_write or full_access; for other sets, a list.",
            _spelt(_level),
        ),
        (
            "permissions-level-in-list",
            "Permissions are a list with read_only, or with read_write for read and write; otherwise plain names.",
            _spelt(_level_in_list),
        ),
        (
            "permissions-objects",
            'Permissions are a list of objects: [{"name": "read"}].',
            _spelt(lambda names: [{"name": name} for name in names]),
        ),
        (
            "permissions-objects-granted",
            'Permissions are a list of objects: [{"name": "read", "granted": true}, …], also of those not granted.',
            _spelt(_granted),
        ),
        ("permissions-by-area", 'Permissions are {"resources": ["read", …], "tools": ["execute"]}.', _spelt(_by_area)),
    ],
)
PLACES = family(
    "key record layout",
    [
        ("permissions-in-key", "Permissions stand within key.", _under("key")),
        ("permissions-in-api-key", "The key, with its permissions, stands under api_key.", _under("api_key")),
        ("permissions-in-api-key-camel", "The key, with its permissions, stands under apiKey.", _under("apiKey")),
        ("record-workspace-snake", "The key's record has workspace_id alone.", _flat_workspace("workspace_id")),
        ("record-workspace-camel", "The key's record has workspaceId alone.", _flat_workspace("workspaceId")),
        ("record-workspace-text", "The workspace of the key's record is its id.", _flat_workspace("workspace")),
        (
            "record-no-workspace",
            "The key's record names no workspace.",
            _record(lambda record: without(record, "workspace")),
        ),
        (
            "record-bare",
            "The key's record has permissions alone.",
            _record(lambda record: {"permissions": _listed(record)}),
        ),
        ("record-status-upper-case", "The status in the key's record is ACTIVE.", _key_field(status="ACTIVE")),
        ("record-status-enabled", "The status in the key's record is enabled.", _key_field(status="enabled")),
        (
            "record-camel",
            "The fields of the key are in camel case.",
            _record(lambda record: {**record, "key": {_camel(name): one for name, one in _key(record).items()}}),
        ),
        ("record-in-data", "The key's record stands under data.", _record(lambda record: {"data": record})),
        (
            "record-in-data-twice",
            "The key's record stands under data within data.",
            _record(lambda record: {"data": {"data": record}}),
        ),
    ],
)
DIFFERENCES = [*SPELLINGS, *PLACES]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
