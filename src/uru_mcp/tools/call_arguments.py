"""Resolves and validates the arguments of a call, for our own tools and for Uru's.

The validator is imported lazily, after the first answers have been sent.
"""

from __future__ import annotations

from typing import Any

from uru_mcp.errors import ArgumentError
from uru_mcp.messages import report_messages
from uru_mcp.tools.definitions import CARD_TOOLS, DISPATCHERS, INPUT, OWN
from uru_mcp.tools.dispatch_tool_input import INPUTS, TOOL, Reading, ambiguous, read_call
from uru_mcp.tools.shown_tools import Call
from uru_mcp.untrusted_input.json_fields import is_larger
from uru_mcp.worker_threads import in_thread

QUICK = 20_000  # characters of a schema or of arguments; larger ones are checked in a thread

Arguments = dict[str, Any]


def of_own_tool(name: str, sent: Arguments) -> Reading:
    """The possible readings of a call to one of our own tools. Raises: ArgumentError."""
    from uru_mcp.catalog.schemas import argument_repair, validation
    from uru_mcp.tools import argument_unwrapping

    schema = {**OWN, **CARD_TOOLS}[name].schema
    if name not in DISPATCHERS:
        meant = argument_repair.without_nothing(schema, argument_unwrapping.unwrapped((name,), schema, sent))
        return Reading(validation.accepted(name, schema, meant, trusted=True))
    reading = read_call(name, sent)
    try:
        if reading.trouble is None:
            return reading._replace(call=validation.accepted(name, schema, reading.call, trusted=True))
        trouble = reading.trouble
    except ArgumentError as error:
        trouble = error
    if reading.flat is None:
        raise trouble
    tool = validation.accepted(name, schema, {TOOL: reading.call[TOOL]}, trusted=True)
    return reading._replace(call=tool, trouble=trouble)


async def of_upstream_tool(call: Call, reading: Reading) -> Arguments:
    """The validated arguments for one of Uru's tools; validated in a thread if they or the schema are large.

    Raises:
        ArgumentError: The arguments are invalid or ambiguous.
    """
    is_quick = len(call.tool.schema_json) <= QUICK and not is_larger([call.arguments, reading.flat], QUICK)
    return _meant(call, reading) if is_quick else await in_thread(lambda: _meant(call, reading))


def _meant(call: Call, reading: Reading) -> Arguments:
    from uru_mcp.tools import argument_unwrapping

    flat = reading.flat
    if flat is not None and flat.keys() & {*INPUTS} & {*argument_unwrapping.known_names(call.tool.schema)}:
        return _one_of_two(call, reading, flat)
    if reading.trouble is not None:
        raise reading.trouble
    return _accepted(call, call.arguments)


def _one_of_two(call: Call, reading: Reading, flat: Arguments) -> Arguments:
    """Choose between `input` and the arguments beside `tool`, for a tool that has an argument with a name like `input`.

    An object as `input`, the documented form, wins if it is valid. Otherwise, two valid readings are ambiguous.
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
        raise ambiguous(
            report_messages.ARGUMENT_OF_ITS_OWN.format(id=call.tool.id, names=names), call.via or call.tool.id
        )
    return found[0]


def _accepted(call: Call, given: Arguments) -> Arguments:
    from uru_mcp.catalog.schemas import validation
    from uru_mcp.tools import argument_unwrapping

    tool, at = call.tool, "arguments" if call.via is None else INPUT
    meant = argument_unwrapping.unwrapped((tool.id, tool.listed_as), tool.schema, given)
    return validation.accepted(tool.id, tool.schema, meant, trusted=False, at=at)
