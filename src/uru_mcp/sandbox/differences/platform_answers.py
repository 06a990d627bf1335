"""Differences in the results of `platform` tools: the place of lists, and the names of record fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.request_log import Request
from .difference import Around, Reply, Serve, family, renamed
from .platform_tools import platform_order

KINDS = {
    "context_query": "context",
    "prompt_query": "prompt",
    "persona_query": "persona",
    "automation_query": "automation",
}

Record = dict[str, Any]
Change = Callable[[str, Any], Any]  # of a kind, such as context, and the data of a query


def _data(change: Change) -> Around:
    """Change the data of successful queries."""

    def around(serve: Serve) -> Serve:
        async def changed(request: Request) -> Reply:
            reply = await serve(request)
            kind = KINDS.get((platform_order(request) or {}).get("tool_name", ""))
            if kind is None or not reply.is_good or not isinstance(reply.json["data"], dict):
                return reply
            return reply.with_json({**reply.json, "data": change(kind, reply.json["data"])})

        return changed

    return around


def _lists(change: Callable[[str, list[Record], str | None], Any]) -> Around:
    def changed(kind: str, data: Any) -> Any:
        is_list = isinstance(data, dict) and "items" in data
        return change(kind, data["items"], data.get("next_cursor")) if is_list else data

    return _data(changed)


def _records(change: Callable[[str, Record], Any]) -> Around:
    def changed(kind: str, data: Any) -> Any:
        return data if not isinstance(data, dict) or "items" in data else change(kind, data)

    return _data(changed)


def _names(**names: str) -> Around:
    """Other field names, in records and in list items."""

    def changed(_: str, data: Any) -> Any:
        if isinstance(data, dict) and "items" in data:
            return {**data, "items": [renamed(item, names) for item in data["items"]]}
        return renamed(data, names)

    return _data(changed)


def _in(name: str) -> Around:
    return _lists(lambda _, items, cursor: {name: items, "next_cursor": cursor})


DIFFERENCES = family(
    "platform answers",
    [
        ("records-underscore-id", "The id of a record is called _id.", _names(id="_id")),
        ("records-uuid", "The id of a record is called uuid.", _names(id="uuid")),
        ("records-name-for-title", "The title of a record is called name.", _names(title="name")),
        ("records-text-for-content", "The content of a record is called text.", _names(content="text")),
        (
            "records-camel",
            "updated_at and automation_id are updatedAt and automationId.",
            _names(
                updated_at="updatedAt", automation_id="automationId", started_at="startedAt", finished_at="finishedAt"
            ),
        ),
        (
            "records-wrapped",
            "A record stands under its kind, such as context.",
            _records(lambda kind, one: {kind: one}),
        ),
        ("records-in-list", "A record stands alone in a list.", _records(lambda _, one: [one])),
        (
            "platform-lists-bare",
            "Lists are bare, without a cursor for the next page.",
            _lists(lambda _, items, __: items),
        ),
        *(
            (f"platform-lists-in-{name}", f"Lists stand under {name}.", _in(name))
            for name in ("data", "results", "records")
        ),
        (
            "platform-lists-by-kind",
            "Lists stand under their kind, such as contexts.",
            _lists(lambda kind, items, cursor: {f"{kind}s": items, "next_cursor": cursor}),
        ),
        (
            "platform-cursor-camel",
            "The cursor of the next page is called nextCursor.",
            _lists(lambda _, items, cursor: {"items": items, "nextCursor": cursor}),
        ),
        (
            "platform-pagination",
            "The cursor of the next page stands under pagination.",
            _lists(
                lambda _, items, cursor: {
                    "items": items,
                    "pagination": {"next_cursor": cursor, "has_more": bool(cursor)},
                }
            ),
        ),
    ],
)
