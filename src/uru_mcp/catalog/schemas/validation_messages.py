"""Formats jsonschema errors as messages that tell a model how to correct a value, in JSON notation.

`ValidationError.message` uses Python notation, and for a union it says only that no branch matches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

Fault = Any  # a `jsonschema.ValidationError`, whose attributes have no useful types

VALUE_CHARS = 100  # of a value that is quoted
VALUES = 8  # of an enumeration that are listed; for a longer one, the closest
NEAREST = 5
COMPARED = 1_000  # values of an enumeration, or names, that are compared
NAMES = 10  # property names that are listed
CLOSE = 0.5  # difflib's ratio, from 0 to 1
UNIONS = ("anyOf", "oneOf")


def problem(error: Fault) -> str:
    """`expected string, got 3`"""
    words = WORDS.get(str(error.validator))
    if words is not None:
        return words(error)
    if error.validator is None:
        return f"nothing is allowed here, got {spelt(error.instance)}"
    return f"does not fit `{error.validator}`: {spelt(error.validator_value)}, got {spelt(error.instance)}"


def missing(error: Fault) -> list[str]:
    """All missing properties of a `required` error."""
    return [name for name in error.validator_value if name not in error.instance]


def spelt(value: Any) -> str:
    """The value as JSON, truncated; only the part that is shown is serialized."""
    text = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(_shortened(value)):
            text += piece
            if len(text) > VALUE_CHARS:
                return f"{text[: VALUE_CHARS - 1]}…"
    except (ValueError, TypeError, RecursionError):
        return "a value that is no JSON"
    return text


def _shortened(value: Any) -> Any:
    return value[: VALUE_CHARS + 1] if isinstance(value, str) else value


def _named(names: Iterable[Any]) -> str:
    names = list(names)
    more = [f"{len(names) - NAMES} more"] if len(names) > NAMES else []
    return ", ".join([*(f"`{str(name)[:VALUE_CHARS]}`" for name in names[:NAMES]), *more])


def _required(error: Fault) -> str:
    names = missing(error)
    return f"{_named(names)} {'is' if len(names) == 1 else 'are'} missing"


def _unknown(error: Fault) -> str:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    extra = [name for name in error.instance if name not in known]
    near = [
        found
        for name in extra[:NAMES]
        for found in get_close_matches(name[:VALUE_CHARS], list(known)[:COMPARED], n=1, cutoff=CLOSE)
    ]
    said = f"{_named(extra)} {'is' if len(extra) == 1 else 'are'} not known"
    if near:
        return f"{said}; did you mean {_named(dict.fromkeys(near))}?"
    return f"{said}; known: {_named(known)}" if known else f"{said}; no property is"


def _type(error: Fault) -> str:
    wanted = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else wanted
    return f"expected {' or '.join(map(str, kinds))}, got {spelt(error.instance)}"


def _enum(error: Fault) -> str:
    return _values(error.validator_value, error.instance)


def _values(values: list[Any], instance: Any) -> str:
    got = f"got {spelt(instance)}"
    if len(values) <= VALUES:
        return f"expected one of {', '.join(map(spelt, values))}, {got}"
    texts = {str(value)[:VALUE_CHARS].casefold(): value for value in reversed(values[:COMPARED])}
    wanted = instance[:VALUE_CHARS] if isinstance(instance, str) else spelt(instance)
    near = get_close_matches(wanted.casefold(), list(texts), n=NEAREST, cutoff=CLOSE)
    shown = ", ".join(spelt(texts[one]) for one in near) or ", ".join(map(spelt, values[:NEAREST]))
    return f"expected one of {len(values)} values, {'the nearest' if near else 'such as'} {shown}, {got}"


def _count(least: str, unit: str) -> Callable[[Fault], str]:
    def words(error: Fault) -> str:
        number = error.validator_value
        return f"expected {least} {number} {unit}{'' if number == 1 else 's'}, got {len(error.instance)}"

    return words


def _bound(relation: str) -> Callable[[Fault], str]:
    return lambda error: f"expected {relation} {spelt(error.validator_value)}, got {spelt(error.instance)}"


def _dependent(error: Fault) -> str:
    needed = {
        name: [one for one in names if one not in error.instance]
        for name, names in error.validator_value.items()
        if name in error.instance
    }
    said = [f"{_named(names)} must be given with `{name}`" for name, names in needed.items() if names]
    return "; ".join(said[:3]) or "something that it depends on is missing"


def _dependent_old(error: Fault) -> str:
    return _dependent(error) if isinstance(error.validator_value, dict) else "something else must be given with it"


def _left_over(error: Fault) -> str:
    return f"has more items than are allowed, got {len(error.instance)}"


def _not(error: Fault) -> str:
    return f"must not fit {spelt(error.validator_value)}, got {spelt(error.instance)}"


def _union(error: Fault) -> str:
    branches = _branches(error)
    if not branches:
        return f"fits more than one of the alternatives, and must fit one alone, got {spelt(error.instance)}"
    if all(one.validator == "required" and not one.relative_path for branch in branches for one in branch):
        groups = dict.fromkeys(" and ".join(f"`{name}`" for name in missing(branch[0])[:NAMES]) for branch in branches)
        return f"give one of: {'; '.join(list(groups)[:VALUES])}"
    own = [next((one for one in branch if not one.relative_path), branch[0]) for branch in branches]
    if all(one.validator == "type" and not one.relative_path for one in own):
        kinds = [one.validator_value for one in own]
        flat = [kind for found in kinds for kind in ([found] if isinstance(found, str) else found)]
        return f"expected {' or '.join(dict.fromkeys(map(str, flat)))}, got {spelt(error.instance)}"
    if all(one.validator in ("const", "enum") and not one.relative_path for one in own):
        values = [[one.validator_value] if one.validator == "const" else one.validator_value for one in own]
        return _values([value for found in values for value in found], error.instance)
    closest = min(branches, key=_distance)
    said = "; ".join(f"{_at(one)}{problem(one)}" for one in closest[:3])
    return f"fits none of {len(branches)} alternatives; for the closest, {said}"


def _branches(error: Fault) -> list[list[Fault]]:
    """The errors of each union branch, in order."""
    found: dict[Any, list[Fault]] = {}
    for one in error.context or ():
        found.setdefault(one.relative_schema_path[0], []).append(one)
    return list(found.values())


def _distance(branch: list[Fault]) -> tuple[bool, bool, int]:
    """The distance of the value from a branch, for sorting: wrong type, wrong kind, number of faults."""
    is_other = any(not one.relative_path and one.validator in ("type", "const", "enum") for one in branch)
    is_other_kind = any(len(one.relative_path) == 1 and one.validator in ("const", "enum") for one in branch)
    return is_other, is_other_kind, len(branch)


def _at(error: Fault) -> str:
    path = ".".join(map(str, error.relative_path))
    return f"`{path}`: " if path else ""


WORDS: dict[str, Callable[[Fault], str]] = {
    "required": _required,
    "additionalProperties": _unknown,
    "unevaluatedProperties": _unknown,
    "type": _type,
    "enum": _enum,
    "const": lambda error: f"expected {spelt(error.validator_value)}, got {spelt(error.instance)}",
    "minLength": _count("at least", "character"),
    "maxLength": _count("at most", "character"),
    "minItems": _count("at least", "item"),
    "maxItems": _count("at most", "item"),
    "minProperties": _count("at least", "property member"),
    "maxProperties": _count("at most", "property member"),
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("more than"),
    "exclusiveMaximum": _bound("less than"),
    "multipleOf": _bound("a multiple of"),
    "pattern": lambda error: f"expected text like `{error.validator_value[:200]}`, got {spelt(error.instance)}",
    "format": _bound("text of the format"),
    "uniqueItems": lambda error: f"expected no item twice, got {spelt(error.instance)}",
    "dependentRequired": _dependent,
    "dependencies": _dependent_old,
    "contains": lambda error: f"no item, or not the right number, fits {spelt(error.validator_value)}",
    "items": _left_over,
    "unevaluatedItems": _left_over,
    "not": _not,
    **dict.fromkeys(UNIONS, _union),
}
