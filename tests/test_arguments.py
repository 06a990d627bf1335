"""The check of arguments takes no longer than it may, refuses nothing that fits, and still finds what does not."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from tests.hostile import ARGUMENTS, SCHEMAS
from uru_mcp.arguments import CHECK_WITHIN, READ_WITHIN, accepted
from uru_mcp.errors import ArgumentError

LIMIT = 2.0  # seconds of processor time; what is promised is less than half of it, on a machine that is not busy


def checked(schema: Any, arguments: Any, *, trusted: bool = False) -> None:
    accepted("a_tool", {"type": "object", **schema}, arguments, trusted=trusted)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_no_schema_takes_longer_to_check_than_it_may(schema: Any) -> None:
    whole = {"type": "object", **schema}
    for size in (0, 1_000_000):  # the second time the schema is known
        began = time.process_time()
        with suppress(ArgumentError):  # where it was checked in time
            arguments = {**ARGUMENTS, "long": "b" * size, "many": [0] * (size // 2)}
            accepted("a_tool", whole, arguments, trusted=False)
        assert time.process_time() - began < LIMIT + CHECK_WITHIN + (0 if size else READ_WITHIN)


@pytest.mark.parametrize(
    "inner",
    [
        {"not": {"pattern": "^x"}},
        {"oneOf": [{"pattern": "^x"}, {"pattern": "^a"}]},
        {"if": {"pattern": "^x"}, "then": {"minLength": 9}},
        {"not": {"$ref": "#/$defs/x"}},
        {"pattern": "^a"},
        {"anyOf": [{"pattern": "^a"}, {"type": "integer"}]},
    ],
    ids=["not", "oneOf", "if", "not by reference", "pattern", "anyOf"],
)
def test_what_is_not_looked_at_never_makes_a_schema_stricter(inner: Any) -> None:
    checked({"properties": {"x": inner}, "$defs": {"x": {"pattern": "^x"}}}, {"x": "a"})


def test_a_name_that_only_a_pattern_allows_is_let_through() -> None:
    checked({"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False}, {"x-a": "b"})


@pytest.mark.parametrize(
    ("schema", "arguments", "problem"),
    [
        ({"properties": {"pattern": {"type": "string"}}}, {"pattern": 1}, "expected string, got 1"),
        ({"additionalProperties": False}, {"a": 1}, "`a` is not known"),
        ({"properties": {"a": {"not": {"type": "string"}}}}, {"a": "b"}, "must not fit"),
        ({"properties": {"a": {"oneOf": [{"type": "string"}, {"minLength": 1}]}}}, {"a": "b"}, "more than one of"),
        ({"properties": {"a": {"$schema": "http://json-schema.org/schema#", "type": "string"}}}, {"a": 1}, "got 1"),
        ({"properties": {"a": {"properties": {"b": {"$ref": "#/properties/a"}}, "required": ["c"]}}}, {"a": {}}, "`c`"),
        ({"properties": {f"p{n}": {"type": "string"} for n in range(300)}}, {"p7": 1}, "expected string, got 1"),
        ({"properties": {"a": {"maxLength": 30_000}}}, {"a": "b" * 30_001}, "at most 30000 characters"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_found(schema: Any, arguments: Any, problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        checked(schema, arguments)


def test_our_own_schemas_are_checked_with_every_keyword() -> None:
    with pytest.raises(ArgumentError, match="text like"):
        checked({"properties": {"a": {"pattern": "^b"}}}, {"a": "c"}, trusted=True)


def test_deep_arguments_end_neither_the_check_nor_the_process() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}
    checked({"properties": {"a": {"$ref": "#"}}}, deep)
    checked({"$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}}, deep)
