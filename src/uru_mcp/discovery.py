"""What `uru_search_tools` answers: tools that fit a task, or an overview of what there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from uru_mcp.catalog import Catalog, Tool
from uru_mcp.gate import allows
from uru_mcp.key_status import Standing
from uru_mcp.names import shown_name
from uru_mcp.permissions import Grant, in_order
from uru_mcp.wire import LeftOut, Namespace
from uru_mcp.words import STOP_WORDS, words

LEFT_OUT_SHOWN = 50  # in the overview
LEFT_OUT_FOUND = 5  # beside hits
NAME_CHARS = 200  # of what is left out; a longer name is not shown, since a cut one could hold half a key


def search(catalog: Catalog, standing: Standing, arguments: dict[str, Any], *, budget: int) -> dict[str, Any]:
    """Hits, best first, or the overview when there is neither a query nor a filter.

    `arguments` fit `own_tools.SEARCH_SCHEMA`. `{"hits": [{"tool": …}], "total": 12, "next_offset": 8}`; the
    hits together take at most `budget` characters, and `next_offset` is null after the last. What was meant may be
    among what is left out, and then is told as in the overview.
    """
    query = arguments.get("query", "").strip()
    namespace, permission = arguments.get("namespace"), arguments.get("permission")
    if not query and namespace is None and permission is None:
        return overview(catalog, standing)
    found = catalog.index.search(query) if query else list(catalog.tools)
    if namespace is not None or permission is not None:
        found = [one for one in found if _fits(catalog.tools[one], namespace, permission)]
    offset, limit = int(arguments.get("offset", 0)), int(arguments.get("limit", 8))
    hits = _within(budget, [hit(catalog.tools[one], standing) for one in found[offset : offset + limit]])
    end = offset + len(hits)
    answer: dict[str, Any] = {"hits": hits, "total": len(found), "next_offset": end if end < len(found) else None}
    left_out = _left_out_like(query, namespace, catalog)
    if left_out:
        answer |= _told(left_out, LEFT_OUT_FOUND)
    if not found and not left_out:
        answer["hint"] = "Nothing fits. Try other words, or call without a query for the namespaces there are."
    elif not found:
        answer["hint"] = "Nothing that can be called fits; what is left out cannot be used with this key or any other."
    return answer


def overview(catalog: Catalog, standing: Standing) -> dict[str, Any]:
    """`{"namespaces": [{"namespace": "gmail_demo", "title": "Gmail", "tools": 6, "allowed": 6}], "left_out": []}`

    With very many left out, `left_out_more` is how many are not shown.
    """
    namespaces = [_summary(catalog, namespace, standing) for namespace in catalog.namespaces]
    return {"namespaces": namespaces, **_told(catalog.left_out, LEFT_OUT_SHOWN)}


def hit(tool: Tool, standing: Standing) -> dict[str, Any]:
    """A tool as a search shows it: with its input schema when it may be called."""
    found = {**offer(tool, standing), "description": tool.attributed}
    return {**found, "input_schema": tool.schema} if found["allowed"] else found


def offer(tool: Tool, standing: Standing) -> dict[str, Any]:
    """What it is and needs, and which tool of ours runs it, or what is missing for that."""
    allowed = allows(tool.needs, standing)
    found: dict[str, Any] = {
        "tool": tool.id,
        "title": tool.title,
        "namespace": tool.namespace.name,
        "needs": in_order(tool.needs),
        "allowed": allowed,
    }
    if allowed:
        return {**found, "call_with": tool.id if not tool.needs else tool.dispatcher or tool.id}
    return {**found, "missing": in_order(tool.needs - (standing.grant or Grant()).effective)}


def _summary(catalog: Catalog, namespace: Namespace, standing: Standing) -> dict[str, Any]:
    needs = catalog.needs_in(namespace)
    return {
        "namespace": namespace.name,
        "title": namespace.title,
        "tools": len(catalog.tools_of(namespace)),
        "allowed": sum(tools for needed, tools in needs.items() if allows(needed, standing)),
        **({"problem": failed.message} if (failed := catalog.failure_of(shown_name(namespace.name, ""))) else {}),
    }


def _left_out_like(query: str, namespace: str | None, catalog: Catalog) -> list[LeftOut]:
    """What is left out and has all telling words of the query in its name; none where only a permission is asked for.

    No score: a model that asks for one tool is told of that one, and not of all that is alike.
    """
    asked = words(query)
    telling = [word for word in asked if word not in STOP_WORDS] or asked
    if not telling and (query or namespace is None):
        return []
    return [
        item
        for item in catalog.left_out
        if namespace in (None, item.namespace)
        and all(word in f"{item.namespace} {item.name}".casefold() for word in telling)
    ]


def _told(left_out: Sequence[LeftOut], at_most: int) -> dict[str, Any]:
    """`{"left_out": [{"namespace": "n", "tool": "T", "reason": "it has no name"}], "left_out_more": 3}`"""
    shown = [
        {"namespace": item.namespace, "tool": _short(item.name), "reason": item.reason} for item in left_out[:at_most]
    ]
    more = len(left_out) - len(shown)
    return {"left_out": shown, **({"left_out_more": more} if more else {})}


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARS else f"(a name of {len(name)} characters)"


def _fits(tool: Tool, namespace: str | None, permission: str | None) -> bool:
    return namespace in (None, tool.namespace.name) and (permission is None or permission in tool.needs)


def _within(budget: int, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first hits that fit; always one, so that a search goes on, and without its schema if need be."""
    kept: list[dict[str, Any]] = []
    for found in hits:
        budget -= len(json.dumps(found, ensure_ascii=False)) + 1
        if budget < 0 and kept:
            break
        kept.append(found if budget >= 0 else {**found, "input_schema": "too large to be shown"})
    return kept
