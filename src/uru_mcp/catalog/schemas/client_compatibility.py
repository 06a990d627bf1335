"""Simplifies schemas for `tools/list` to the subset of JSON Schema that every known client and model API accepts.

A schema of this subset has one `type`, or `anyOf` whose branches have one; it contains no references, and its root is
an object with nothing but properties. Descriptions tell the model what was removed. The result is only for listing: a
call is validated against the full schema.

Source: observed with the clients of docs/clients.md. Booleans in place of schemas hide all tools from clients on the
TypeScript SDK 1; lists as `type` break Semantic Kernel; `format` makes CrewAI and LlamaIndex require another package;
Gemini rejects enumerations of anything but text, and arrays without `items`; Anthropic and OpenAI reject combinations
at the root, and property names that do not match `NAME`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from uru_mcp.catalog.schemas.draft_translation import BESIDE, Schema, modern
from uru_mcp.catalog.schemas.scalar_types import (
    DESCRIPTION_CHARS,
    KIND_OF,
    drop_impossible,
    enumerate_values,
    is_of,
    limit_number,
    limit_text,
)
from uru_mcp.catalog.schemas.unions import CHOICES, Reader, in_words, merged
from uru_mcp.messages import call_messages
from uru_mcp.untrusted_input.token_estimate import weight_of
from uru_mcp.untrusted_input.word_splitting import shortened

NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
SAID_CHARS = 200  # of a schema's description of its object
DEEPEST = 8  # levels of nested objects and arrays; deeper ones are shown without their contents
LARGEST = 1_000  # subschemas of a schema; later ones are shown without their contents

ONE = ("string", "number", "boolean", "object")
ANY_ITEM: Schema = {"anyOf": [{"type": kind} for kind in ONE]}
ANYTHING: Schema = {"anyOf": [*ANY_ITEM["anyOf"], {"type": "array", "items": ANY_ITEM}]}

SAYS: dict[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
"""Keywords that imply the type of a value if `type` is missing."""


class Fit(NamedTuple):
    """The simplified schema, a note for the description, and the property names that clients may reject.

    `weight` is that of the schema as JSON, in characters (`token_estimate.weight_of`).
    """

    schema: Schema
    note: str
    refused_names: tuple[str, ...]
    weight: int


@lru_cache(maxsize=2_000)
def fit(schema_json: str) -> Fit:
    """Simplify the schema of a tool's arguments for listing; cached, so the same schema returns the same object."""
    root = modern(json.loads(schema_json))
    fitter = _Fitter(root)
    made, note = fitter.object_of(root, (), 0)
    said = root.get("description")  # the listed root schema has only properties, so this goes elsewhere
    if isinstance(said, str) and said:
        note = f"{shortened(said, SAID_CHARS)} {note}".strip()
    shown = {"type": "object", "properties": {}, **made}
    return Fit(shown, note, tuple(fitter.refused_names), weight_of(json.dumps(shown, ensure_ascii=False)))


def refused_names(schema: Any) -> Iterator[str]:
    """Property names at any depth that clients may reject; fast, since there may be very many schemas."""
    pending = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            named = one.get("properties")
            if isinstance(named, dict):
                yield from (name for name in named if not NAME.fullmatch(name))
            pending += one.values()


