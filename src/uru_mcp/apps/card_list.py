"""Where the tools of views stand in the list of a client that shows views."""

from __future__ import annotations

from uru_mcp.own_tools import CARD_TOOLS, Definition

BEFORE = "uru_read_resource"  # which needs what they need, and is listed when they may be


def with_card_tools(definitions: list[Definition]) -> list[Definition]:
    """The same list with the tools of views behind the one that reads resources."""
    place = next((number for number, one in enumerate(definitions, 1) if one.name == BEFORE), None)
    return definitions if place is None else [*definitions[:place], *CARD_TOOLS.values(), *definitions[place:]]
