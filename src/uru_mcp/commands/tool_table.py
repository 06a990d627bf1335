"""Formats the output of `uru-mcp tools`: each tool with its permissions, or why it is blocked, and what it does.

It takes one line for a tool, or two in a narrow terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.tool_details import named, near
from uru_mcp.text_layout import FREE_TEXT, padded, shortened, terminal_width, width_of
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.bridge import Bridge
    from uru_mcp.results.render import Rendered
    from uru_mcp.session.session import Snapshot

HITS = 50  # of a search
NAME_CHARS = 64  # a longer name shifts only its own line


@dataclass(frozen=True, slots=True)
class Listed:
    """The tools to print. `tools` and `left_out` have the fields of search hits; `refusal` is why some are missing.

    `permissions` states for each permission whether the key has it, and how that is known. `is_whole` is whether the
    query was the name of a tool, which is then shown with all that there is to say.
    """

    tools: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""
    permissions: str = ""
    refusal: Rendered | None = None
    is_whole: bool = False


async def listed(bridge: Bridge, query: str, *, blocked: bool) -> Listed:
    """The tools that match the query, or all that Claude sees; with `blocked`, those that cannot be called."""
    found = await _found(bridge, query, blocked=blocked)
    return replace(found, permissions=_permissions(bridge.snapshot))


def _permissions(snapshot: Snapshot) -> str:
    from uru_mcp.permissions import Permission
    from uru_mcp.tools.whoami_text import permissions_in_words

    grant = snapshot.key_status.grant
    if grant is None:
        return ""
    return permissions_in_words({one.value: grant.known(one)._asdict() for one in Permission})


async def _found(bridge: Bridge, query: str, *, blocked: bool) -> Listed:
    answer = await bridge.call_tool("uru_search_tools", {"query": query, "limit": HITS} if query else {})
    shown = [] if query or blocked else await _shown(bridge)
    if answer.is_error:
        return Listed(shown, refusal=answer)
    found = answer.structure
    if query and (details := named(bridge, query)):
        note = "" if len(details) == 1 else "Several tools have this name. Name one with its namespace."
        return Listed(details, note=note, is_whole=len(details) == 1)
    if query:
        hits = [hit for hit in found["hits"] if not (blocked and hit["allowed"])]
        meant = "".join(f"Did you mean uru-mcp tools {name}? " for name in near(bridge, query)[:1])
        note = f"{meant}{_note_on_hits(found, shown=len(hits), blocked=blocked)}".strip()
        return Listed(hits, found.get("left_out", []), note)
    hidden = _blocked(bridge.snapshot)
    if blocked:
        return Listed(hidden, found["left_out"], _note_on_blocked(bridge.snapshot, found, hidden))
    return Listed(shown, note=_note_on_rest(bridge.snapshot, shown, hidden))


def listed_as_json(found: Listed) -> dict[str, Any]:
    if found.refusal is not None:
        return {"tools": found.tools, **found.refusal.structure}
    return {"tools": found.tools, "left_out": found.left_out}


def lines_of(found: Listed) -> Iterator[tuple[str, bool]]:
    """The lines for each tool: its name, what it needs or lacks, and what it does; and whether it is allowed."""
    width = terminal_width()
    rows = [tuple(map(in_one_line, (one["tool"], _state(one), _sentence(one["description"])))) for one in found.tools]
    names, states = (max((width_of(row[place]) for row in rows), default=0) for place in (0, 1))
    is_wide = names + states + FREE_TEXT + 4 <= width
    names = min(NAME_CHARS, names)
    for tool, (name, state, sentence) in zip(found.tools, rows, strict=True):
        if is_wide:
            yield shortened(f"{padded(name, names)}  {padded(state, states)}  {sentence}", width), tool["allowed"]
        else:
            yield name, tool["allowed"]
            yield shortened(f"  {state}: {sentence}", width), tool["allowed"]
    for one in found.left_out:
        why = in_one_line(f"{one['namespace']}: {one['tool']} is left out because {one['reason']}")
        yield shortened(why, width), True


async def _shown(bridge: Bridge) -> list[dict[str, Any]]:
    from uru_mcp.permissions import in_order
    from uru_mcp.tools.shown_tools import needs_of

    definitions = await bridge.list_tools()
    catalog = bridge.snapshot.catalog
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


def _blocked(snapshot: Snapshot) -> list[dict[str, Any]]:
    from uru_mcp.access.gate import allows
    from uru_mcp.catalog.search_results import hit

    return [
        hit(tool, snapshot.key_status)
        for tool in snapshot.catalog.tools.values()
        if not allows(tool.needs, snapshot.key_status)
    ]


def _note_on_hits(found: dict[str, Any], *, shown: int, blocked: bool) -> str:
    if found["next_offset"] is not None:
        return (
            f"These are among the best {found['next_offset']} of {found['total']} hits; add words to narrow the search."
        )
    if blocked and found["hits"] and not shown:
        return "No matching tool is blocked."
    return str(found.get("hint", ""))


def _note_on_rest(snapshot: Snapshot, shown: list[dict[str, Any]], hidden: list[dict[str, Any]]) -> str:
    names = {tool["tool"] for tool in shown}
    urus = len(snapshot.catalog.tools.keys() & names)
    unlisted = len(snapshot.catalog.tools) - urus - len(hidden)
    cannot = len(hidden) + len(snapshot.catalog.left_out)
    parts = [
        f"Listed: {urus} of Uru's tools, {len(shown) - urus} of our own.",
        f"Not listed but callable: {unlisted}; find them with uru-mcp tools QUERY." if unlisted else "",
        f"Blocked or left out: {cannot}; uru-mcp tools --blocked shows why." if cannot else "",
        _note_on_taken_away(snapshot),
        _left_out_namespaces(snapshot),
    ]
    return " ".join(filter(None, parts))


def _note_on_taken_away(snapshot: Snapshot, whatever: str = "") -> str:
    """How many tools the administrator's policy and URU_TOOLS take away, each if it does."""
    gone = snapshot.catalog.taken_away.values()
    by_policy = sum(map(snapshot.catalog.rules.chosen.are_closed_by_policy, gone))
    counts = {"Not allowed by the administrator's policy": by_policy, "Taken away by URU_TOOLS": len(gone) - by_policy}
    return " ".join(f"{by}: {count}{whatever}." for by, count in counts.items() if count)