class _Fitter:
    """Simplifies one schema, whose root is `root`."""

    def __init__(self, root: Schema) -> None:
        self._reader = Reader(root)
        self._left = LARGEST
        self.refused_names: dict[str, None] = {}

    def fitted(self, schema: Any, seen: tuple[str, ...], depth: int) -> Schema:
        """Simplify the schema of a property or an item."""
        self._left -= 1
        if not isinstance(schema, dict):
            return dict(ANYTHING)
        schema, seen = self._reader.whole(schema, seen)
        kinds = _kinds(schema)
        told = [call_messages.MAY_BE_NULL] if "null" in kinds and len(kinds) > 1 else []
        kinds = [kind for kind in kinds if kind != "null"] or kinds
        choice = [one for keyword in CHOICES for one in schema.get(keyword, ())]
        if self._left < 0 or depth > DEEPEST or "$ref" in schema:
            behind = self._reader.kind_behind(schema["$ref"]) if "$ref" in schema else None
            made = _without_inside(kinds[0] if kinds else behind if isinstance(behind, str) else None)
        elif choice and kinds != ["object"] and not (kinds and not _values(schema, choice)):
            made, more = self._one_of(schema, choice, seen, depth)
            told += more
        elif len(kinds) > 1:
            each = [self._of_kind(kind, schema, seen, depth) for kind in kinds]
            made = _any_of(one for one, _ in each)
            told += [note for _, notes in each for note in notes]
        elif kinds:
            made, more = self._of_kind(kinds[0], schema, seen, depth)
            told += more
        else:
            made = dict(ANYTHING)
        return _described(made, schema, told)

    def object_of(self, schema: Schema, seen: tuple[str, ...], depth: int) -> tuple[Schema, str]:
        """An object with all properties from any part of its schema, and a note for the description."""
        schema, seen = self._reader.whole(schema, seen)
        found = self._reader.gathered(schema, seen)
        made: Schema = {"type": "object"}
        properties: dict[str, Schema] = {}
        is_whole = True
        for name, said in found.properties.items():
            if not NAME.fullmatch(name):
                self.refused_names[name] = None
                is_whole = False
            elif said[0] is not False:
                shown = self.fitted(_together(said), seen, depth + 1)
                if not _is_null(shown) or name in found.required:
                    properties[name] = _not_null(shown)
        if properties:
            made["properties"] = properties
        required = [name for name in found.required if name in properties]
        if required:
            made["required"] = required
        others = schema.get("additionalProperties")
        if is_whole and not found.is_open and isinstance(others, (bool, dict)):
            is_told = isinstance(others, dict)
            made["additionalProperties"] = _not_null(self.fitted(others, seen, depth + 1)) if is_told else others
        return made, in_words(found.choices)

    def _one_of(self, schema: Schema, choice: list[Any], seen: tuple[str, ...], depth: int) -> tuple[Schema, list[str]]:
        beside = {name: value for name, value in schema.items() if name not in (*CHOICES, *BESIDE)}
        branches = [self.fitted(merged(beside, one), seen, depth) for one in choice if isinstance(one, dict)]
        told = [call_messages.MAY_BE_NULL] if any(_is_null(one) for one in branches) else []
        branches = [one for one in branches if not _is_null(one)]
        if True in choice:
            branches.append(ANYTHING)
        return (_any_of(branches) if branches else {"type": "null"}), told

    def _of_kind(self, kind: str, schema: Schema, seen: tuple[str, ...], depth: int) -> tuple[Schema, list[str]]:
        if kind == "object":
            made, note = self.object_of(schema, seen, depth)
            return made, [note, *enumerate_values(made, schema)]
        if kind == "array":
            return self._array(schema, seen, depth)
        made = {"type": kind}
        told = enumerate_values(made, schema)
        if kind == "string":
            told += limit_text(made, schema)
        elif kind in ("integer", "number"):
            limit_number(made, schema)
        return made, told

    def _array(self, schema: Schema, seen: tuple[str, ...], depth: int) -> tuple[Schema, list[str]]:
        made: Schema = {"type": "array"}
        told = []
        first = schema.get("prefixItems", [])
        rest = schema.get("items")
        if first:
            parts = [self.fitted(one, seen, depth + 1) for one in first]
            parts += [self.fitted(rest, seen, depth + 1)] if isinstance(rest, dict) else []
            parts = [{name: one[name] for name in one if name not in BESIDE} for one in map(_not_null, parts)]
            made["items"] = _any_of(parts)
            told = [call_messages.IN_THIS_ORDER.format(value=", ".join(_called(one) for one in first))]
        else:
            is_told = isinstance(rest, dict) and rest
            made["items"] = _not_null(self.fitted(rest, seen, depth + 1)) if is_told else dict(ANY_ITEM)
        made |= {name: schema[name] for name in ("minItems", "maxItems", "uniqueItems") if name in schema}
        drop_impossible(made, "minItems", "maxItems")
        return made, told


