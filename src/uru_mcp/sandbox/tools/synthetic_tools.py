"""Generates any number of synthetic tools, with names, descriptions and schemas as varied as real ones.

They are generated when their namespace is first used, so that forty thousand cost nothing at the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

from .recorded_tools import answer_recorded
from .registry import Definition, Namespace, Tool

NAMESPACES = 12

_VERBS = {
    "LIST": ("Lists {0}, newest first.", "read"),
    "GET": ("Gets one of the {0} by its id.", "read"),
    "SEARCH": ("Searches {0} by words, owner and date. Use it when the id is not known.", "read"),
    "COUNT": ("Counts {0} per status.", "read"),
    "EXPORT": ("Exports {0} as a table. Large exports take a while; narrow the dates when in doubt.", "read"),
    "CREATE": ("Creates one of the {0}.", "add"),
    "DUPLICATE": ("Copies one of the {0} under a new name.", "add"),
    "COMMENT_ON": ("Adds a comment to one of the {0}; people who follow it are told.", "add"),
    "UPDATE": ("Changes fields of one of the {0}. Fields that are left out stay as they are.", "change"),
    "ASSIGN": ("Makes somebody the owner of one of the {0}.", "change"),
    "TAG": ("Puts tags on {0}, several at once.", "change"),
    "MOVE": ("Moves {0} to another folder.", "change"),
    "SHARE": ("Shares one of the {0} with people outside the team. They get a mail.", "change"),
    "ARCHIVE": ("Archives {0}. They can be brought back.", "change"),
    "MERGE": ("Merges two of the {0}; the second is gone afterwards.", "remove"),
    "DELETE": ("Deletes one of the {0} for good.", "remove"),
}
_WHICH = ("", "OPEN_", "OVERDUE_", "SHARED_", "ARCHIVED_", "DRAFT_", "RECURRING_", "EXTERNAL_", "FLAGGED_")
_THINGS = (
    "ACCOUNTS", "ALERTS", "ASSETS", "BOARDS", "CAMPAIGNS", "CASES", "CONTACTS", "CONTRACTS", "DASHBOARDS",
    "DEALS", "DOCUMENTS", "EXPENSES", "FORMS", "INVOICES", "LEADS", "MILESTONES", "ORDERS", "PAYMENTS",
    "PROJECTS", "QUOTES", "SHIPMENTS", "SUBSCRIPTIONS", "TASKS", "TICKETS",
)  # fmt: skip

_ID = {"id": {"type": "string", "description": "Id, as a list or a search gives it"}}
_PAGE = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50, "description": "Page size"},
    "cursor": {"type": "string", "description": "Where the page before ended"},
}
_FILTER = {
    "query": {"type": "string", "description": "Words, all of which must occur"},
    "owner": {"type": "string", "format": "email", "description": "Address of the owner"},
    "since": {"type": "string", "format": "date", "examples": ["2026-01-31"], "description": "First day"},
    "status": {"type": "array", "items": {"enum": ["open", "waiting", "closed"]}, "description": "Any of these"},
}
_FIELDS = {
    "title": {"type": "string", "minLength": 1, "description": "Title"},
    "priority": {"enum": ["low", "normal", "high"], "default": "normal", "description": "How urgent it is"},
    "due": {"type": ["string", "null"], "format": "date", "description": "Due date; null for none"},
    "custom_fields": {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
        "description": "The team's own fields, by name",
    },
}
_TARGET = {"ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 100}}
_SHAPES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "LIST": (_PAGE, []),
    "GET": (_ID, ["id"]),
    "SEARCH": ({**_FILTER, **_PAGE}, ["query"]),
    "COUNT": (_FILTER, []),
    "EXPORT": ({**_FILTER, "format": {"enum": ["csv", "xlsx", "json"], "default": "csv"}}, []),
    "CREATE": (_FIELDS, ["title"]),
    "DUPLICATE": ({**_ID, "title": _FIELDS["title"]}, ["id"]),
    "COMMENT_ON": ({**_ID, "text": {"type": "string", "minLength": 1}, "mentions": _TARGET["ids"]}, ["id", "text"]),
    "UPDATE": ({**_ID, **_FIELDS}, ["id"]),
    "ASSIGN": ({**_ID, "owner": _FILTER["owner"]}, ["id", "owner"]),
    "TAG": ({**_TARGET, "tags": {"type": "array", "items": {"type": "string"}}}, ["ids", "tags"]),
    "MOVE": ({**_TARGET, "folder_id": {"type": "string"}}, ["ids", "folder_id"]),
    "SHARE": ({**_ID, "people": {"type": "array", "items": {"type": "string"}}, "note": {"type": "string"}}, ["id"]),
    "ARCHIVE": (_TARGET, ["ids"]),
    "MERGE": ({"keep_id": {"type": "string"}, "drop_id": {"type": "string"}}, ["keep_id", "drop_id"]),
    "DELETE": ({**_ID, "notify": {"type": "boolean", "default": False}}, ["id"]),
}
_HINTS = {
    "read": {"readOnlyHint": True},
    "add": {"readOnlyHint": False, "destructiveHint": False},
    "change": {"readOnlyHint": False, "destructiveHint": True},
    "remove": {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False},
}


class Synthetic:
    """A namespace with the synthetic tools of these numbers."""

    def __init__(self, number: int, numbers: range) -> None:
        name = f"synthetic_{number:02}"
        self.record: Mapping[str, Any] = {
            "name": name,
            "displayName": f"Synthetic {number}",
            "account_label": f"account {number}",
            "connected_account_id": f"ca_{name}",
            "server_id": "srv_synthetic",
            "connection_status": "ACTIVE",
        }
        self._range = numbers

    def find(self, name: str) -> Tool | None:
        number = self._numbers.get(name)
        return None if number is None else Tool(name, (_definition(number),), answer_recorded)

    def definitions(self) -> Iterable[Definition]:
        return map(_definition, self._range)

    def listing(self) -> bytes:
        return self._listing

    @cached_property
    def _listing(self) -> bytes:
        return json.dumps(list(self.definitions())).encode()

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {_name(number): number for number in self._range}


def synthetic_namespaces(count: int) -> list[Namespace]:
    """`count` tools, spread evenly over up to twelve namespaces."""
    borders = [count * number // NAMESPACES for number in range(NAMESPACES + 1)]
    shares = [range(first, end) for first, end in pairwise(borders) if end > first]
    return [Synthetic(number, share) for number, share in enumerate(shares, 1)]


def _parts(number: int) -> tuple[str, str, str, int]:
    number, verb = divmod(number, len(_VERBS))
    number, thing = divmod(number, len(_THINGS))
    number, which = divmod(number, len(_WHICH))
    return list(_VERBS)[verb], _WHICH[which], _THINGS[thing], number


def _name(number: int) -> str:
    verb, which, thing, edition = _parts(number)
    return f"{verb}_{which}{thing}" + (f"_V{edition + 1}" if edition else "")


def _definition(number: int) -> Definition:
    verb, which, thing, _edition = _parts(number)
    description, effect = _VERBS[verb]
    properties, required = _SHAPES[verb]
    return {
        "name": _name(number),
        "description": description.format(f"{which}{thing}".lower().replace("_", " ")),
        "inputSchema": {"type": "object", "properties": properties, "required": required},
        "annotations": _HINTS[effect],
    }
