"""Builds the list of MCP tools: our own tools, and Uru's tools as far as they fit the token budget.

It decides which tools are listed, in what order and with which descriptions; it does not call any. Listing uses the
same policy table and permission gate as calling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from math import inf
from typing import Any, Literal, NamedTuple

from uru_mcp.access.gate import is_granted, lacked, may_come, remedies, require_chosen
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import CARD_TOOLS, LIST_WORKSPACES, OWN_TOOLS, PLATFORM, SELECT_WORKSPACE
from uru_mcp.catalog.catalog import Catalog, Tool, classified
from uru_mcp.catalog.namespace_choice import in_a_list
from uru_mcp.catalog.schemas.client_compatibility import fit
from uru_mcp.catalog.schemas.scalar_types import DESCRIPTION_CHARS
from uru_mcp.catalog.search_results import notes_on
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.errors import ArgumentError, UnknownTool
from uru_mcp.messages import access_messages, call_messages
from uru_mcp.permissions import NOTHING, Permissions, in_words
from uru_mcp.tools.definitions import CHARS_PER_TOKEN, DISPATCHERS, INPUT, OWN, Definition
from uru_mcp.tools.titles import numbered_title, short_title
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.word_splitting import shortened
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool

REPORT = "uru_whoami"

FRAME_CHARS = len('{"name": "", "title": "", "description": "", "inputSchema": }')
SURE_CHARS = 256  # of a description that are certainly shown, or else as many of the notes after it
SHORTENED_CHARS = DESCRIPTION_CHARS - SURE_CHARS - 1  # a description that is longer may be shortened to a word


def _selection_tool(name: str, description: str, schema: dict[str, Any], *, read_only: bool | None) -> Tool:
    upstream = UpstreamTool(name, None, description, compact(schema), None, read_only, False, True, False)
    return classified(Namespace(PLATFORM, "Uru"), upstream, Redaction())


SELECTION: Mapping[str, Tool] = {
    tool.id: tool
    for tool in (
        _selection_tool(LIST_WORKSPACES, call_messages.LISTS_WORKSPACES, {"type": "object"}, read_only=True),
        _selection_tool(
            SELECT_WORKSPACE,
            call_messages.SELECTS_WORKSPACE,
            {"type": "object", "properties": {"workspace_id": {"type": "string"}}, "required": ["workspace_id"]},
            read_only=None,
        ),
    )
}
"""The tools for selecting a workspace, while Uru's own list is not available. Source: the Node client's tests."""


def _stand_ins(catalog: Catalog) -> dict[str, Tool]:
    """What of `SELECTION` there is: nothing that Uru tells itself, nor that the user has taken away."""
    if not _lacks_platform(catalog):
        return {}
    return {name: tool for name, tool in SELECTION.items() if catalog.rules.chosen.fit(tool)}


def _lacks_platform(catalog: Catalog) -> bool:
    """Whether `platform` is not loaded or not enabled, so that `SELECTION` replaces it."""
    loaded = PLATFORM in {namespace.name for namespace in catalog.namespaces}
    return not loaded or catalog.failure_of(shown_name(PLATFORM, "")) is not None


def _find(name: str, catalog: Catalog) -> Tool | None:
    return catalog.find(name) or _stand_ins(catalog).get(name)


def needs_of(name: str, catalog: Catalog) -> Permissions | None:
    """The permissions that one of our tools or of Uru's needs, or None if there is no such tool."""
    tool = _find(name, catalog)
    return {**OWN_TOOLS, **CARD_TOOLS}.get(name) if tool is None else tool.needs


def waits_for_a_yes(name: str, catalog: Catalog) -> bool:
    """Whether calls of the tool of that name run only after a person's yes; of a dispatch tool, whether any does."""
    if name in DISPATCHERS:
        return (
            any(tool.dispatcher == name and catalog.rules.confirmed.fit(tool) for tool in catalog.tools.values())
            if catalog.rules.confirmed.are_any
            else False
        )
    tool = _find(name, catalog)
    return tool is not None and catalog.rules.confirmed.fit(tool)


def listed(
    catalog: Catalog,
    key_status: KeyStatus,
    *,
    direct: Literal["auto", "all", "none"],
    budget: int,
    wording: Callable[[str], str] = str,
) -> list[Definition]:
    """The result of `tools/list`, in a fixed order: our own tools, then Uru's, `platform` first.

    `budget` limits the whole list, in tokens, except for tools that no dispatch tool can call, which are always listed.
    Uru's tools are added by whole namespaces, so that a model sees either all tools of an app or searches for them. A
    namespace that does not fit is skipped, and a smaller one after it may still fit.
    """
    own = [_report_tool(key_status, wording)]
    own += [OWN[name] for name, needs in OWN_TOOLS.items() if name != REPORT and may_come(needs, key_status)]
    if key_status.grant is None:
        catalog = Catalog(rules=catalog.rules)  # no tools of Uru are listed while the grant is unknown
    stand_ins = tuple(_stand_ins(catalog).values())
    groups = [stand_ins, *map(catalog.tools_of, catalog.namespaces)]
    necessary = {
        tool.id: defined(tool) for tool in (*stand_ins, *catalog.always_listed) if is_granted(tool.needs, key_status)
    }
    granted = cache(partial(is_granted, key_status=key_status))  # many tools need the same
    left = {"auto": budget, "all": inf, "none": -inf}[direct]
    left -= sum(definition.tokens for definition in (*own, *necessary.values()))
    shown = own
    for group in groups:
        wanted = (tool for tool in group if granted(tool.needs))
        listable = (tool for tool in wanted if tool.id in necessary or tool.id not in catalog.unlisted)
        whole, left = _whole(listable, necessary, left)
        shown += whole or [necessary[tool.id] for tool in group if tool.id in necessary]
    return _with_unique_titles(shown)


