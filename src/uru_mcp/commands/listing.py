"""What `uru-mcp tools` prints: a line for each tool, with what it needs, and why some cannot be called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.screen import shortened
from uru_mcp.escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.bridge import Bridge
    from uru_mcp.outlook import View
    from uru_mcp.render import Rendered

HITS = 50  # of a search
NAME_CHARS = 40  # a longer name shifts its own line and no other


@dataclass(frozen=True, slots=True)
class Listed:
    """`tools` and `left_out` have the members of a search's hits; `refusal` is why there are not all, or none.

    `permissions` says of each whether the key has it, and how that is known.
    """

    tools: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""
    permissions: str = ""
    refusal: Rendered | None = None


async def listed(bridge: Bridge, query: str, *, blocked: bool) -> Listed:
    """The tools that fit, or all that Claude is shown; with `blocked`, all that cannot be called."""
    found = await _found(bridge, query, blocked=blocked)
    return replace(found, permissions=_permissions(bridge.view))


def _permissions(view: View) -> str:
    from uru_mcp.permissions import Permission
    from uru_mcp.whoami_text import permissions_in_words

    grant = view.standing.grant
    if grant is None:
        return ""
    return permissions_in_words({one.value: grant.known(one)._asdict() for one in Permission})


async def _found(bridge: Bridge, query: str, *, blocked: bool) -> Listed:
    answer = await bridge.call_tool("uru_search_tools", {"query": query, "limit": HITS} if query else {})
    shown = [] if query or blocked else await _shown(bridge)
    if answer.is_error:
        return Listed(shown, refusal=answer)
    found = answer.structure
    if query:
        hits = [hit for hit in found["hits"] if not (blocked and hit["allowed"])]
        return Listed(hits, found.get("left_out", []), _note_on_hits(found, shown=len(hits), blocked=blocked))
    hidden = _blocked(bridge.view)
    if blocked:
        return Listed(hidden, found["left_out"], _note_on_blocked(bridge.view, found, hidden))
    return Listed(shown, note=_note_on_rest(bridge.view, shown, hidden))


def listed_as_json(found: Listed) -> dict[str, Any]:
    if found.refusal is not None:
        return {"tools": found.tools, **found.refusal.structure}
    return {"tools": found.tools, "left_out": found.left_out}


def lines_of(found: Listed) -> Iterator[tuple[str, bool]]:
    """A line for each: the name, what it needs or lacks, and what it does; and whether it may be called."""
    widest = min(NAME_CHARS, max((len(tool["tool"]) for tool in found.tools), default=0))
    for tool in found.tools:
        name, states = tool["tool"], _state(tool)
        text = in_one_line(f"{name:{widest}}  {states:19}  {_in_one_line(tool['description'])}")
        yield shortened(text), tool["allowed"]
    for one in found.left_out:
        yield shortened(in_one_line(f"{one['namespace']}: {one['tool']} is left out, since {one['reason']}")), True


async def _shown(bridge: Bridge) -> list[dict[str, Any]]:
    from uru_mcp.permissions import in_order
    from uru_mcp.surface import needs_of

    definitions = await bridge.list_tools()
    catalog = bridge.view.catalog
    return [
        {
            "tool": definition.name,
            "title": definition.title,
            "needs": in_order(needs_of(definition.name, catalog) or ()),
            "allowed": True,
            "description": definition.description,
        }
        for definition in definitions
    ]


def _blocked(view: View) -> list[dict[str, Any]]:
    from uru_mcp.discovery import hit
    from uru_mcp.gate import allows

    return [hit(tool, view.standing) for tool in view.catalog.tools.values() if not allows(tool.needs, view.standing)]


def _note_on_hits(found: dict[str, Any], *, shown: int, blocked: bool) -> str:
    if found["next_offset"] is not None:
        return f"These are of the best {found['next_offset']} of {found['total']}; more words find fewer."
    if blocked and found["hits"] and not shown:
        return "Nothing that fits is blocked."
    return str(found.get("hint", ""))


def _note_on_rest(view: View, shown: list[dict[str, Any]], hidden: list[dict[str, Any]]) -> str:
    names = {tool["tool"] for tool in shown}
    unlisted = len(view.catalog.tools.keys() - names) - len(hidden)
    cannot = len(hidden) + len(view.catalog.left_out)
    parts = [
        f"Listed: {len(shown)}.",
        f"Not listed, but to be found and called: {unlisted}, by uru-mcp tools QUERY." if unlisted else "",
        f"Blocked or left out: {cannot}; uru-mcp tools --blocked says why." if cannot else "",
        f"Taken away by URU_TOOLS: {len(view.catalog.taken_away)}." if view.catalog.taken_away else "",
    ]
    return " ".join(filter(None, parts))


def _note_on_blocked(view: View, found: dict[str, Any], hidden: list[dict[str, Any]]) -> str:
    from uru_mcp.gate import unknown_permissions

    grant = view.standing.grant
    if grant is not None and grant.unknown:
        unknown = unknown_permissions("", grant)
        return f"{unknown.message} {unknown.fix}"
    return "" if hidden or found["left_out"] else "Nothing is blocked: this key may call every tool there is."


def _state(tool: dict[str, Any]) -> str:
    if tool["allowed"]:
        return ", ".join(tool["needs"]) or "needs nothing"
    return f"lacks {', '.join(tool['missing']) or 'a known grant'}"


def _in_one_line(description: str) -> str:
    from uru_mcp.words import first_sentence

    return " ".join(first_sentence(description)[0].split())
