"""Unwraps tool arguments that a client or model nested in another object, and removes a client's extra arguments.

The tool's schema decides: arguments that it defines or explicitly allows are left alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from uru_mcp.catalog.schemas.draft_translation import modern
from uru_mcp.catalog.schemas.unions import Reader
from uru_mcp.messages import report_messages
from uru_mcp.tools.dispatch_tool_input import CLIENT_EXTRAS, INPUTS, TOOL, ambiguous, client_extras, object_in

Arguments = dict[str, Any]

DEEPEST = 5  # nested wrappers
MAY_WRAP = frozenset({TOOL, *CLIENT_EXTRAS, *INPUTS})


class _Shape(NamedTuple):
    """The argument names that a schema defines, and whether it explicitly allows others."""

    known: Collection[str]
    is_open: bool


def unwrapped(names: Collection[str], schema: Arguments, arguments: Arguments) -> Arguments:
    """The unwrapped arguments of the tool with these names.

    Raises:
        ArgumentError: The arguments name another tool.
    """
    if not arguments.keys() & MAY_WRAP:
        return arguments
    shape = _shape_of(schema)
    for _ in range(DEEPEST):
        arguments = {name: value for name, value in arguments.items() if not _is_extra(name, arguments, shape)}
        inner = _inside(names, shape, arguments)
        if inner is None:
            break
        arguments = inner
    if TOOL not in shape.known and arguments.get(TOOL) in names:
        return {name: value for name, value in arguments.items() if name != TOOL}
    return arguments


def known_names(schema: Arguments) -> Collection[str]:
    """The names of the arguments that a schema defines."""
    return _shape_of(schema).known


def _shape_of(schema: Arguments) -> _Shape:
    root = modern(schema)
    known = Reader(root).gathered(root, ()).properties.keys()
    return _Shape(known, root.get("additionalProperties", False) is not False or "patternProperties" in root)


def _is_extra(name: str, arguments: Arguments, shape: _Shape) -> bool:
    """Whether a client added this argument. If the schema allows any name, a single one may be meant for the tool."""
    extras = client_extras(arguments)
    if name not in extras or name in shape.known:
        return False
    of_a_call = bool(extras & {"toolCallId", "tool_call_id"})
    if shape.is_open:
        return of_a_call and len(extras) > 1
    return of_a_call or bool(shape.known) or len(extras) > 1


def _inside(names: Collection[str], shape: _Shape, arguments: Arguments) -> Arguments | None:
    """The wrapped arguments, or None if nothing is wrapped."""
    wrappers = [name for name in arguments if name in INPUTS and name not in shape.known]
    if len(wrappers) != 1 or arguments.keys() - {TOOL, wrappers[0]}:
        return None
    inner = object_in(arguments[wrappers[0]])
    if inner is None or (TOOL in arguments and TOOL in shape.known):
        return None
    if TOOL in arguments:
        if arguments[TOOL] not in names:
            raise ambiguous(report_messages.TWO_TOOLS_NAMED, next(iter(names)))
        return inner
    return inner if not shape.is_open and (not inner or inner.keys() & shape.known) else None
