"""How records stood when they were last read through us, so that no change of another person is overwritten unseen.

It keeps when Uru says that a record changed, and a digest of its texts, since times may be no finer than a second. It
asks Uru nothing.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uru_mcp import messages
from uru_mcp.errors import ArgumentError
from uru_mcp.untrusted_input.json_fields import Record, compact, text_at
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.records import Kind, address_of
from uru_mcp.uru.resource_uris import ResourceUri

AT_MOST = 1_000  # records that are remembered, those that were read last
REPLACED = ("content", "instructions", "nodes", "edges")
"""The fields that an update replaces as a whole. Source: the edit tools of `platform`, whose fields are assumed."""


@dataclass(frozen=True, slots=True)
class Revision:
    """When a record was changed last, and the digest of each of its texts that was there."""

    updated_at: str
    digests: Mapping[str, str]

    def differs_from(self, other: Revision) -> bool:
        both = self.digests.keys() & other.digests.keys()
        return self.updated_at != other.updated_at or any(self.digests[one] != other.digests[one] for one in both)


def revision_of(record: Record) -> Revision | None:
    """None where Uru does not tell when the record changed."""
    updated_at = text_at(record, "updated_at", "updatedAt")
    if updated_at is None:
        return None
    return Revision(updated_at, {name: _digest(record[name]) for name in REPLACED if name in record})


def _digest(value: Any) -> str:
    return hashlib.sha256(compact(value).encode(errors="replace")).hexdigest()


class Revisions:
    """The last known revision of each record, by address. What differs between workspaces has another id in each."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Revision] = OrderedDict()

    def note(self, kind: Kind, record: Record) -> None:
        """A record was read, or answered by an edit of ours; one that does not tell when it changed is forgotten."""
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
        """Raises: `ArgumentError` when the record is not as it was when it was last read."""
        known, now = self._known.get(address.uri), revision_of(record)
        if known is None or now is None or not known.differs_from(now):
            return
        uri = quoted(address.uri, 200)
        raise ArgumentError(
            messages.has_changed(kind.noun, uri, quoted(now.updated_at, 40)),
            fix=messages.read_again(uri),
            uri=address.uri,
        )
