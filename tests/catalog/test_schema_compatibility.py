"""What is listed is taken by the strictest clients, and the whole schema still decides at the call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.types import Tool

from tests.strangers import anything
from tests.strict_clients import faults
from tests.world import CATALOG, Connect, Uru, connector, text_of
from uru_mcp.catalog.schemas.client_compatibility import fit
from uru_mcp.catalog.schemas.draft_translation import modern

NAMES = ["text", "count", "x y", "naïve", "$ref", "a" * 65, "arguments", "type", "properties", "ok.name-1"]


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


ROOTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "anyOf of required": {**of(a={"type": "string"}, b={}), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "oneOf of objects": {"oneOf": [of(kind={"const": "x"}, a={}), of(kind={"const": "y"}, b={"type": "integer"})]},
    "allOf": {"allOf": [of(a={"type": "string"}), {**of(b={"type": "string"}), "required": ["b"]}]},
    "if and then": {**of(a={"type": "string"}), "if": {"required": ["a"]}, "then": of(b={"type": "string"})},
    "not": {**of(a={"type": "string"}), "not": {"required": ["a"]}},
    "enum": {"type": "object", "enum": [{}]},
    "$ref": {"$ref": "#/definitions/A", "definitions": {"A": of(a={"type": "string"})}},
    "$ref to itself": {"$ref": "#"},
    "$ref out": {"$ref": "http://127.0.0.1:1/schema.json"},
    "draft-07": {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "x", **of(a={"type": "string"})},
    "dependencies": {**of(a={}, b={}), "dependencies": {"a": ["b"]}},
    "patterns": {**of(a={}), "patternProperties": {"^x": {}}, "additionalProperties": False},
    "required what is not there": {**of(a={"type": "string"}), "required": ["a", "zz"]},
    "property-level required": of(a={"type": "string", "required": True}, b={"type": "string", "required": False}),
    "no more": {**of(a={"type": "string"}), "additionalProperties": False},
    "more of a kind": {**of(), "additionalProperties": {"type": ["string", "null"], "format": "uri"}},
    "recursive": {
        **of(node={"$ref": "#/$defs/N"}),
        "$defs": {"N": of(kids={"type": "array", "items": {"$ref": "#/$defs/N"}})},
    },
    "doubling": {
        **of(a={"$ref": "#/$defs/d0"}),
        "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {}},
    },
    "deep": of(a=of(b=of(c=of(d=of(e=of(f=of(g=of(h=of(i=of(j={"type": "string"})))))))))),
    "unknown keywords": {**of(a={"type": "string", "x-order": 1, "discriminator": {}}), "x-app": True, "title": "T"},
}

PROPERTIES: dict[str, Any] = {
    "true": True,
    "empty": {},
    "no type": {"description": "A kind", "enum": ["a", "b"]},
    "list of types": {"type": ["string", "integer"]},
    "nullable by list": {"type": ["string", "null"], "default": None},
    "nullable": {"type": "string", "nullable": True},
    "nullable reference": {"$ref": "#/nowhere", "nullable": True},
    "anyOf null": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    "only null": {"type": "null"},
    "required null": {"enum": [None]},
    "unknown type": {"type": "strng"},
    "any": {"type": "any"},
    "file": {"type": "file"},
    "date": {"type": "date"},
    "upper case": {"type": "STRING"},
    "no types": {"type": []},
    "type of objects": {"type": [{"type": "string"}]},
    "exclusive as flag": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
    "exclusive as flag, off": {"type": "number", "maximum": 9, "exclusiveMaximum": False},
    "minimum as text": {"type": "integer", "minimum": "1", "maximum": "many"},
    "negative length": {"type": "string", "minLength": -1, "maxLength": "5"},
    "impossible length": {"type": "string", "minLength": 9, "maxLength": 1},
    "enormous": {"type": "integer", "maximum": 10**30},
    "tuple": {"type": "array", "items": [{"type": "string"}, {"type": "number"}]},
    "tuple and more": {"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "boolean"}},
    "prefixItems": {"prefixItems": [{"const": 1}, {}], "items": False},
    "array of what": {"type": "array"},
    "array of true": {"type": "array", "items": True},
    "array of null": {"type": "array", "items": {"type": "null"}},
    "email": {"type": "string", "format": "email"},
    "uri": {"type": "string", "format": "uri", "description": "A URI"},
    "int64": {"type": "integer", "format": "int64"},
    "mixed enum": {"enum": ["a", 1, None, True]},
    "enum of numbers": {"type": "integer", "enum": [1, 2, 3]},
    "enum with nothing": {"type": "string", "enum": ["", "a"]},
    "empty enum": {"type": "string", "enum": []},
    "enum twice": {"type": "string", "enum": ["a", "a", "b"]},
    "enum of lists": {"enum": [[1], [2]]},
    "enum of another type": {"type": "string", "enum": [1, 2]},
    "long enum": {"type": "string", "enum": [f"v{n}" for n in range(900)]},
    "const": {"const": "x"},
    "const object": {"const": {"a": 1}},
    "described values": {"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]},
    "Python's pattern": {"type": "string", "pattern": "(?P<year>\\d{4})"},
    "look behind": {"type": "string", "pattern": "(?<=a)b"},
    "flags": {"type": "string", "pattern": "(?i)abc"},
    "pattern of blanks": {"type": "string", "pattern": " " * 2_000, "description": " " * 2_000},
    "no pattern": {"type": "string", "pattern": "("},
    "escape": {"type": "string", "pattern": "^\\@[\\w-]+\\_$"},
    "good pattern": {"type": "string", "pattern": "^[a-z]{2,3}-(?:x|y)?$"},
    "default of another type": {"type": "integer", "default": "1"},
    "default not allowed": {"type": "string", "enum": ["a"], "default": "b"},
    "long description": {"type": "string", "description": "Words. " * 500},
    "description of another kind": {"type": "string", "description": 7},
    "oneOf": {"oneOf": [{"type": "string"}, of(a={"type": "string"})]},
    "allOf": {"allOf": [{"type": "string"}, {"maxLength": 3}]},
    "not": {"not": {"type": "string"}},
    "nested union": {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "array"}]},
    "union in an object": {"type": "object", "oneOf": [of(a={}), {"required": ["b"], **of(b={})}]},
    "remote": {"$ref": "https://127.0.0.1:1/x#/y"},
    "reference of another kind": {"$ref": 7},
    "text": "string",
    "list": [{"type": "string"}],
    "number": 7,
    "properties of another kind": {"type": "object", "properties": ["a"], "required": "a"},
    "bad name inside": of(**{"x y": {"type": "string"}, "fine": {"type": "string"}}),
}


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


def listed(schema: Any) -> Tool:
    return Tool(name="n", title="T", description="D", input_schema=fit(json.dumps(schema)).schema)


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_all_that_is_listed_is_taken_by_the_strictest_clients(large: Uru, era: str) -> None:
    async with connector(large, era)(DIRECT_TOOLS="all") as claude:
        tools = await claude.tools()

    assert len(tools) > 540
    assert {name: found for name, tool in tools.items() if (found := faults(tool))} == {}
    titles = [tool.title for tool in tools.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", ROOTS)
def test_an_odd_root_is_fitted(name: str) -> None:
    assert faults(listed(ROOTS[name])) == []


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("required", [True, False])
def test_an_odd_property_is_fitted_wherever_it_stands(name: str, required: bool) -> None:
    schema = PROPERTIES[name]
    inner = of(inner=schema)
    for root in (of(a=schema), of(a=inner), of(a={"type": "array", "items": schema}), {"anyOf": [of(a=schema)]}):
        assert faults(listed({**root, **({"required": ["a"]} if required else {})})) == []


def of_any(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {"properties": {"a": schema}}


schemas = st.recursive(
    st.sampled_from([*PROPERTIES.values()]) | anything,
    lambda inner: (
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3).map(lambda found: of(**found))
        | st.builds(lambda one, key: {key: one}, inner, st.sampled_from(["items", "not", "if", "additionalProperties"]))
        | st.builds(
            lambda several, key: {key: several},
            st.lists(inner, max_size=3),
            st.sampled_from(["anyOf", "oneOf", "allOf", "prefixItems", "items", "type", "enum", "required"]),
        )
        | st.builds(lambda one, other: {**one, **other} if isinstance(one, dict) else other, inner, inner.map(of_any))
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(schemas)
def test_any_schema_is_fitted(schema: Any) -> None:
    root = schema if isinstance(schema, dict) else of(a=schema)
    assert faults(listed(root)) == []
    again = modern(root)
    assert modern(again) == again


def test_what_is_left_out_of_a_schema_is_said() -> None:
    shown = fit(json.dumps(of(mail={"type": ["string", "null"], "format": "email", "pattern": "(?i)x"}))).schema
    assert shown["properties"]["mail"] == {
        "type": "string",
        "description": "May be null. Format: email. Pattern: (?i)x",
    }
    fitted = fit(json.dumps(ROOTS["anyOf of required"]))
    assert fitted.note == "Give one of: `a`; `b`."


ODD = [
    ({"a": True}, {"a": 5}, None),
    ({"a": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}, {"a": 0}, "expected more than 0, got 0"),
    ({"a": {"type": "string", "required": True}}, {}, "`a` is missing"),
    ({"a": {"type": "array", "items": [{"type": "string"}]}}, {"a": [1]}, "expected string, got 1"),
    ({"a": {"type": "strng"}, "b": {"type": "integer"}}, {"a": 1, "b": "x"}, 'expected integer, got "x"'),
    ({"a": {"$ref": "#/nowhere"}, "b": {"maxLength": 1}}, {"a": 1, "b": "xy"}, "at most 1 character, got 2"),
    ({"a": {"type": "integer", "enum": [1, 2]}}, {"a": 3}, "expected one of 1, 2, got 3"),
    ({"a": {"type": "string", "nullable": True}}, {"a": None}, None),
]


@pytest.mark.parametrize(("properties", "arguments", "said"), ODD)
async def test_the_whole_schema_decides_at_the_call(
    connect_once: Connect, uru: Uru, properties: dict[str, Any], arguments: dict[str, Any], said: str | None
) -> None:
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ODD", "inputSchema": of(**properties)})
    uru.faults.status("/execute/", 200, body={"data": "done"})
    async with connect_once({"execute"}) as claude:
        tool = (await claude.tools())["company_demo__ODD"]
        assert faults(tool) == []
        if said is None:
            await claude.data("company_demo__ODD", arguments)
        else:
            assert said in (await claude.error("company_demo__ODD", arguments))["message"]
    assert uru.sent("/execute/") == (said is None)


async def test_a_tool_whose_arguments_clients_refuse_is_not_listed_but_counted_and_run(
    connect_once: Connect, uru: Uru
) -> None:
    schema = of(**{"full name": {"type": "string"}})
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ODD", "inputSchema": schema})
    async with connect_once({"execute"}) as claude:
        tools = await claude.tools()
        overview = await claude.data("uru_search_tools")
        report = await claude.call("uru_whoami")
        hit = (await claude.data("uru_search_tools", {"query": "company_demo__ODD"}))["hits"][0]
        uru.faults.status("/execute/", 200, body={"data": "done"})
        await claude.data("uru_execute", {"tool": "company_demo__ODD", "input": {"full name": "Ana"}})

    assert "company_demo__ODD" not in tools
    assert "company_demo__LOG_NOTE" in tools
    assert overview["unlisted"] == 1
    assert '"full name"' in overview["unlisted_examples"][0]["reason"]
    counted = (report.structured_content or {})["tools"]
    assert counted["unlisted"] == 1
    assert "clients refuse the names of its arguments" in counted["unlisted_reason"]
    assert f"Not listed one by one: 1, each since {counted['unlisted_reason']}" in text_of(report)
    assert hit["input_schema"] == schema
    assert uru.last_call.json == {"tool_name": "ODD", "parameters": {"full name": "Ana"}}


async def test_a_long_name_is_short_in_the_list_and_either_name_runs_it(connect_once: Connect, uru: Uru) -> None:
    name = "SEND_A_MESSAGE_TO_EVERYBODY_IN_THE_COMPANY"
    uru.sandbox.put_tool(
        uru.acme.id, "company_demo", {"name": name, "inputSchema": of(), "description": "Long. " * 400}
    )
    uru.faults.status("/execute/", 200, body={"data": "done"})
    async with connect_once({"execute"}) as claude:
        (tool,) = [tool for tool in (await claude.tools()).values() if "SEND_A_MESSAGE" in tool.name]
        assert faults(tool) == []
        await claude.data(tool.name)
        await claude.data("uru_execute", {"tool": tool.name})
        await claude.data("uru_execute", {"tool": f"company_demo__{name}"})
    assert [one.json["tool_name"] for one in uru.sandbox.requests if one.method == "POST"] == [name] * 3
