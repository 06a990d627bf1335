"""What a change would do to a configuration, for a person to read, with no secret in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from uru_mcp.clients.document import Document
from uru_mcp.clients.entry import KEY
from uru_mcp.clients.syntax import Member
from uru_mcp.key import Key
from uru_mcp.redaction import Redaction

WITH_SECRETS = ("env", "headers")  # of a server
MASK = "…"


def difference(path: Path, before: Document | None, after: Document | None) -> str:
    """The lines that come and go, without their neighbours, which are nobody's business; None is no file."""
    was, will_be = (str(path) if one is not None else "no file" for one in (before, after))
    lines = unified_diff(_lines(before), _lines(after), was, will_be, n=0, lineterm="")
    return Redaction().text("\n".join(lines))


def _lines(document: Document | None) -> list[str]:
    if document is None:
        return []
    text, shown, at = document.text, "", 0
    for member in _secrets(document):
        shown += text[at : member.node.start] + json.dumps(_masked(member), ensure_ascii=False)
        at = member.node.end
    return (shown + text[at:]).splitlines()


def _secrets(document: Document) -> Iterator[Member]:
    for server in document.servers.members if document.servers is not None else ():
        for part in server.node.members:
            if part.name in WITH_SECRETS:
                yield from part.node.members


def _masked(member: Member) -> object:
    value = member.node.value
    if member.name != KEY[0]:
        return value if member.name.startswith("URU_") else MASK
    try:
        return f"uru_…{Key(value).last4}"
    except (TypeError, ValueError):
        return value if value == KEY[1] else MASK
