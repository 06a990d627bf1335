"""What `uru_search_tools` answers: tools that fit a task, or an overview of what there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from uru_mcp import messages
from uru_mcp.catalog import Catalog, Tool
from uru_mcp.gate import allows, lacked, remedies
from uru_mcp.key_status import Standing
from uru_mcp.names import shown_name
from uru_mcp.namespaces import meant_namespaces
from uru_mcp.permissions import Grant, Permission, in_order, in_words
from uru_mcp.policy import PLATFORM
from uru_mcp.quoting import quoted
from uru_mcp.records import KINDS
from uru_mcp.weight import weight_of
from uru_mcp.wire import LeftOut, Namespace
from uru_mcp.words import STOP_WORDS, words

WHOLE = 3  # hits that are shown whole
SCHEMA_CHARS = 4_000  # of the schema of a hit; a longer one is asked for by the tool's name
LOOKED_AT = 100  # hits among which one of exactly that name is looked for
NAMES_SHOWN = 30
NAMESPACE_CHARS = 200  # of what a namespace is called
LEFT_OUT_SHOWN = 50  # in the overview
LEFT_OUT_FOUND = 5  # beside hits
NAME_CHARS = 200  # of what is left out; a longer name is not shown, since a cut one could hold half a key


def search(catalog: Catalog, standing: Standing, arguments: dict[str, Any], *, budget: int) -> dict[str, Any]:
    """Hits, best first, or the overview when there is neither a query nor a filter.

    `arguments` fit `own_tools.SEARCH_SCHEMA`. `{"total": 12, "next_offset": 8, "note": "…", "hits": [{"tool": …}]}`;
    the first hits are whole, and the others short. All together weigh at most `budget`, and `next_offset` is
    null after the last. What was meant may be among what is left out, and then is told as in the overview.
    """
    wanted = _wanted(catalog, arguments, standing if arguments.get("blocked") else None)
    if wanted.is_everything:
        return overview(catalog, standing)
    found, hint = _found(catalog, wanted)
    offset, limit = int(arguments.get("offset", 0)), int(arguments.get("limit", 8))
    exact = _exactly(wanted.query, found[:LOOKED_AT], catalog)
    found = exact + [one for one in found if one not in exact] if exact else found
    whole = len(exact) or WHOLE
    hits = _within(
        budget,
        [
            hit(catalog.tools[one], standing, schema_chars=budget if exact else SCHEMA_CHARS)
            if place < whole
            else short_hit(catalog.tools[one], standing)
            for place, one in enumerate(found[offset : offset + limit], offset)
        ],
    )
    end = offset + len(hits)
    left_out = _left_out_like(wanted, catalog)
    hint = hint or _hint(catalog, wanted, found, left_out)
    return {
        **({"hint": hint} if hint else {}),
        **({"note": messages.NOT_WHOLE} if end > whole or any("input_schema_cut" in one for one in hits) else {}),
        **_fix(hits, standing.grant),
        **({"searched": [one.name for one in wanted.namespaces or ()]} if wanted.was_meant else {}),
        "total": len(found),
        "next_offset": end if end < len(found) else None,
        "hits": hits,
        **(_told(left_out, LEFT_OUT_FOUND) if left_out else {}),
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `namespaces` is None for all; with `was_meant`, they are what a name was taken for.

    With `only_blocked`, only what that standing of the key does not allow is looked for.
    """

    query: str
    namespaces: tuple[Namespace, ...] | None
    permission: str | None
    only_blocked: Standing | None
    asked_for: str | None = None
    was_meant: bool = False

    @property
    def is_everything(self) -> bool:
        return not self.query and self.namespaces is None and not self.is_narrow

    @property
    def is_narrow(self) -> bool:
        """Whether only some tools are wanted, wherever they are."""
        return self.permission is not None or self.only_blocked is not None

    def fits(self, tool: Tool) -> bool:
        is_kept = self.only_blocked is None or not allows(tool.needs, self.only_blocked)
        return is_kept and self.is_in(tool.namespace.name) and self.permission in (None, *tool.needs)

    def is_in(self, namespace: str) -> bool:
        return self.namespaces is None or any(one.name == namespace for one in self.namespaces)


def _wanted(catalog: Catalog, arguments: dict[str, Any], only_blocked: Standing | None) -> Wanted:
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
    """The tools that fit, best first; where none of a namespace fits the words, all of it, and a word on that."""
    if not wanted.query:
        return _all_of(catalog, wanted), ""
    found = catalog.index.search(wanted.query)
    if wanted.namespaces is None and not wanted.is_narrow:
        return found, ""
    found = [one for one in found if wanted.fits(catalog.tools[one])]
    if found or wanted.namespaces is None or _left_out_like(wanted, catalog):
        return found, ""
    everything = _all_of(catalog, wanted)
    return everything, messages.ALL_OF_NAMESPACE if everything else ""


def _all_of(catalog: Catalog, wanted: Wanted) -> list[str]:
    return [one for one, tool in catalog.tools.items() if wanted.fits(tool)]


def _exactly(query: str, found: list[str], catalog: Catalog) -> list[str]:
    """The tools whose exact name is the query."""
    said = query.casefold()
    return [one for one in found if said in (one.casefold(), catalog.tools[one].name.casefold())]