def _note_on_blocked(snapshot: Snapshot, found: dict[str, Any], hidden: list[dict[str, Any]]) -> str:
    from uru_mcp.access.gate import unknown_permissions

    grant = snapshot.key_status.grant
    if grant is not None and grant.unknown:
        unknown = unknown_permissions("", grant)
        return f"{unknown.message} {unknown.fix}"
    taken = _note_on_taken_away(snapshot, ", whatever the key may") if snapshot.catalog.taken_away else ""
    if aside := f"{taken} {_left_out_namespaces(snapshot)}".strip():
        return aside
    return "" if hidden or found["left_out"] else "Nothing is blocked: this key may call every tool."


def _left_out_namespaces(snapshot: Snapshot) -> str:
    """What `URU_NAMESPACES` leaves out, or which of its patterns match nothing; empty without."""
    from uru_mcp.catalog.namespace_choice import in_a_list

    choice = snapshot.catalog.choice
    if choice.problem is not None:
        return " ".join(choice.problem)
    return f"Left out by URU_NAMESPACES={choice}: {in_a_list(choice.left_out)}." if choice.left_out else ""


def _state(tool: dict[str, Any]) -> str:
    if tool["allowed"]:
        return ", ".join(tool["needs"]) or "needs nothing"
    return f"lacks {', '.join(tool['missing'])}" if tool["missing"] else "permissions unknown"


def _sentence(description: str) -> str:
    from uru_mcp.untrusted_input.word_splitting import first_sentence

    return " ".join(first_sentence(description)[0].split())
