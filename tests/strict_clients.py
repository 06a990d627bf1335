"""What the strictest known clients and model APIs take of a list of tools, as a check.."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from mcp.types import Tool

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,54}")
PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
KINDS = {"string", "integer", "number", "boolean", "object", "array", "null"}
KEYWORDS = {
    *("type", "anyOf", "description", "default", "enum", "properties", "required", "additionalProperties", "items"),
    *("minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def faults(tool: Tool) -> list[str]:
    """What a strict client would refuse of a tool; nothing where all is well."""
    return [*_of_tool(tool), *_of_schema(tool.input_schema)]


def _of_tool(tool: Tool) -> Iterator[str]:
    if not TOOL_NAME.fullmatch(tool.name):
        yield f"name {tool.name}"
    if not 1 <= len(tool.description or "") <= 1_024:
        yield "description"
    if not 1 <= len(tool.title or "") <= 33:
        yield f"title {tool.title}"


def _of_schema(schema: dict[str, Any]) -> Iterator[str]:
    Draft202012Validator.check_schema(schema)
    if schema.get("type") != "object" or "properties" not in schema:
        yield "the root is no object with properties"
    if schema.keys() - {"type", "properties", "required", "additionalProperties"}:
        yield f"the root has {sorted(schema)}"
    yield from _of_part(schema, "$", 0)


def _of_part(schema: Any, at: str, depth: int) -> Iterator[str]:
    if not isinstance(schema, dict) or depth > 24:
        yield f"{at}: no object, or too deep"
        return
    if schema.keys() - KEYWORDS:
        yield f"{at}: {sorted(schema.keys() - KEYWORDS)}"
    if "anyOf" in schema:
        if schema.keys() - {"anyOf", "description", "default"} or len(schema["anyOf"]) < 2:
            yield f"{at}: anyOf beside {sorted(schema)}"
        for number, one in enumerate(schema["anyOf"]):
            yield from _of_part(one, f"{at}|{number}", depth + 1)
        return
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in KINDS - {"null"}:
        yield f"{at}: type {kind}"
        return
    yield from _of_values(schema, kind, at)
    if kind == "array" and "items" not in schema:
        yield f"{at}: no items"
    if "items" in schema:
        yield from _of_part(schema["items"], f"{at}[]", depth + 1)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _of_part(schema["additionalProperties"], f"{at}.*", depth + 1)
    for name, inner in schema.get("properties", {}).items():
        if not PROPERTY_NAME.fullmatch(name):
            yield f"{at}.{name}: name"
        yield from _of_part(inner, f"{at}.{name}", depth + 1)
    if set(schema.get("required", ())) - schema.get("properties", {}).keys():
        yield f"{at}: required"


def _of_values(schema: dict[str, Any], kind: str, at: str) -> Iterator[str]:
    if len(schema.get("description", "")) > 1_024:
        yield f"{at}: description"
    values = schema.get("enum")
    if values is not None and not (kind == "string" and values and all(isinstance(one, str) and one for one in values)):
        yield f"{at}: enum {values}"
    if values is not None and len(set(values)) < len(values):
        yield f"{at}: enum twice"
    if "default" in schema and type(schema["default"]) not in PYTHON[kind]:
        yield f"{at}: default"
    for end in ("Length", "Items"):
        if schema.get(f"min{end}", 0) > schema.get(f"max{end}", 10**20):
            yield f"{at}: min{end}"
    if "pattern" in schema and re.search(r"\(\?[^:]|\\[AZz]|\\[^\w.*+?()\[\]{}|^$\\/-]", schema["pattern"]):
        yield f"{at}: pattern"
