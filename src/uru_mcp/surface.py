"""The MCP tools we show: our own, which are always true, and Uru's, one by one, as far as they fit.

It decides what is listed, in which words and in which order; it calls nothing. What may be listed follows from the same
table and the same gate as what may be called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal

from uru_mcp import messages
from uru_mcp.catalog import Catalog, Tool, classified
from uru_mcp.discovery import notes_on
from uru_mcp.errors import ArgumentError, UnknownTool
from uru_mcp.fields import compact
from uru_mcp.gate import is_granted, may_come, require_chosen
from uru_mcp.key_status import Standing
from uru_mcp.names import shown_name
from uru_mcp.own_tools import DISPATCHERS, INPUT, OWN, Definition
from uru_mcp.permissions import Permissions
from uru_mcp.policy import CARD_TOOLS, LIST_WORKSPACES, OWN_TOOLS, PLATFORM, SELECT_WORKSPACE
from uru_mcp.quoting import quoted
from uru_mcp.redaction import Redaction
from uru_mcp.schema_fit import fit
from uru_mcp.schema_scalars import DESCRIPTION_CHARS
from uru_mcp.titles import numbered_title, short_title
from uru_mcp.wire import Namespace, UpstreamTool
from uru_mcp.words import shortened


def _selection_tool(name: str, description: str, schema: dict[str, Any], *, read_only: bool | None) -> Tool:
    upstream = UpstreamTool(name, None, description, compact(schema), None, read_only, False, True, False)
    return classified(Namespace(PLATFORM, "Uru"), upstream, Redaction())


SELECTION: Mapping[str, Tool] = {
    tool.id: tool
    for tool in (
        _selection_tool(LIST_WORKSPACES, messages.LISTS_WORKSPACES, {"type": "object"}, read_only=True),
        _selection_tool(
            SELECT_WORKSPACE,
            messages.SELECTS_WORKSPACE,
            {"type": "object", "properties": {"workspace_id": {"type": "string"}}, "required": ["workspace_id"]},
            read_only=None,
        ),
    )
}
"""What lets a workspace be selected, for when Uru's own list cannot be had yet. Source: the Node client's tests."""


def _stand_ins(catalog: Catalog) -> dict[str, Tool]:
    """What of `SELECTION` there is: nothing that Uru tells itself, nor that the user has taken away."""
    if not _lacks_platform(catalog):
        return {}
    return {name: tool for name, tool in SELECTION.items() if catalog.rules.chosen.fit(tool)}


def _lacks_platform(catalog: Catalog) -> bool:
    """Whether `platform` was not loaded or not wanted, so that `SELECTION` stands in for it."""
    loaded = PLATFORM in {namespace.name for namespace in catalog.namespaces}
    return not loaded or catalog.failure_of(shown_name(PLATFORM, "")) is not None


def _find(name: str, catalog: Catalog) -> Tool | None:
    return catalog.find(name) or _stand_ins(catalog).get(name)


def needs_of(name: str, catalog: Catalog) -> Permissions | None:
    """What a tool of ours or of Uru's needs, or None when there is none of that name."""
    tool = _find(name, catalog)
    return {**OWN_TOOLS, **CARD_TOOLS}.get(name) if tool is None else tool.needs


def waits_for_a_yes(name: str, catalog: Catalog) -> bool:
    """Whether calls of the tool of that name run only after a person's yes; of a dispatch tool, whether any does."""
    if name in DISPATCHERS:
        return (
            any(tool.dispatcher == name and catalog.rules.confirmed.fit(tool) for tool in catalog.tools.values())
            if catalog.rules.confirmed.patterns
            else False
        )
    tool = _find(name, catalog)
    return tool is not None and catalog.rules.confirmed.fit(tool)


def listed(
    catalog: Catalog, standing: Standing, *, direct: Literal["auto", "all", "none"], budget: int
) -> list[Definition]:
    """What `tools/list` answers, in a fixed order: our own tools, then Uru's, `platform` first.

    `budget` is in tokens and bounds the whole answer, though what only its own name can call is always there. Uru's
    tools are added by whole namespaces, so that a model sees all of an app or looks for it; a namespace that does not
    fit is skipped, and a later, smaller one may fit.
    """
    own = [OWN[name] for name, needs in OWN_TOOLS.items() if name == "uru_whoami" or may_come(needs, standing)]
    if standing.grant is None:
        catalog = Catalog(rules=catalog.rules)  # on a grant that nobody knows, none of its tools is listed
    stand_ins = tuple(_stand_ins(catalog).values())
    groups = [stand_ins, *map(catalog.tools_of, catalog.namespaces)]
    necessary = {
        tool.id: defined(tool) for tool in (*stand_ins, *catalog.always_listed) if is_granted(tool.needs, standing)
    }
    left = {"auto": budget, "all": inf, "none": -inf}[direct]
    left -= sum(definition.tokens for definition in (*own, *necessary.values()))
    shown = own
    for group in groups:
        wanted = (tool for tool in group if is_granted(tool.needs, standing))
        listable = (tool for tool in wanted if tool.id in necessary or tool.id not in catalog.unlisted)
        whole, left = _whole(listable, necessary, left)
        shown += whole or [necessary[tool.id] for tool in group if tool.id in necessary]
    return _told_apart(shown)


