"""Builds the answer of `uru_search_tools`: the tools that match a query, or an overview of all namespaces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from uru_mcp.access.gate import allows, lacked, remedies
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.account_labels import meant_namespaces
from uru_mcp.catalog.catalog import Catalog, Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.messages import access_messages, call_messages, record_messages, report_messages
from uru_mcp.permissions import Grant, Permission, in_order, in_words
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.untrusted_input.token_estimate import weight_of
from uru_mcp.untrusted_input.word_splitting import STOP_WORDS, words
from uru_mcp.uru.namespaces_and_tools import LeftOut, Namespace
from uru_mcp.uru.records import KINDS

WHOLE = 3  # hits that are shown in full
SCHEMA_CHARS = 4_000  # of a hit's schema; a search for the tool's name shows a longer one
LOOKED_AT = 100  # hits that are searched for an exact name
NAMES_SHOWN = 30
NAMESPACE_CHARS = 200  # of a namespace's name
LEFT_OUT_SHOWN = 50  # in the overview
LEFT_OUT_FOUND = 5  # next to hits
NAME_CHARS = 200  # of a tool that is left out; a longer name is hidden, since a truncated one could contain half a key


def search(catalog: Catalog, key_status: KeyStatus, arguments: dict[str, Any], *, budget: int) -> dict[str, Any]:
    """The hits, best first, or the overview if there is neither a query nor a filter.

    `arguments` match the tool's input schema. `{"total": 12, "next_offset": 8, "note": "…", "hits": [{"tool": …}]}`;
    the first hits are shown in full, the others shortened. Together they take at most `budget`; `next_offset` is null
    after the last. Matching tools that are left out are reported as in the overview.
    """
    wanted = _wanted(catalog, arguments, key_status if arguments.get("blocked") else None)
    if wanted.is_everything:
        return overview(catalog, key_status)
    found, hint = _found(catalog, wanted)
    offset, limit = int(arguments.get("offset", 0)), int(arguments.get("limit", 8))
    exact = _exactly(wanted.query, found[:LOOKED_AT], catalog)
    found = exact + [one for one in found if one not in exact] if exact else found
    whole = len(exact) or WHOLE
    hits = _within(
        budget,
        [
            hit(catalog.tools[one], key_status, schema_chars=budget if exact else SCHEMA_CHARS)
            if place < whole
            else short_hit(catalog.tools[one], key_status)
            for place, one in enumerate(found[offset : offset + limit], offset)
        ],
    )
    end = offset + len(hits)
    left_out = _left_out_like(wanted, catalog)
    hint = hint or _hint(catalog, wanted, found, left_out)
    return {
        **({"hint": hint} if hint else {}),
        **({"note": call_messages.NOT_WHOLE} if end > whole or any("input_schema_cut" in one for one in hits) else {}),
        **_fix(hits, key_status.grant),
        **({"searched": [one.name for one in wanted.namespaces or ()]} if wanted.was_meant else {}),
        "total": len(found),
        "next_offset": end if end < len(found) else None,
        "hits": hits,
        **(_told(left_out, LEFT_OUT_FOUND) if left_out else {}),
    }


class Wanted(NamedTuple):
    """The search filters. `namespaces` is None for all; with `was_meant`, they are the best guess for a name.

    With `only_blocked`, only tools that this key status does not allow are searched.
    """

    query: str
    namespaces: tuple[Namespace, ...] | None
    permission: str | None
    only_blocked: KeyStatus | None
    asked_for: str | None = None
    was_meant: bool = False

    @property
    def is_everything(self) -> bool:
        return not self.query and self.namespaces is None and not self.is_narrow

    @property
    def is_narrow(self) -> bool:
        """Whether a filter other than the namespace is set."""
        return self.permission is not None or self.only_blocked is not None

    def fits(self, tool: Tool) -> bool:
        is_kept = self.only_blocked is None or not allows(tool.needs, self.only_blocked)
        return is_kept and self.is_in(tool.namespace.name) and self.permission in (None, *tool.needs)

    def is_in(self, namespace: str) -> bool:
        return self.namespaces is None or any(one.name == namespace for one in self.namespaces)


def _wanted(catalog: Catalog, arguments: dict[str, Any], only_blocked: KeyStatus | None) -> Wanted:
    query, permission, name = (
        arguments.get("query", "").strip(),
        arguments.get("permission"),
        arguments.get("namespace"),
    )
    if name is None:
        return Wanted(query, None, permission, only_blocked)
    found = meant_namespaces(name[:NAMESPACE_CHARS], catalog.namespaces)
    was_meant = bool(found) and [one.name for one in found] != [name]
    return Wanted(query, found, permission, only_blocked, name, was_meant)


def _found(catalog: Catalog, wanted: Wanted) -> tuple[list[str], str]:
    """The matching tools, best first; if no tool of the namespace matches, all of its tools, with a note."""
    if not wanted.query:
        return _all_of(catalog, wanted), ""
    found = catalog.index.search(wanted.query)
    if wanted.namespaces is None and not wanted.is_narrow:
        return found, ""
    found = [one for one in found if wanted.fits(catalog.tools[one])]
    if found or wanted.namespaces is None or _left_out_like(wanted, catalog):
        return found, ""
    everything = _all_of(catalog, wanted)
    return everything, call_messages.ALL_OF_NAMESPACE if everything else ""


def _all_of(catalog: Catalog, wanted: Wanted) -> list[str]:
    return [one for one, tool in catalog.tools.items() if wanted.fits(tool)]


def _exactly(query: str, found: list[str], catalog: Catalog) -> list[str]:
    """The tools whose exact name is the query."""
    said = query.casefold()
    return [one for one in found if said in (one.casefold(), catalog.tools[one].name.casefold())]


def _hint(catalog: Catalog, wanted: Wanted, found: list[str], left_out: list[LeftOut]) -> str:
    """A hint for the next search."""
    if wanted.namespaces == () and wanted.asked_for is not None:
        names = [one.name for one in catalog.namespaces]
        more = report_messages.AND_MORE.format(names=len(names) - NAMES_SHOWN) if len(names) > NAMES_SHOWN else ""
        shown = ", ".join(quoted(one, NAME_CHARS) for one in names[:NAMES_SHOWN])
        return call_messages.NO_SUCH_NAMESPACE.format(shown=shown, more=more)
    if not found and left_out:
        return call_messages.ONLY_LEFT_OUT_FITS
    nothing = "" if found else call_messages.NOTHING_FITS
    is_english = not wanted.query or catalog.index.is_english(wanted.query)
    return f"{nothing}{'' if is_english else call_messages.ENGLISH_FINDS_MORE}".strip()


def overview(catalog: Catalog, key_status: KeyStatus) -> dict[str, Any]:
    """`{"namespaces": [{"namespace": "gmail_demo", "title": "Gmail", "tools": 6, "allowed": 6}], "left_out": []}`

    If many are left out, `left_out_more` is the number of those not shown.
    """
    namespaces = [_summary(catalog, namespace, key_status) for namespace in catalog.namespaces]
    unlisted = [{"tool": tool, "reason": reason} for tool, reason in list(catalog.unlisted.items())[:LEFT_OUT_FOUND]]
    found = {"unlisted": len(catalog.unlisted), "unlisted_examples": unlisted} if unlisted else {}
    return {"namespaces": namespaces, **found, **_told(catalog.left_out, LEFT_OUT_SHOWN)}


def hit(tool: Tool, key_status: KeyStatus, *, schema_chars: int = SCHEMA_CHARS) -> dict[str, Any]:
    """A tool as a search hit, with its input schema if it may be called."""
    found = {**offer(tool, key_status), "description": " ".join([tool.attributed, *notes_on(tool)])}
    return {**found, **_schema_of(tool, schema_chars)} if found["allowed"] else found


def notes_on(tool: Tool) -> list[str]:
    """Our notes on one of Uru's tools, for example that it replaces the whole text."""
    is_edit = tool.namespace.name == PLATFORM and any(tool.name == kind.edit_tool for kind in KINDS)
    return [f"[{record_messages.REPLACES}]"] if is_edit else []


