"""Parses the key's own record, `GET /keys/self`. The endpoint is assumed: many shapes are accepted, none is required.

`access/permission_evidence.py` and `access/identity.py` decide what the record means for the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.permissions import NOTHING, Permissions
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, first, moment_at, object_at, record_of, text_at
from uru_mcp.untrusted_input.permission_parsing import read_names, told_by
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.namespaces_and_tools import Workspace, read_workspace

ENVELOPES = ("data", "result", "response")
KEYS = ("key", "api_key", "apiKey")
PERMISSIONS = ("permissions", "scopes", "scope", "access")
UNKNOWN_SHOWN, UNKNOWN_CHARS = 10, 40
DEEPEST_ENVELOPE = 3
MOST_REQUESTS = 10**12  # more is no count


class Requests(NamedTuple):
    """How many requests Uru has counted with the key: since it was made, and in the last 24 hours."""

    total: int | None
    last_day: int | None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What Uru reports about the key, with only its `last4`. `permissions` is None if Uru does not report them."""

    name: str | None
    last4: str | None
    status: str | None
    created_at: datetime | None
    expires_at: datetime | None
    workspace: Workspace | None
    permissions: Permissions | None
    unknown_permissions: tuple[str, ...] = ()
    requests: Requests | None = field(default=None, compare=False)  # each look changes it, and nothing else with it


def read_key_record(body: Any) -> KeyRecord:
    """Read the record, also in an envelope, in a list of one, or without the object `key`.

    `{"key": {"name", "last4", "status", "created_at", "expires_at"}, "workspace": {"id", "name"}, "permissions": []}`

    Raises:
        UnexpectedShape: It is not an object, or contains nothing about a key.
    """
    record = _unwrapped(record_of(body))
    key = next((found for name in KEYS if (found := object_at(record, name)) is not None), record)
    permissions, unknown = _permissions(key, record)
    read = KeyRecord(
        name=quoted(text_at(key, "name") or "", limits.TITLE) or None,
        last4=quoted(text_at(key, "last4", "last_4", "lastFour", "last_four") or "")[-4:] or None,
        status=text_at(key, "status", "state"),
        created_at=moment_at(key, "created_at", "createdAt"),
        expires_at=moment_at(key, "expires_at", "expiresAt"),
        workspace=read_workspace(record) or read_workspace(key),
        permissions=permissions,
        unknown_permissions=tuple(quoted(name, UNKNOWN_CHARS) for name in unknown[:UNKNOWN_SHOWN]),
        requests=_requests(object_at(record, "usage") or object_at(key, "usage") or {}),
    )
    if permissions is None and not unknown and (read.workspace, read.last4, read.created_at) == (None, None, None):
        raise UnexpectedShape("an object that is no record of a key")
    return read


def _requests(usage: Record) -> Requests | None:
    """`{"requests_total": 1234, "requests_24h": 10}`"""
    total = _count(first(usage, "requests_total", "requestsTotal", "total_requests", "totalRequests"))
    last_day = _count(first(usage, "requests_24h", "requests24h", "requests_last_24h"))
    return None if total is None and last_day is None else Requests(total, last_day)


def _count(found: Any) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MOST_REQUESTS else None


def _unwrapped(record: Record) -> Record:
    for _ in range(DEEPEST_ENVELOPE):
        inner = next((found for name in ENVELOPES if (found := object_at(record, name)) is not None), None)
        if inner is None or any(name in record for name in (*KEYS, *PERMISSIONS)):
            break
        record = inner
    return record


def _permissions(key: Record, record: Record) -> tuple[Permissions | None, tuple[str, ...]]:
    """The key's permissions according to Uru, and unknown names; None if no name is a permission."""
    stated = list(_stated(key, record))
    unknown = tuple(dict.fromkeys(name for one in stated for name in read_names(one).unknown))
    understood = [told for one in stated if one and (told := told_by(one)) is not None]
    if understood:
        return understood[0], unknown
    return (NOTHING if [] in stated and not unknown else None), unknown


def _stated(key: Record, record: Record) -> Iterator[Any]:
    """All fields that may contain permissions, the likeliest first."""
    for one in (record, key):
        yield from (one[name] for name in PERMISSIONS if one.get(name) is not None)
    for one in (record, key):
        yield {name: value for name, value in one.items() if name.startswith("can") and isinstance(value, bool)}
