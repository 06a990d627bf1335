"""Parses the input of a dispatch tool: the name and the arguments of the tool to run, in every form that models write.

`{"tool": "…", "input": {…}}` is the documented form. The input may also have another name, be a JSON string, or be flat
beside `tool`. Source: observed with the clients of docs/clients.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from uru_mcp.errors import ArgumentError
from uru_mcp.messages import call_messages
from uru_mcp.tools.definitions import INPUT
from uru_mcp.untrusted_input.json_parsing import strictly_parsed

Arguments = dict[str, Any]

TOOL = "tool"
OTHER_NAMES = ("arguments", "parameters", "args", "params")
INPUTS = (INPUT, *OTHER_NAMES)

ACTION = "action"
N8N_ACTIONS = ("sendMessage", "loadPreviousSession")
CLIENT_EXTRAS = frozenset({"toolCallId", "tool_call_id", "sessionId", "session_id", ACTION, "chatInput", "chat_input"})
"""Arguments that n8n adds to each call for its own use."""


class Reading(NamedTuple):
    """The possible readings of a call.

    `call` has the documented form. `flat` holds everything beside `tool` if one name there is that of an input, since
    the tool may have an argument with that name. `trouble` is the reason why only `flat` can be meant.
    """

    call: Arguments
    flat: Arguments | None = None
    trouble: ArgumentError | None = None


def named_tool(arguments: Arguments) -> Any:
    """The tool that the call names, wherever it does so: any JSON value, or None."""
    if arguments.get(TOOL) is not None:
        return arguments[TOOL]
    inner = [object_in(arguments.get(name)) for name in INPUTS]
    return next((one[TOOL] for one in inner if one is not None and TOOL in one), None)


def read_call(dispatcher: str, arguments: Arguments) -> Reading:
    """The call in the documented form, and its other possible readings."""
    tool = named_tool(arguments)
    own = {} if tool is None else {TOOL: tool}
    beside = {name: value for name, value in arguments.items() if name != TOOL}
    others = {name: value for name, value in beside.items() if name not in INPUTS}
    given = {name: value for name, value in beside.items() if name in INPUTS and not _is_nothing(value)}
    flat = beside if len(others) < len(beside) and arguments.get(TOOL) is not None else None
    if not given:
        return Reading({**own, INPUT: others} if others else own, flat)
    inputs = [value if (found := object_in(value)) is None else found for value in given.values()]
    extra = [name for name, value in others.items() if name not in client_extras(arguments) and value is not None]
    trouble = None
    if any(one != inputs[0] for one in inputs):
        trouble = ambiguous(f"{' and '.join(f'`{name}`' for name in given)} differ", dispatcher)
    elif extra:
        names = ", ".join(f"`{name[:100]}`" for name in extra[:5])
        trouble = ambiguous(call_messages.CANNOT_STAND_BESIDE.format(names=names, given=next(iter(given))), dispatcher)
    return Reading({**own, INPUT: inputs[0]}, flat, trouble)


def client_extras(arguments: Arguments) -> set[str]:
    """The arguments that a client added for its own use; `action` alone is not one, since tools often have it."""
    found = arguments.keys() & CLIENT_EXTRAS
    if found == {ACTION} and arguments[ACTION] not in N8N_ACTIONS:
        return set()
    return found


def object_in(value: Any) -> Arguments | None:
    """The value if it is an object, or the object in a JSON string; None otherwise."""
    if isinstance(value, str):
        try:
            value = strictly_parsed(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def ambiguous(problem: str, dispatcher: str) -> ArgumentError:
    return ArgumentError(
        call_messages.UNCLEAR_INPUT.format(dispatcher=dispatcher, problem=problem),
        fix=call_messages.ALL_INSIDE_INPUT,
        tool=dispatcher,
        problems=[{"path": INPUT, "problem": problem}],
    )


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
