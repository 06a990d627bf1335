"""Optimistic locking: remembers the revision of each record read, so that an edit cannot overwrite unseen changes.

A revision is the record's `updated_at` and a digest of its texts, since the time may only have second precision. It
sends no requests.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from uru_mcp.errors import ArgumentError
from uru_mcp.messages import record_messages
from uru_mcp.untrusted_input.json_fields import Record, compact, text_at
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.records import Kind, address_of
from uru_mcp.uru.resource_uris import ResourceUri

AT_MOST = 1_000  # records that are remembered; the least recently read are evicted
REPLACED = ("content", "instructions", "nodes", "edges")
"""The fields that an update replaces as a whole. Source: the edit tools of `platform`, whose fields are assumed."""


class Revision(NamedTuple):
    """When a record was last changed, and the digest of each of its texts."""

    updated_at: str
    digests: Mapping[str, str]

    def differs_from(self, other: Revision) -> bool:
        both = self.digests.keys() & other.digests.keys()
        return self.updated_at != other.updated_at or any(self.digests[one] != other.digests[one] for one in both)


def revision_of(record: Record) -> Revision | None:
    """The revision of a record; None if it has no `updated_at`."""
    updated_at = text_at(record, "updated_at", "updatedAt")
    if updated_at is None:
        return None
    return Revision(updated_at, {name: _digest(record[name]) for name in REPLACED if name in record})


def _digest(value: Any) -> str:
    return hashlib.sha256(compact(value).encode(errors="replace")).hexdigest()


class Revisions:
    """The last known revision of each record, by address. No address occurs in two workspaces."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Revision] = OrderedDict()

    def note(self, kind: Kind, record: Record) -> None:
        """Store the revision of a record that was read or returned by an edit; forget it if it has no `updated_at`."""
        address = address_of(kind, record)
        if address is None:
            return
        self._known.pop(address.uri, None)
        revision = revision_of(record)
        if revision is not None:
            self._known[address.uri] = revision
        while len(self._known) > AT_MOST:
            self._known.popitem(last=False)

    def forget(self, address: ResourceUri) -> None:
        self._known.pop(address.uri, None)

    def is_known(self, address: ResourceUri) -> bool:
        return address.uri in self._known

    def require_same(self, kind: Kind, address: ResourceUri, record: Record) -> None:
        """Raises: `ArgumentError` when the record has changed since it was last read."""
        known, now = self._known.get(address.uri), revision_of(record)
        if known is None or now is None or not known.differs_from(now):
            return
        uri = quoted(address.uri, 200)
        raise ArgumentError(
            record_messages.has_changed(kind.noun, uri, quoted(now.updated_at, 40)),
            fix=record_messages.read_again(uri),
            uri=address.uri,
        )
