"""Repairs common client mistakes in arguments if there is only one possible meaning.

Only values that do not match the schema are changed. Source: observed with the clients of docs/clients.md, such as
CrewAI, which sends null for each optional argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from uru_mcp.catalog.schemas.validation_messages import UNIONS, Fault, missing
from uru_mcp.untrusted_input.json_parsing import strictly_parsed

Arguments = dict[str, Any]
Path = tuple[str | int, ...]
Check = Callable[[Arguments], list[Fault]]

ROUNDS = 4  # nested values in a text become visible only after the text is parsed
_NOTHING = object()


def without_nothing(schema: Arguments, arguments: Arguments) -> Arguments:
    """The arguments of one of our own tools without empty optional ones."""
    required = schema.get("required", ())
    return {name: value for name, value in arguments.items() if name in required or not _is_nothing(value)}


def _is_nothing(value: Any) -> bool:
    return value is None or value == ""


def repaired(arguments: Arguments, errors: list[Fault], check: Check, *, is_own: bool) -> tuple[Arguments, list[Fault]]:
    """The arguments with every unambiguous fault repaired, and the remaining faults for the model.

    `is_own` also converts texts to numbers and booleans; an app may expect such values as texts.
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
        if needed:  # null is invalid, and so is leaving it out
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
    """Whether the value is of a union type, whose branches must be considered together."""
    return error.parent is not None and error.parent.validator in UNIONS and not error.relative_path


def _kinds(error: Fault) -> set[str]:
    wanted = error.validator_value
    return {wanted} if isinstance(wanted, str) else set(wanted)


def _as_one_of(kinds: set[str], value: Any, *, is_own: bool) -> Any:
    """The value converted to one of these types, or `_NOTHING`."""
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
        return strictly_parsed(text.lower() if text in ("True", "False") else text)
    except (ValueError, RecursionError):
        return _NOTHING


def _with(container: Any, remedies: dict[Path, Any]) -> Any:
    """A copy with the repairs applied; repairs inside a replaced value are dropped."""
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
