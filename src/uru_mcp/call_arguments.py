"""What a call is to be run with: its arguments as they are meant, after the check, for tools of ours and of Uru's.

What checks them is imported when the client has had its first answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uru_mcp import messages
from uru_mcp.dispatch_input import INPUTS, TOOL, Reading, ambiguous, read_call
from uru_mcp.errors import ArgumentError
from uru_mcp.fields import is_larger
from uru_mcp.heavy_work import in_thread
from uru_mcp.own_tools import CARD_TOOLS, DISPATCHERS, INPUT, OWN
from uru_mcp.surface import Call

QUICK = 20_000  # characters of a schema, or of arguments, that are checked at once

Arguments = dict[str, Any]


def of_own_tool(name: str, sent: Arguments) -> Reading:
    """What a call of a tool of ours may mean. Raises: ArgumentError."""
    from uru_mcp import argument_repair, argument_wrapping, arguments

    schema = {**OWN, **CARD_TOOLS}[name].schema
    if name not in DISPATCHERS:
        meant = argument_repair.without_nothing(schema, argument_wrapping.unwrapped((name,), schema, sent))
        return Reading(arguments.accepted(name, schema, meant, trusted=True))
    reading = read_call(name, sent)
    try:
        if reading.trouble is None:
            return replace(reading, call=arguments.accepted(name, schema, reading.call, trusted=True))
        trouble = reading.trouble
    except ArgumentError as error:
        trouble = error
    if reading.flat is None:
        raise trouble
    tool = arguments.accepted(name, schema, {TOOL: reading.call[TOOL]}, trusted=True)
    return replace(reading, call=tool, trouble=trouble)


async def of_upstream_tool(call: Call, reading: Reading) -> Arguments:
    """What one of Uru's tools is to be run with; it is found out in a thread where that or the schema is large.

    Raises:
        ArgumentError: It does not fit, or it is not clear what is meant.
    """
    is_quick = len(call.tool.schema_json) <= QUICK and not is_larger([call.arguments, reading.flat], QUICK)
    return _meant(call, reading) if is_quick else await in_thread(lambda: _meant(call, reading))


def _meant(call: Call, reading: Reading) -> Arguments:
    from uru_mcp import argument_wrapping

    flat = reading.flat
    if flat is not None and flat.keys() & {*INPUTS} & {*argument_wrapping.known_names(call.tool.schema)}:
        return _one_of_two(call, reading, flat)
    if reading.trouble is not None:
        raise reading.trouble
    return _accepted(call, call.arguments)


def _one_of_two(call: Call, reading: Reading, flat: Arguments) -> Arguments:
    """What fits the tool: the input, or all that lies flat beside `tool`, where the tool has an argument named so.

    An object as `input` is the input, as is listed, wherever it fits. Otherwise, no choice is made between two.
    """
    found: list[Arguments] = []
    trouble = reading.trouble
    if trouble is None:
        try:
            found.append(_accepted(call, call.arguments))
        except ArgumentError as error:
            trouble = error
    if found and isinstance(flat.get(INPUT), dict):
        return found[0]
    try:
        found.append(_accepted(call, flat))
    except ArgumentError as error:
        trouble = trouble or error
    if trouble is not None and not found:
        raise trouble
    if any(one != found[0] for one in found):
        names = " and ".join(f"`{name}`" for name in flat if name in INPUTS)
        raise ambiguous(messages.ARGUMENT_OF_ITS_OWN.format(id=call.tool.id, names=names), call.via or call.tool.id)
    return found[0]


def _accepted(call: Call, given: Arguments) -> Arguments:
    from uru_mcp import argument_wrapping, arguments

    tool, at = call.tool, "arguments" if call.via is None else INPUT
    meant = argument_wrapping.unwrapped((tool.id, tool.listed_as), tool.schema, given)
    return arguments.accepted(tool.id, tool.schema, meant, trusted=False, at=at)
