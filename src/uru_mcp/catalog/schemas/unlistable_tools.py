"""Finds tools that clients would reject in a list, and why. They can still be called through the dispatch tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from uru_mcp.catalog.schemas.client_compatibility import fit, refused_names
from uru_mcp.messages import report_messages

REASON = report_messages.NAMES_ARE_REFUSED
NAMES_TOLD = 3
NAME_CHARS = 80

_ALLOWED = r'[a-zA-Z0-9_.-]{1,64}"\s*:|\$(?:ref|schema|id|anchor|comment)"\s*:\s*"'
MAY_BE_REFUSED = re.compile(rf'[{{,]\s*"(?!{_ALLOWED})(?:[^"\\]|\\.)*"\s*:')
"""A fast prefilter on JSON text, since few of very many schemas have such a name."""


def reasons_unlisted(tools: Iterable[tuple[str, str, str | None]]) -> dict[str, str]:
    """The reasons why tools are not listed, by id; each tool is given as its id, JSON schema and dispatch tool."""
    reasons = {name: _why(schema_json, dispatcher) for name, schema_json, dispatcher in tools}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _why(schema_json: str, dispatcher: str | None) -> str | None:
    """Why a tool with this schema is not listed; None if it is. A tool without a dispatch tool is always listed."""
    if dispatcher is None or MAY_BE_REFUSED.search(schema_json) is None:
        return None
    if next(refused_names(json.loads(schema_json)), None) is None:
        return None
    names = fit(schema_json).refused_names
    if not names:
        return None
    told = ", ".join(json.dumps(name[:NAME_CHARS], ensure_ascii=False) for name in names[:NAMES_TOLD])
    return report_messages.REFUSED_BUT_RUN.format(reason=REASON, told=told, dispatcher=dispatcher)
