"""Translates schemas of any JSON Schema draft, or of none, to JSON Schema 2020-12 with the intended meaning.

It translates draft-04, draft-07 and OpenAPI, since schemas rarely declare their dialect. Keywords without a meaning in
any of them are removed, so that the rest can still be validated. It does not relax schemas for clients:
`client_compatibility.py` does that. Nothing is fetched: a reference to another document is removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any
from urllib.parse import unquote

Schema = dict[str, Any]

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")

OTHER_WORDS = {
    **dict.fromkeys(("str", "text", "date", "datetime", "date-time", "time", "uuid", "email", "uri", "url"), "string"),
    **dict.fromkeys(("int", "int32", "int64", "long"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("bool",), "boolean"),
    **dict.fromkeys(("dict", "map"), "object"),
    **dict.fromkeys(("list", "tuple"), "array"),
    **dict.fromkeys(("none",), "null"),
}
"""Type names of other languages, case-insensitive; other unknown names are ignored."""

NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")  # schemas by name
SINGLE = (
    *("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
_COUNTED = ("Length", "Items", "Properties", "Contains")
COUNTS = tuple(f"{end}{what}" for end in ("min", "max") for what in _COUNTED)
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
TEXTS = ("title", "description", "format", "$comment", "contentEncoding", "contentMediaType", "$ref")
FLAGS = ("uniqueItems", "deprecated", "readOnly", "writeOnly")
BESIDE = ("title", "description", "default", "examples")  # annotations
DATA = ("const", "default", "enum", "examples")

_NOTHING = object()


def modern(schema: Schema) -> Schema:
    """The same schema in JSON Schema 2020-12, with an object at its root."""
    translated = _translated(schema)
    root = translated if isinstance(translated, dict) else {}
    root["type"] = "object"
    _drop_dangling(root, root)
    return root


def target_of(reference: str, root: Schema) -> Schema | bool | None:
    """Resolve a reference within its own document; None if it cannot be resolved."""
    if not reference.startswith("#"):
        return None
    pointer = unquote(reference[1:])
    if pointer and not pointer.startswith("/"):
        return None  # anchors are not supported; no tool schema has been seen to use them
    found: Any = root
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found if isinstance(found, (dict, bool)) else None


def _translated(schema: Any) -> Schema | bool:
    """Translate one schema and its subschemas. Anything that is not a schema allows every value."""
    if not isinstance(schema, dict):
        return schema if isinstance(schema, bool) else True
    made: Schema = {}
    for keyword, value in schema.items():
        reader = READERS.get(keyword)
        if reader is None and keyword.startswith("$"):
            continue
        read = value if reader is None else reader(value)  # a reference may point into an unknown keyword
        if read is not _NOTHING:
            made[keyword] = read
    _translate_bounds(schema, made)
    _translate_tuple(schema, made)
    _translate_dependencies(schema, made)
    _translate_required(schema, made)
    made.pop("nullable", None)
    return _with_null(made) if schema.get("nullable") is True else made


def _translate_bounds(schema: Schema, made: Schema) -> None:
    """Draft-04: `{"minimum": 0, "exclusiveMinimum": true}`."""
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(exclusive) is True and inclusive in made:
            made[exclusive] = made.pop(inclusive)


def _translate_tuple(schema: Schema, made: Schema) -> None:
    """Draft-07: `{"items": [{}, {}], "additionalItems": false}`."""
    rest = made.pop("additionalItems", None)
    if isinstance(schema.get("items"), list):
        made.pop("items", None)
        if schema["items"]:
            made["prefixItems"] = [_translated(one) for one in schema["items"]]
        if isinstance(rest, (dict, bool)):
            made["items"] = _translated(rest)


def _translate_dependencies(schema: Schema, made: Schema) -> None:
    """Draft-07: `{"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}`."""
    made.pop("dependencies", None)
    found = schema.get("dependencies")
    for name, needed in found.items() if isinstance(found, dict) else ():
        if isinstance(needed, list):
            made.setdefault("dependentRequired", {})[name] = [one for one in needed if isinstance(one, str)]
        elif isinstance(needed, dict):
            made.setdefault("dependentSchemas", {})[name] = _translated(needed)


def _translate_required(schema: Schema, made: Schema) -> None:
    """Draft-03 and many handwritten schemas: `{"properties": {"a": {"required": true}}}`."""
    given = schema.get("properties")
    own = given if isinstance(given, dict) else {}
    said = [name for name, inner in own.items() if isinstance(inner, dict) and inner.get("required") is True]
    required = list(dict.fromkeys([*made.get("required", ()), *said]))
    if required:
        made["required"] = required
    for name in required:
        inner = made.get("properties", {}).get(name)
        if isinstance(inner, dict) and "default" in inner and inner["default"] is None:
            made["properties"][name] = _with_null(inner)  # it is required, and its own default is null


def _with_null(schema: Schema) -> Schema:
    """The same schema, but also allowing null. Source: OpenAPI 3.0, `nullable: true`."""
    if "type" not in schema or schema.keys() & {"anyOf", "oneOf", "allOf", "$ref", "const"}:
        beside: Schema = {name: schema[name] for name in BESIDE if name in schema}
        return {"anyOf": [schema, {"type": "null"}], **beside}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    made = {**schema, "type": kinds if "null" in kinds else [*kinds, "null"]}
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _drop_dangling(schema: Schema, root: Schema) -> None:
    for one in _schemas(schema):
        if "$ref" in one and target_of(one["$ref"], root) is None:
            del one["$ref"]


def _schemas(schema: Any) -> Iterator[Schema]:
    """A schema and all its subschemas, but not data that only looks like a schema."""
    if isinstance(schema, list):
        for one in schema:
            yield from _schemas(one)
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            yield from _schemas(list(value.values()))
        elif keyword not in DATA:
            yield from _schemas(value)


def _type(value: Any) -> Any:
    words = value if isinstance(value, list) else [value]
    kinds = [_type_word(word) for word in words]
    if not kinds or None in kinds:
        return _NOTHING
    unique = list(dict.fromkeys(kinds))
    return unique[0] if len(unique) == 1 else unique


def _type_word(word: Any) -> str | None:
    lower = word.strip().lower() if isinstance(word, str) else ""
    return lower if lower in TYPES else OTHER_WORDS.get(lower)


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        except ValueError:
            return _NOTHING
    if isinstance(value, float):
        return value if isfinite(value) else _NOTHING
    return value if isinstance(value, int) and not isinstance(value, bool) else _NOTHING


def _count(value: Any) -> Any:
    number = _number(value)
    return _NOTHING if number is _NOTHING or number < 0 or number != int(number) else int(number)


def _step(value: Any) -> Any:
    number = _number(value)
    return _NOTHING if number is _NOTHING or number <= 0 else number


def _pattern(value: Any) -> Any:
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError, OverflowError):
        return _NOTHING
    return value


def _of(kind: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, kind) else _NOTHING


def _filled_list(value: Any) -> Any:
    return value if isinstance(value, list) and value else _NOTHING


def _by_name(value: Any) -> Any:
    return {name: _translated(one) for name, one in value.items()} if isinstance(value, dict) else _NOTHING


def _patterns(value: Any) -> Any:
    found = value if isinstance(value, dict) else {}
    return {name: _translated(one) for name, one in found.items() if _pattern(name) is not _NOTHING}


def _several(value: Any) -> Any:
    return [_translated(one) for one in value] if isinstance(value, list) and value else _NOTHING


def _single(value: Any) -> Any:
    return _translated(value) if isinstance(value, (dict, bool)) else _NOTHING


def _names(value: Any) -> Any:
    names = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    return list(dict.fromkeys(names)) if names else _NOTHING


def _names_by_name(value: Any) -> Any:
    found = value if isinstance(value, dict) else {}
    return {name: names for name, one in found.items() if (names := _names(one)) is not _NOTHING}


READERS: dict[str, Callable[[Any], Any]] = {
    "type": _type,
    "required": _names,
    "enum": _filled_list,
    "examples": _of(list),
    "pattern": _pattern,
    "multipleOf": _step,
    "dependentRequired": _names_by_name,
    **dict.fromkeys(NAMED, _by_name),
    "patternProperties": _patterns,
    **dict.fromkeys(SINGLE, _single),
    **dict.fromkeys(SEVERAL, _several),
    **dict.fromkeys(COUNTS, _count),
    **dict.fromkeys(BOUNDS, _number),
    **dict.fromkeys(TEXTS, _of(str)),
    **dict.fromkeys(FLAGS, _of(bool)),
}