def short_hit(tool: Tool, key_status: KeyStatus) -> dict[str, Any]:
    """A shortened hit: the tool's name, the permissions it needs, and one sentence."""
    found = {**offer(tool, key_status), "description": tool.in_one_sentence}
    del found["namespace"]  # it is in the name and the title
    return found


def _schema_of(tool: Tool, chars: int) -> dict[str, Any]:
    """The input schema; for a very long one, only the required properties, and the names of the others."""
    if len(tool.schema_json) <= chars:
        return {"input_schema": tool.schema}
    properties = tool.schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = [name for name in tool.schema.get("required", []) if name in properties]
    needed = {"type": "object", "properties": {name: properties[name] for name in required}, "required": required}
    rest = [name for name in properties if name not in required][:NAMES_SHOWN]
    if len(json.dumps(needed, ensure_ascii=False)) > chars:
        return {"input_schema": {"type": "object", "required": required[:NAMES_SHOWN]}, "input_schema_cut": rest}
    return {"input_schema": needed, "input_schema_cut": rest}


def offer(tool: Tool, key_status: KeyStatus) -> dict[str, Any]:
    """The tool, the permissions it needs, and the dispatch tool that runs it, or the missing permissions."""
    allowed = allows(tool.needs, key_status)
    found: dict[str, Any] = {
        "tool": tool.id,
        "title": tool.full_title,
        "namespace": tool.namespace.name,
        "needs": in_order(tool.needs),
        "allowed": allowed,
    }
    if allowed:
        return {**found, "call_with": tool.listed_as if not tool.needs else tool.dispatcher or tool.listed_as}
    return {**found, "missing": in_order(tool.needs - (key_status.grant or Grant()).effective)}


