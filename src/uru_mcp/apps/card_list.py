"""The list of tools for a client that shows views: the same tools, some with a view, and the tools of views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import mcp.types as types

from uru_mcp import protocol
from uru_mcp.apps.extension import with_view
from uru_mcp.apps.views import KEY, RUN, View
from uru_mcp.own_tools import CARD_TOOLS

VIEW_OF: Mapping[str, View] = {"uru_whoami": KEY, "uru_show_run": RUN}
BEFORE = "uru_read_resource"  # which needs what the tool of the view needs, and is listed when that may be


def with_cards(listed: types.ListToolsResult) -> types.ListToolsResult:
    """The list with the tools of views behind those of ours, each as `tools/list` has it."""
    tools = [with_view(one, VIEW_OF[one.name]) if one.name in VIEW_OF else one for one in _with_own(listed.tools)]
    return listed.model_copy(update={"tools": tools})


def _with_own(tools: list[types.Tool]) -> Iterator[types.Tool]:
    for tool in tools:
        yield tool
        if tool.name == BEFORE:
            yield from map(protocol.tool, CARD_TOOLS.values())
