"""Arguments as clients really send them, put right where only one thing can be meant.

Only what does not fit the schema is changed, and what a client adds for itself is removed. Source: seen with the
clients of docs/clients.md, such as CrewAI, which sends null for each optional argument, and n8n.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from uru_mcp.dispatch_input import CLIENT_EXTRAS, INPUTS, TOOL
from uru_mcp.errors import ArgumentError
from uru_mcp.schema_dialect import modern
from uru_mcp.schema_union import Reader
from uru_mcp.schema_words import UNIONS, Fault, missing

Arguments = dict[str, Any]
Path = tuple[str | int, ...]
Check = Callable[[Arguments], list[Fault]]

ROUNDS = 4  # since what is inside a text is seen once that is read
SLIP = 0.8  # difflib's ratio, from 0 to 1
_NOTHING = object()


def for_own_tool(tool: str, schema: Arguments, arguments: Arguments) -> Arguments:
    """The arguments of a tool of ours without those that say nothing and those that it does not know.

    Raises:
        ArgumentError: One that it does not know was meant for one that it does.
    """
    known, required = schema["properties"], schema.get("required", ())
    for name in arguments.keys() - known.keys() - CLIENT_EXTRAS:
        meant = get_close_matches(name, known.keys() - arguments.keys(), n=1, cutoff=SLIP)
        if meant:
            problem = f"`{name[:100]}` is not known; did you mean `{meant[0]}`?"
            raise ArgumentError(
                f"The arguments do not fit {tool}: {problem} Nothing was sent to Uru.",
                fix="Call again with arguments that fit the tool's input schema.",
                tool=tool,
                problems=[{"path": "arguments", "problem": problem}],
            )
    return {
        name: value
        for name, value in arguments.items()
        if name in known and (name in required or not (value is None or (isinstance(value, str) and not value.strip())))
    }


def for_upstream_tool(tool: str, schema: Arguments, arguments: Arguments) -> Arguments:
    """The arguments of a tool of Uru's, out of what they were wrapped in, and without what clients add for themselves.

    What the schema knows, or allows in so many words, stays.
    """
    if not arguments.keys() & {*CLIENT_EXTRAS, *INPUTS}:
        return arguments
    root = modern(schema)
    known = Reader(root).gathered(root, ()).properties.keys()
    is_open = not known or root.get("additionalProperties", False) is not False or "patternProperties" in root
    own = {name: value for name, value in arguments.items() if not _is_extra(name, arguments, known, is_open=is_open)}
    wrapper = [name for name in own if name in INPUTS and name not in known]
    if len(wrapper) != 1 or own.keys() - {TOOL, wrapper[0]} or own.get(TOOL, tool) != tool:
        return own
    inner = _parsed(own[wrapper[0]])
    if not isinstance(inner, dict) or (TOOL in own and TOOL in known):
        return own
    return inner if TOOL in own or inner.keys() & known else own


def _is_extra(name: str, arguments: Arguments, known: Iterable[str], *, is_open: bool) -> bool:
    """Whether a client added this. Where the schema allows any name, one name alone may be meant for the tool."""
    if name not in CLIENT_EXTRAS or name in known:
        return False
    of_a_call = arguments.keys() & {"toolCallId", "tool_call_id"}
    return not is_open or (bool(of_a_call) and len(arguments.keys() & CLIENT_EXTRAS) > 1)


def repaired(arguments: Arguments, errors: list[Fault], check: Check, *, is_own: bool) -> tuple[Arguments, list[Fault]]:
    """The arguments with each fault that has one remedy remedied, and the faults that are left for the model to see.

    `is_own`: numbers and booleans are read from texts too, which an app may want to be texts.
    """
    kept: set[Path] = set()
    for _ in range(ROUNDS):
        remedies = {path: value for error in _all(errors) for path, value in _remedies(error, is_own=is_own)}
        remedies = {path: value for path, value in remedies.items() if path not in kept}
        if not errors or not remedies:
            break
        changed = _with(arguments, remedies)
        errors = check(changed)
        dropped = {path for path, value in remedies.items() if value is _NOTHING}
        needed = dropped & {path for error in _all(errors) for path in _missed(error)}
        if needed:  # null was wrong, and nothing is as well
            kept |= needed
            changed = _with(arguments, {path: value for path, value in remedies.items() if path not in needed})
            errors = check(changed)
        arguments = changed
    return arguments, errors


def _all(errors: Iterable[Fault]) -> Iterator[Fault]:
    for error in errors:
        yield error
        yield from _all(error.context or ())


def _missed(error: Fault) -> list[Path]:
    if error.validator != "required" or not isinstance(error.instance, dict):
        return []
    return [(*error.absolute_path, name) for name in missing(error)]


def _remedies(error: Fault, *, is_own: bool) -> Iterator[tuple[Path, Any]]:
    path, value = tuple(error.absolute_path), error.instance
    if not path or error.validator == "propertyNames":
        return
    if value is None and isinstance(path[-1], str):
        yield path, _NOTHING
    elif error.validator == "type" and not _is_of_union(error):
        found = _as_one_of(_kinds(error), value, is_own=is_own)
        if found is not _NOTHING:
            yield path, found
    elif error.validator in UNIONS and error.context:
        own = [one for one in error.context if not one.relative_path and one.validator == "type"]
        if len(own) == len(error.validator_value):
            found = _as_one_of({kind for one in own for kind in _kinds(one)}, value, is_own=is_own)
            if found is not _NOTHING:
                yield path, found


def _is_of_union(error: Fault) -> bool:
    """Whether the value itself is one of a union, of which all branches must be looked at together."""
    return error.parent is not None and error.parent.validator in UNIONS and not error.relative_path


def _kinds(error: Fault) -> set[str]:
    wanted = error.validator_value
    return {wanted} if isinstance(wanted, str) else set(wanted)


def _as_one_of(kinds: set[str], value: Any, *, is_own: bool) -> Any:
    """The value as one of these types, or `_NOTHING`."""
    if isinstance(value, float):
        return int(value) if "integer" in kinds and value.is_integer() else _NOTHING
    if not isinstance(value, str) or "string" in kinds:
        return _NOTHING
    wanted = kinds & ({"object", "array", "integer", "number", "boolean"} if is_own else {"object", "array"})
    found = _parsed(value)
    if isinstance(found, float) and found.is_integer() and "number" not in wanted:
        found = int(found)
    types = {"object": dict, "array": list, "integer": int, "boolean": bool}
    fits = any(type(found) is types.get(kind) or (kind == "number" and type(found) in (int, float)) for kind in wanted)
    return found if fits else _NOTHING


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except (ValueError, RecursionError):
        return _NOTHING


def _with(container: Any, remedies: dict[Path, Any]) -> Any:
    """A copy with each remedy in its place; what lies inside of a value that is replaced is replaced with it."""
    by_first: dict[str | int, dict[Path, Any]] = {}
    for (first, *rest), value in remedies.items():
        by_first.setdefault(first, {})[tuple(rest)] = value
    copied = container.copy()
    for first, inner in by_first.items():
        if () not in inner:
            copied[first] = _with(copied[first], inner)
        elif inner[()] is _NOTHING:
            del copied[first]
        else:
            copied[first] = inner[()]
    return copied