def _report_tool(key_status: KeyStatus, wording: Callable[[str], str]) -> Definition:
    """`uru_whoami`, described with what the key lacks now, so that a model knows before its first call."""
    definition, grant = OWN[REPORT], key_status.grant
    missing = lacked(grant) if not key_status.is_refused else NOTHING
    if grant is None or not missing:
        return definition
    told = access_messages.LACKED_WHEN_LISTED.format(
        description=definition.description, lacked=in_words(missing), fix=wording(remedies(missing, grant))
    )
    return definition._replace(description=told)


def _with_unique_titles(shown: list[Definition]) -> list[Definition]:
    """The same tools; of several with one title, all but the first get a number in it."""
    seen: Counter[str] = Counter()
    apart = []
    for definition in shown:
        seen[definition.title] += 1
        number = seen[definition.title]
        title = definition.title if number == 1 else numbered_title(definition.title, number)
        apart.append(definition if number == 1 else definition._replace(title=title))
    return apart


def _whole(tools: Iterable[Tool], shown: Mapping[str, Definition], left: float) -> tuple[list[Definition], float]:
    """All these tools and the remaining budget, or no tools if they exceed it. Tools in `shown` cost nothing.

    Stops at the first tool that does not fit, so that it is fast for any number of tools, and defines none if they
    cannot fit.
    """
    fitting: list[Tool] = []
    least = left
    for tool in tools:
        least -= 0 if tool.id in shown or left == inf else least_tokens(tool)
        if least < 0:
            return [], left
        fitting.append(tool)
    whole: list[Definition] = []
    rest = left
    for tool in fitting:
        definition = shown.get(tool.id) or defined(tool)
        if tool.id not in shown:
            rest -= definition.tokens
        if rest < 0:
            return [], left
        whole.append(definition)
    return whole, rest


def least_tokens(tool: Tool) -> int:
    """Tokens that the definition of a tool costs at least; takes a tenth of the time of the definition."""
    described = len(tool.attributed)
    shown = min(described, SURE_CHARS) if described <= SHORTENED_CHARS else 0
    return (FRAME_CHARS + len(tool.listed_as) + shown + fit(tool.schema_json).weight) // CHARS_PER_TOKEN


def defined(tool: Tool) -> Definition:
    """One of Uru's tools as an MCP tool: with a schema that clients accept, a short title, and correct hints."""
    fitted = fit(tool.schema_json)
    account = tool.namespace.title if tool.namespace.name != PLATFORM else ""  # clients show the server's name anyway
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


class Call(NamedTuple):
    """A call resolved to one of Uru's tools, its arguments, and the dispatch tool `via` which it came, if any."""

    tool: Tool
    arguments: dict[str, Any]
    via: str | None


def resolve(name: str, arguments: dict[str, Any], catalog: Catalog) -> Call:
    """Resolve a call of the MCP tool `name`: one of Uru's tools, or the tool that a dispatch tool is to run.

    A dispatch tool's arguments must already be validated.

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
    """Whether a call resolves to one of Uru's tools."""
    return _find(arguments["tool"] if name in DISPATCHERS else name, catalog) is not None


def require_dispatcher(call: Call) -> None:
    """Check that the call came by the tool's own name, or through the dispatch tool whose hints match the tool.

    Raises:
        ArgumentError: It came through another dispatch tool. The message names the right one.
    """
    right = call.tool.dispatcher
    if call.via is None or call.via == right:
        return
    way = (
        call_messages.CALL_THIS_INSTEAD.format(right=right)
        if right
        else call_messages.CALL_BY_OWN_NAME.format(listed_as=call.tool.listed_as)
    )
    raise ArgumentError(
        call_messages.WRONG_DISPATCHER.format(via=call.via, id=call.tool.id),
        fix=way,
        code="wrong_dispatcher",
        tool=call.tool.id,
        call_with=right or call.tool.listed_as,
    )


def _unknown(wanted: str, catalog: Catalog) -> UnknownTool:
    reason = catalog.why_left_out(wanted)
    if reason is not None:
        return UnknownTool(
            call_messages.IS_LEFT_OUT.format(wanted=quoted(wanted, 100), reason=quoted(reason, 200)),
            fix=call_messages.LOOK_FOR_ANOTHER,
            tool=wanted[:100],
        )
    left_out = catalog.left_out_with(wanted)
    if left_out:
        return UnknownTool(
            call_messages.LEFT_OUT_BY_NAMESPACES.format(
                patterns=catalog.choice, namespaces=in_a_list(left_out), wanted=quoted(wanted, 100)
            ),
            fix=call_messages.CHANGE_NAMESPACES,
            tool=wanted[:100],
            setting="URU_NAMESPACES",
        )
    near = catalog.index.search(wanted)[:3]
    meant = call_messages.DID_YOU_MEAN.format(near=" or ".join(near)) if near else ""
    return UnknownTool(
        call_messages.NO_SUCH_TOOL.format(wanted=quoted(wanted, 100)),
        fix=call_messages.FIND_EXACT_NAME.format(meant=meant),
        tool=wanted[:100],
        near=near,
    )
