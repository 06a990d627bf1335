"""What a call of a dispatch tool means: the tool, and what it is to be run with, in each form that models write.

`{"tool": "…", "input": {…}}` is the form that is listed. The input may have another name, be JSON in a text, hold the
whole form once more, or lie flat beside `tool`. Source: seen with the clients of docs/clients.md.
"""

from __future__ import annotations

import json
from typing import Any

from uru_mcp.errors import ArgumentError
from uru_mcp.own_tools import INPUT

Arguments = dict[str, Any]

TOOL = "tool"
OTHER_NAMES = ("arguments", "parameters", "args", "params")
INPUTS = (INPUT, *OTHER_NAMES)

CLIENT_EXTRAS = frozenset(
    {"toolCallId", "tool_call_id", "sessionId", "session_id", "action", "chatInput", "chat_input"}
)
"""What n8n puts beside the arguments of each call, for itself."""


def named_tool(arguments: Arguments) -> Any:
    """The tool that a dispatch tool is to run, wherever it is named; anything at all, or None."""
    if TOOL in arguments:
        return arguments[TOOL]
    inner = [_as_object(arguments.get(name)) for name in INPUTS]
    return next((one[TOOL] for one in inner if one is not None and TOOL in one), None)


def opened(dispatcher: str, arguments: Arguments) -> Arguments:
    """The call in the form that is listed.

    Raises:
        ArgumentError: There are two inputs that differ, or something lies beside the input.
    """
    tool = named_tool(arguments)
    own = {} if tool is None else {TOOL: tool}
    given = {name: arguments[name] for name in INPUTS if not _is_nothing(arguments.get(name))}
    beside = {name: value for name, value in arguments.items() if name not in (TOOL, *INPUTS)}
    if not given:
        return {**own, INPUT: beside} if beside else own
    inputs = [_unwrapped(value, tool) for value in given.values()]
    if any(one != inputs[0] for one in inputs):
        raise _ambiguous(f"{' and '.join(f'`{name}`' for name in given)} differ", dispatcher)
    extra = [name for name, value in beside.items() if name not in CLIENT_EXTRAS and value is not None]
    if extra:
        names = ", ".join(f"`{name[:100]}`" for name in extra[:5])
        raise _ambiguous(f"{names} cannot stand beside `{next(iter(given))}`", dispatcher)
    return {**own, INPUT: inputs[0]}


def _unwrapped(value: Any, tool: Any) -> Any:
    """What is inside `{"tool": the same, "arguments": {…}}`, however often; what is no object as it is."""
    found = _as_object(value)
    if found is None:
        return value
    while found.get(TOOL) == tool and tool is not None:
        inner = [found[name] for name in INPUTS if name in found]
        rest = found.keys() - {TOOL, *INPUTS} - CLIENT_EXTRAS
        if rest or len(inner) > 1:
            return found
        content = _as_object(inner[0]) if inner else {}
        if content is None:
            return inner[0]
        found = content
    return found


def _as_object(value: Any) -> Arguments | None:
    """An object, or one that is written as JSON in a text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _ambiguous(problem: str, dispatcher: str) -> ArgumentError:
    return ArgumentError(
        f"It is not clear what {dispatcher} is to run the tool with: {problem}. Nothing was sent to Uru.",
        fix="Call again with `tool`, and all that the tool is run with inside `input`.",
        tool=dispatcher,
        problems=[{"path": INPUT, "problem": problem}],
    )