def _hint(catalog: Catalog, wanted: Wanted, found: list[str], left_out: list[LeftOut]) -> str:
    """What helps to search again."""
    if wanted.namespaces == () and wanted.asked_for is not None:
        names = [one.name for one in catalog.namespaces]
        more = messages.AND_MORE.format(names=len(names) - NAMES_SHOWN) if len(names) > NAMES_SHOWN else ""
        shown = ", ".join(quoted(one, NAME_CHARS) for one in names[:NAMES_SHOWN])
        return messages.NO_SUCH_NAMESPACE.format(shown=shown, more=more)
    if not found and left_out:
        return messages.ONLY_LEFT_OUT_FITS
    nothing = "" if found else messages.NOTHING_FITS
    is_english = not wanted.query or catalog.index.is_english(wanted.query)
    return f"{nothing}{'' if is_english else messages.ENGLISH_FINDS_MORE}".strip()


def overview(catalog: Catalog, standing: Standing) -> dict[str, Any]:
    """`{"namespaces": [{"namespace": "gmail_demo", "title": "Gmail", "tools": 6, "allowed": 6}], "left_out": []}`

    With very many left out, `left_out_more` is how many are not shown.
    """
    namespaces = [_summary(catalog, namespace, standing) for namespace in catalog.namespaces]
    unlisted = [{"tool": tool, "reason": reason} for tool, reason in list(catalog.unlisted.items())[:LEFT_OUT_FOUND]]
    found = {"unlisted": len(catalog.unlisted), "unlisted_examples": unlisted} if unlisted else {}
    return {"namespaces": namespaces, **found, **_told(catalog.left_out, LEFT_OUT_SHOWN)}


def hit(tool: Tool, standing: Standing, *, schema_chars: int = SCHEMA_CHARS) -> dict[str, Any]:
    """A tool as a search shows it: with its input schema when it may be called."""
    found = {**offer(tool, standing), "description": " ".join([tool.attributed, *notes_on(tool)])}
    return {**found, **_schema_of(tool, schema_chars)} if found["allowed"] else found


def notes_on(tool: Tool) -> list[str]:
    """What we add to the description of one of Uru's tools: that it replaces whole texts, where it does."""
    is_edit = tool.namespace.name == PLATFORM and any(tool.name == kind.edit_tool for kind in KINDS)
    return [f"[{messages.REPLACES}]"] if is_edit else []


def short_hit(tool: Tool, standing: Standing) -> dict[str, Any]:
    """A tool in few words: its name, what it needs, and one sentence."""
    found = {**offer(tool, standing), "description": tool.in_one_sentence}
    del found["namespace"]  # which is in its name and title
    return found


def _schema_of(tool: Tool, chars: int) -> dict[str, Any]:
    """The input schema; of a very long one what is required, and the names of the rest."""
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


def offer(tool: Tool, standing: Standing) -> dict[str, Any]:
    """What it is and needs, and which tool of ours runs it, or what is missing for that."""
    allowed = allows(tool.needs, standing)
    found: dict[str, Any] = {
        "tool": tool.id,
        "title": tool.full_title,
        "namespace": tool.namespace.name,
        "needs": in_order(tool.needs),
        "allowed": allowed,
    }
    if allowed:
        return {**found, "call_with": tool.listed_as if not tool.needs else tool.dispatcher or tool.listed_as}
    return {**found, "missing": in_order(tool.needs - (standing.grant or Grant()).effective)}


def _fix(hits: Sequence[dict[str, Any]], grant: Grant | None) -> dict[str, str]:
    """`{"fix": "This key lacks Write, …"}` where that is known of what hits need."""
    missing = frozenset(Permission(name) for one in hits for name in one.get("missing", ())) & lacked(grant)
    if grant is None or not missing:
        return {}
    return {"fix": messages.LACKED_BY_HITS.format(lacked=in_words(missing), fix=remedies(missing, grant))}


def _summary(catalog: Catalog, namespace: Namespace, standing: Standing) -> dict[str, Any]:
    needs = catalog.needs_in(namespace)
    return {
        "namespace": namespace.name,
        "title": namespace.title,
        "tools": len(catalog.tools_of(namespace)),
        "allowed": sum(tools for needed, tools in needs.items() if allows(needed, standing)),
        **({"problem": failed.message} if (failed := catalog.failure_of(shown_name(namespace.name, ""))) else {}),
    }


def _left_out_like(wanted: Wanted, catalog: Catalog) -> list[LeftOut]:
    """What is left out and has all telling words of the query in its name; none where only a permission is asked for.

    No score: a model that asks for one tool is told of that one, and not of all that is alike.
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
    return name if len(name) <= NAME_CHARS else messages.LONG_NAME.format(name=len(name))


def _within(budget: int, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first hits that fit; always one, so that a search goes on, and without its schema if need be."""
    kept: list[dict[str, Any]] = []
    for found in hits:
        budget -= weight_of(json.dumps(found, ensure_ascii=False)) + 1
        if budget < 0 and kept:
            break
        kept.append(found if budget >= 0 else {**found, "input_schema": messages.TOO_LARGE_TO_SHOW})
    return kept
