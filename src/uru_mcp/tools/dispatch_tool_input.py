"""What a call of a dispatch tool means: the tool, and what it is to be run with, in each form that models write.

`{"tool": "…", "input": {…}}` is the form that is listed. The input may have another name, be JSON in a text, or lie
flat beside `tool`. Source: seen with the clients of docs/clients.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uru_mcp import messages
from uru_mcp.errors import ArgumentError
from uru_mcp.tools.definitions import INPUT
from uru_mcp.untrusted_input.json_parsing import strictly_parsed

Arguments = dict[str, Any]

TOOL = "tool"
OTHER_NAMES = ("arguments", "parameters", "args", "params")
INPUTS = (INPUT, *OTHER_NAMES)

ACTION = "action"
N8N_ACTIONS = ("sendMessage", "loadPreviousSession")
CLIENT_EXTRAS = frozenset({"toolCallId", "tool_call_id", "sessionId", "session_id", ACTION, "chatInput", "chat_input"})
"""What n8n puts beside the arguments of each call, for itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a call may mean.

    `call` has the form that is listed. `flat` is all that lies beside `tool` where one name there is that of an input,
    since the tool may have an argument of that name. `trouble` is why nothing but `flat` may be meant.
    """

    call: Arguments
    flat: Arguments | None = None
    trouble: ArgumentError | None = None


def named_tool(arguments: Arguments) -> Any:
    """The tool that a dispatch tool is to run, wherever it is named; anything at all, or None."""
    if arguments.get(TOOL) is not None:
        return arguments[TOOL]
    inner = [object_in(arguments.get(name)) for name in INPUTS]
    return next((one[TOOL] for one in inner if one is not None and TOOL in one), None)


def read_call(dispatcher: str, arguments: Arguments) -> Reading:
    """The call in the form that is listed, and what else it may mean."""
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
        trouble = ambiguous(messages.CANNOT_STAND_BESIDE.format(names=names, given=next(iter(given))), dispatcher)
    return Reading({**own, INPUT: inputs[0]}, flat, trouble)


def client_extras(arguments: Arguments) -> set[str]:
    """The names that a client put there for itself; `action` is often meant for the tool, and is not one by itself."""
    found = arguments.keys() & CLIENT_EXTRAS
    if found == {ACTION} and arguments[ACTION] not in N8N_ACTIONS:
        return set()
    return found


def object_in(value: Any) -> Arguments | None:
    """An object, or one that is written as JSON in a text."""
    if isinstance(value, str):
        try:
            value = strictly_parsed(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def ambiguous(problem: str, dispatcher: str) -> ArgumentError:
    return ArgumentError(
        messages.UNCLEAR_INPUT.format(dispatcher=dispatcher, problem=problem),
        fix=messages.ALL_INSIDE_INPUT,
        tool=dispatcher,
        problems=[{"path": INPUT, "problem": problem}],
    )


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
