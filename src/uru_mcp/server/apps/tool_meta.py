"""The `_meta` of listed tools: the card that shows a tool's results, and Claude Code's keys.

A client that declares nothing gets no `_meta`, unless the user has set `URU_CONFIRM` or `URU_APPROVALS`.

* MCP Apps: `ui` and the older `ui/resourceUri`, for clients that show cards
* Claude Code: `anthropic/requiresUserInteraction` on the tool that decides approvals, and `anthropic/alwaysLoad` on the
  tools that a model must see at once. Sent to clients named `claude-code`, and to all once one of the two is set
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.approvals.decisions import CARD, TOOL
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.server.apps.views import KEY, RUN

DECIDES = shown_name(PLATFORM, DECIDE)
RUNS_AUTOMATIONS = frozenset({shown_name(PLATFORM, "automation_run"), DECIDES})
DISPATCH_RUNS = frozenset({"uru_execute", "uru_result"})  # a card for each of their results, only if the user wants it
SEEN_AT_ONCE = frozenset({"uru_whoami", "uru_search_tools", "uru_list_resources"})

CARDS: Mapping[str, str] = {"uru_whoami": KEY.uri, "uru_show_run": RUN.uri}
"""The URI of the card for each of our tools whose results have their own card."""


class Audience(NamedTuple):
    """The client that gets the list: whether it shows cards, can elicit, and knows Claude Code's keys."""

    shows_cards: bool = False
    can_elicit: bool = False
    knows_claude_code: bool = False
    confirms: bool = False  # the user has set `URU_CONFIRM` or `URU_APPROVALS=person`

    @property
    def asks_by_card(self) -> bool:
        return self.shows_cards and not self.can_elicit


def asks_by_card(name: str, audience: Audience, waits_for_a_yes: Callable[[str], bool]) -> bool:
    """Whether the results of this tool open the card that asks a person. A host opens it for each result."""
    may_wait = name in RUNS_AUTOMATIONS or (audience.confirms and name in DISPATCH_RUNS)
    return audience.asks_by_card and (may_wait or waits_for_a_yes(name))


def tool_meta(name: str, audience: Audience, waits_for_a_yes: Callable[[str], bool]) -> dict[str, Any] | None:
    """The `_meta` of the tool listed under this name; None if it has none."""
    meta: dict[str, Any] = {}
    card = CARDS.get(name) if audience.shows_cards else None
    if card is None and asks_by_card(name, audience, waits_for_a_yes):
        card = CARD
    if name == TOOL:
        meta["ui"] = {"visibility": ["app"]}
    elif card is not None:
        meta |= {"ui": {"resourceUri": card}, "ui/resourceUri": card}
    if audience.knows_claude_code and name == DECIDES:
        meta["anthropic/requiresUserInteraction"] = True
    if audience.knows_claude_code and name in SEEN_AT_ONCE:
        meta["anthropic/alwaysLoad"] = True
    return meta or None