def _kinds(schema: Schema) -> list[str]:
    """The types that a schema names or that its keywords imply; empty if there are none."""
    named = schema.get("type")
    if named is not None:
        kinds = named if isinstance(named, list) else [named]
        return [kind for kind in kinds if not (kind == "integer" and "number" in kinds)]
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values:
        return list(dict.fromkeys(KIND_OF[type(value)] for value in values))
    if any(keyword in schema for keyword in CHOICES):
        return []
    return [kind for kind, keywords in SAYS.items() if schema.keys() & set(keywords)][:1]


def _values(schema: Schema, choice: list[Any]) -> bool:
    """Whether each branch of a choice is an enumeration or constant, that is, an enumeration with described values."""
    return "enum" not in schema and all(isinstance(one, dict) and one.keys() & {"const", "enum"} for one in choice)


def _together(said: list[Any]) -> Any:
    """Merge the schemas that several places give for one property."""
    telling = [one for one in said if isinstance(one, dict) and _says_something(one)]
    if len(said) == 1 or not telling:
        return said[0]
    beside = {name: said[0][name] for name in BESIDE if name in said[0]} if isinstance(said[0], dict) else {}
    return {**(telling[0] if len(telling) == 1 else {"anyOf": telling}), **beside}


def _says_something(schema: Schema) -> bool:
    return bool(_kinds(schema)) or any(keyword in schema for keyword in (*CHOICES, "$ref", "allOf"))


def _not_null(schema: Schema) -> Schema:
    """A replacement that clients accept for a schema that allows only null."""
    return {**ANYTHING, "description": call_messages.MUST_BE_NULL} if _is_null(schema) else schema


def _is_null(schema: Schema) -> bool:
    return schema.get("type") == "null"


def _without_inside(kind: str | None) -> Schema:
    if kind is None:
        return dict(ANYTHING)
    return {"type": kind, "items": dict(ANY_ITEM)} if kind == "array" else {"type": kind}


def _any_of(branches: Iterable[Schema]) -> Schema:
    """`anyOf` of these branches, without duplicates and with enumerations of the same type merged."""
    unique: list[Schema] = []
    for branch in branches:
        for one in branch.get("anyOf", [branch]):
            alike = next((had for had in unique if had.keys() >= {"type", "enum"} and "enum" in one), None)
            if alike is not None and alike["type"] == one.get("type"):
                values = list(dict.fromkeys([*alike["enum"], *one["enum"]]))
                unique[unique.index(alike)] = {"type": one["type"], "enum": values}
            elif one not in unique:
                unique.append(one)
    return unique[0] if len(unique) == 1 else {"anyOf": unique}


def _described(made: Schema, schema: Schema, told: list[str]) -> Schema:
    """The schema with its original description, truncated as clients do, and the notes."""
    own = str(schema.get("description") or made.get("description", "")).strip()
    note = " ".join(dict.fromkeys(one for one in told if one))[: DESCRIPTION_CHARS // 2]
    room = DESCRIPTION_CHARS - len(note) - 1
    text = f"{shortened(own, room)} {note}".strip()
    made = {name: value for name, value in made.items() if name not in BESIDE}
    if text:
        made["description"] = text
    default = schema.get("default")
    if default is not None and is_of(made.get("type", ""), default) and default in made.get("enum", [default]):
        made["default"] = default
    return made


def _called(schema: Any) -> str:
    found = schema if isinstance(schema, dict) else {}
    kind = found.get("type", "value")
    return shortened(str(found.get("title") or found.get("description") or kind), 40)
