"""Inserts the tools for views into the list of tools, for clients that show views."""

from __future__ import annotations

from uru_mcp.tools.definitions import CARD_TOOLS, Definition

BEFORE = "uru_read_resource"  # needs the same permissions, so it is listed whenever they may be listed


def with_card_tools(definitions: list[Definition]) -> list[Definition]:
    """The list with the tools for views inserted after the tool that reads resources."""
    place = next((number for number, one in enumerate(definitions, 1) if one.name == BEFORE), None)
    return definitions if place is None else [*definitions[:place], *CARD_TOOLS.values(), *definitions[place:]]
