"""Simplifies strings, numbers and enumerations in schemas for `tools/list`, or describes their limits in words."""

from __future__ import annotations

import json
import re
from typing import Any

from uru_mcp.catalog.schemas.draft_translation import BOUNDS, Schema
from uru_mcp.messages import call_messages
from uru_mcp.untrusted_input.word_splitting import shortened

DESCRIPTION_CHARS = 1_024
VALUES = 100  # of an enumeration
TOLD = 20  # values of an enumeration in a description
WHOLE_NUMBERS = 2**53  # the largest exact integer in JavaScript

KIND_OF: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
KIND_OF |= {dict: "object", type(None): "null"}
# Regular expressions with the same meaning in Python and JavaScript, even with JavaScript's flag `u`.
_ESCAPE = r"\\[dDwWsSbBntr.*+?()\[\]{}|^$\\/]"
_CLASS = rf"\[\^?(?:{_ESCAPE}|\\-|[^\\\[\]])+\]"
_GROUP = r"\((?:\?:|(?!\?))|\)"
_REPEATED = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![+*?])"  # unambiguous, so that matching never takes long
PLAIN_PATTERN = re.compile(rf"(?:{_ESCAPE}|{_CLASS}|{_GROUP}|{_REPEATED}|[^\\()\[\]{{}}?*+])*")


def enumerate_values(made: Schema, schema: Schema) -> list[str]:
    """Add the allowed values, or describe them: model APIs accept only enumerations of non-empty text."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    own = [value for value in values if is_of(made["type"], value)]
    if not own:
        return []
    unique = list({json.dumps(value): value for value in own}.values())
    texts = [value for value in unique if isinstance(value, str) and value]
    if texts and len(unique) <= VALUES:
        made["enum"] = texts
        return [call_messages.MAY_BE_EMPTY] if len(texts) < len(unique) else []
    told = ", ".join(json.dumps(value, ensure_ascii=False) for value in unique[:TOLD])
    return [call_messages.ONE_OF.format(told=told, more=", …" if len(unique) > TOLD else "")]


def limit_text(made: Schema, schema: Schema) -> list[str]:
    told = []
    shape, pattern = schema.get("format"), schema.get("pattern")
    if shape and "enum" not in made and shape.lower() not in schema.get("description", "").lower():
        told.append(f"Format: {shape[:50]}.")
    made |= {name: schema[name] for name in ("minLength", "maxLength") if name in schema}
    drop_impossible(made, "minLength", "maxLength")
    if pattern is not None and len(pattern) <= DESCRIPTION_CHARS and PLAIN_PATTERN.fullmatch(pattern):
        made["pattern"] = pattern
    elif pattern is not None:
        told.append(f"Pattern: {shortened(pattern, 200)}")
    return told


def is_of(kind: str, value: Any) -> bool:
    own = KIND_OF.get(type(value))
    return own == kind or (kind == "number" and own == "integer") or (kind == "integer" and _is_whole(value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def limit_number(made: Schema, schema: Schema) -> None:
    """Add the bounds of a number, if JavaScript can represent them."""
    names = (*BOUNDS, "multipleOf")
    made |= {name: schema[name] for name in names if abs(schema.get(name, WHOLE_NUMBERS)) < WHOLE_NUMBERS}
    drop_impossible(made, "minimum", "maximum")


def drop_impossible(made: Schema, least: str, most: str) -> None:
    if least in made and most in made and made[least] > made[most]:
        del made[least], made[most]
