"""Builds and parses resource URIs, `uru://…`.

An id may be any text that Uru sends. It is percent-encoded in a URI, and is only ever passed on as a value.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from uru_mcp.errors import ArgumentError
from uru_mcp.messages import record_messages
from uru_mcp.untrusted_input.quoting import quoted

SCHEME = "uru://"

WORKSPACE = "workspace"
KEY = "key"
NAMESPACES = "namespaces"

FORM = re.compile(r"uru://([a-z]+)(?:/([^/?#]*)(?:/runs/([^/?#]*))?)?")


class ResourceUri(NamedTuple):
    """A resource URI. `collection` is its first part, such as `contexts`; `id` and `run_id` are as Uru sent them."""

    collection: str
    id: str | None = None
    run_id: str | None = None

    @property
    def uri(self) -> str:
        parts = [self.collection]
        if self.id is not None:
            parts.append(quote(self.id, safe=""))
        if self.run_id is not None:
            parts += ["runs", quote(self.run_id, safe="")]
        return SCHEME + "/".join(parts)


def parse_uri(uri: str) -> ResourceUri:
    """Parse a URI.

    Raises:
        ArgumentError: It is not one of ours (`not_found`), or an id in it is empty, `.`, `..`, or contains a control
        character or invalid UTF-8.
    """
    match = FORM.fullmatch(uri)
    if match is None:
        raise no_such_resource(uri)
    collection, *ids = match.groups()
    try:
        own, run = (None if part is None else unquote(part, errors="strict") for part in ids)
    except UnicodeDecodeError:
        own, run = "", None
    for part in (own, run):
        if part is not None and not _is_id(part):
            raise ArgumentError(
                record_messages.NOT_AN_ADDRESS.format(uri=quoted(uri, 200)),
                fix=record_messages.TAKE_THE_URI,
            )
    return ResourceUri(collection, own, run)


def no_such_resource(uri: str) -> ArgumentError:
    return ArgumentError(
        record_messages.NO_SUCH_RESOURCE.format(uri=quoted(uri, 200)),
        fix=record_messages.FIND_EXACT_URI,
        code="not_found",
    )


def _is_id(text: str) -> bool:
    return text not in ("", ".", "..") and not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)