def _told_apart(shown: list[Definition]) -> list[Definition]:
    """The same, where of tools with the same title each but the first has a number in it."""
    seen: Counter[str] = Counter()
    apart = []
    for definition in shown:
        seen[definition.title] += 1
        number = seen[definition.title]
        title = definition.title if number == 1 else numbered_title(definition.title, number)
        apart.append(definition if number == 1 else replace(definition, title=title))
    return apart


def _whole(tools: Iterable[Tool], shown: Mapping[str, Definition], left: float) -> tuple[list[Definition], float]:
    """All these tools and what they leave of the budget, where `shown` is paid for; none once it is exceeded.

    However many tools there are, no more of them are looked at than fit.
    """
    whole: list[Definition] = []
    rest = left
    for tool in tools:
        definition = shown.get(tool.id) or defined(tool)
        if tool.id not in shown:
            rest -= definition.tokens
        if rest < 0:
            return [], left
        whole.append(definition)
    return whole, rest


def defined(tool: Tool) -> Definition:
    """Uru's tool as clients take it: its schema fitted to them, a short title, and true hints."""
    fitted = fit(tool.schema_json)
    account = tool.namespace.title if tool.namespace.name != PLATFORM else ""  # clients put the server's name before
    notes = " ".join(note for note in (*notes_on(tool), fitted.note) if note)
    room = DESCRIPTION_CHARS - len(notes) - 1
    return Definition(
        name=tool.listed_as,
        title=short_title(tool.title, account),
        description=f"{shortened(tool.attributed, room)} {notes}".strip(),
        schema=fitted.schema,
        read_only=tool.read_only,
        destructive=tool.destructive,
        idempotent=tool.idempotent,
        open_world=tool.open_world,
    )


@dataclass(frozen=True, slots=True)
class Call:
    """Which of Uru's tools a call means, with which arguments, and which tool of ours it came through, if any."""

    tool: Tool
    arguments: dict[str, Any]
    via: str | None


def resolve(name: str, arguments: dict[str, Any], catalog: Catalog) -> Call:
    """What a call of the MCP tool `name` means: that tool of Uru's, or the one that a dispatch tool is to run.

    A dispatch tool's arguments must have been checked.

    Raises:
        UnknownTool: There is no such tool.
        Refused: The user has taken it away.
    """
    via = name if name in DISPATCHERS else None
    if via is not None:
        name, arguments = arguments["tool"], arguments.get(INPUT, {})
    tool = _find(name, catalog)
    if tool is None:
        gone = catalog.find_taken_away(name) or (SELECTION.get(name) if _lacks_platform(catalog) else None)
        if gone is not None:
            require_chosen(gone, catalog.rules)
        raise _unknown(name, catalog)
    return Call(tool, arguments, via)


def knows(name: str, arguments: dict[str, Any], catalog: Catalog) -> bool:
    """Whether a call means a tool of Uru's that there is."""
    return _find(arguments["tool"] if name in DISPATCHERS else name, catalog) is not None


def require_dispatcher(call: Call) -> None:
    """Let a call through that came by the tool's own name, or through the dispatch tool whose hints are true of it.

    Raises:
        ArgumentError: It came through another; it says which is right.
    """
    right = call.tool.dispatcher
    if call.via is None or call.via == right:
        return
    way = (
        messages.CALL_THIS_INSTEAD.format(right=right)
        if right
        else messages.CALL_BY_OWN_NAME.format(listed_as=call.tool.listed_as)
    )
    raise ArgumentError(
        messages.WRONG_DISPATCHER.format(via=call.via, id=call.tool.id),
        fix=way,
        code="wrong_dispatcher",
        tool=call.tool.id,
        call_with=right or call.tool.listed_as,
    )


def _unknown(wanted: str, catalog: Catalog) -> UnknownTool:
    reason = catalog.why_left_out(wanted)
    if reason is not None:
        return UnknownTool(
            messages.IS_LEFT_OUT.format(wanted=quoted(wanted, 100), reason=quoted(reason, 200)),
            fix=messages.LOOK_FOR_ANOTHER,
            tool=wanted[:100],
        )
    near = catalog.index.search(wanted)[:3]
    meant = messages.DID_YOU_MEAN.format(near=" or ".join(near)) if near else ""
    return UnknownTool(
        messages.NO_SUCH_TOOL.format(wanted=quoted(wanted, 100)),
        fix=messages.FIND_EXACT_NAME.format(meant=meant),
        tool=wanted[:100],
        near=near,
    )