def _fix(hits: Sequence[dict[str, Any]], grant: Grant | None) -> dict[str, str]:
    """`{"fix": "This key lacks Write, …"}` where that is known of what hits need."""
    missing = frozenset(Permission(name) for one in hits for name in one.get("missing", ())) & lacked(grant)
    if grant is None or not missing:
        return {}
    return {"fix": access_messages.LACKED_BY_HITS.format(lacked=in_words(missing), fix=remedies(missing, grant))}


def _summary(catalog: Catalog, namespace: Namespace, key_status: KeyStatus) -> dict[str, Any]:
    needs = catalog.needs_in(namespace)
    return {
        "namespace": namespace.name,
        "title": namespace.title,
        "tools": len(catalog.tools_of(namespace)),
        "allowed": sum(tools for needed, tools in needs.items() if allows(needed, key_status)),
        **({"problem": failed.message} if (failed := catalog.failure_of(shown_name(namespace.name, ""))) else {}),
    }


def _left_out_like(wanted: Wanted, catalog: Catalog) -> list[LeftOut]:
    """The left-out tools whose names contain all significant words of the query; none if only a permission is filtered.

    There is no score: a model that searches for one tool should see that one, not all similar ones.
    """
    asked = words(wanted.query)
    telling = [word for word in asked if word not in STOP_WORDS] or asked
    if not telling and (wanted.query or wanted.namespaces is None):
        return []
    return [
        item
        for item in catalog.left_out
        if wanted.is_in(item.namespace) and all(word in f"{item.namespace} {item.name}".casefold() for word in telling)
    ]


def _told(left_out: Sequence[LeftOut], at_most: int) -> dict[str, Any]:
    """`{"left_out": [{"namespace": "n", "tool": "T", "reason": "it has no name"}], "left_out_more": 3}`"""
    shown = [
        {"namespace": item.namespace, "tool": _short(item.name), "reason": quoted(item.reason, NAME_CHARS)}
        for item in left_out[:at_most]
    ]
    more = len(left_out) - len(shown)
    return {"left_out": shown, **({"left_out_more": more} if more else {})}


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARS else report_messages.LONG_NAME.format(name=len(name))


def _within(budget: int, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first hits that fit; always one, so that a search goes on, and without its schema if need be."""
    kept: list[dict[str, Any]] = []
    for found in hits:
        budget -= weight_of(json.dumps(found, ensure_ascii=False)) + 1
        if budget < 0 and kept:
            break
        kept.append(found if budget >= 0 else {**found, "input_schema": call_messages.TOO_LARGE_TO_SHOW})
    return kept
