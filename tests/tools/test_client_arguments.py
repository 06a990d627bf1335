"""Arguments as clients and models really send them are read as they are meant, and never as something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.world import Connect, Uru

ODD = "company_demo__ODD"
CLOSED = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "count": {"type": "integer"}, "tags": {"type": "array"}},
    "additionalProperties": False,
}
HI = {"text": "hi"}
N8N = {"toolCallId": "call_1", "sessionId": "s", "action": "sendMessage", "chatInput": "Say hi"}


def has(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def offer(uru: Uru, schema: dict[str, Any]) -> None:
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ODD", "inputSchema": schema})
    uru.faults.status("/execute/", 200, body={"data": "done"})


def ran_with(uru: Uru) -> list[Any]:
    """What Uru was told to run the tool with, each time."""
    return [one.json["parameters"] for one in uru.sandbox.requests if one.path.startswith("/execute/")]


NAMES = ("input", "arguments", "parameters", "args", "params")
MEANT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(({"tool": ODD, name: HI}, HI) for name in NAMES),
    *(({"tool": ODD, name: json.dumps(HI)}, HI) for name in NAMES),
    *(({"tool": ODD, "input": {"tool": ODD, name: HI}}, HI) for name in NAMES),
    ({"tool": ODD, "arguments": json.dumps({"tool": ODD, "parameters": json.dumps(HI)})}, HI),
    ({"input": {"tool": ODD, "arguments": HI}}, HI),
    ({"tool": None, "arguments": {"tool": ODD, "input": HI}}, HI),
    ({"tool": ODD, "input": {"tool": ODD, "text": "hi"}}, HI),
    ({"tool": ODD, "input": {"arguments": HI}}, HI),
    ({"tool": ODD, "text": "hi"}, HI),
    ({"tool": ODD, "text": "hi", "count": 2.0, "arguments": None}, {"text": "hi", "count": 2}),
    ({"tool": ODD, "input": HI, "arguments": HI}, HI),
    ({"tool": ODD, "input": HI, "arguments": "", "args": None}, HI),
    ({"tool": ODD, "input": HI, **N8N}, HI),
    ({"tool": ODD, "text": "hi", **N8N}, HI),
    ({"tool": ODD, "input": {**HI, **N8N}}, HI),
    ({"tool": ODD, "input": {"text": "hi", "count": None, "tags": '["a"]'}}, {"text": "hi", "tags": ["a"]}),
    ({"tool": ODD}, {}),
    ({"tool": ODD, "input": None}, {}),
    ({"tool": ODD, "input": "{}"}, {}),
    ({"tool": ODD, "input": {"text": '{"a": 1}'}}, {"text": '{"a": 1}'}),
]


async def test_what_a_dispatch_tool_is_given_is_found_wherever_it_is(connect_once: Connect, uru: Uru) -> None:
    offer(uru, CLOSED)
    async with connect_once({"execute"}) as claude:
        for sent, _ in MEANT:
            await claude.data("uru_execute", sent)
    assert ran_with(uru) == [meant for _, meant in MEANT]


UNCLEAR: list[tuple[dict[str, Any], str]] = [
    ({"tool": ODD, "input": HI, "arguments": {"text": "no"}}, "`input` and `arguments` differ"),
    ({"tool": ODD, "input": HI, "count": 1}, "`count` cannot stand beside `input`"),
    ({"tool": ODD, "input": HI, "action": "delete"}, "`action` cannot stand beside `input`"),
    ({"tool": ODD, "input": {"tool": "company_demo__LOG_NOTE", "arguments": HI}}, "two tools are named"),
    ({"input": {"tool": ODD}, "args": {"tool": "company_demo__LOG_NOTE"}}, "differ"),
    ({"tool": ODD, "input": {**HI, "action": "delete"}}, "`action` is not known"),
    ({"tool": ODD, "input": "text=hi"}, 'expected object, got "text=hi"'),
    ({"tool": ODD, "input": '{"text": "a", "text": "b"}'}, "expected object"),
    ({"tool": ODD, "input": '{"count": NaN}'}, "expected object"),
    ({"tool": ODD, "input": ["hi"]}, "expected object"),
    ({"input": HI}, "`tool` is missing"),
    ({"tool": ODD, "input": {"count": 1.5}}, "expected integer, got 1.5"),
    ({"tool": ODD, "input": {"count": "2"}}, 'expected integer, got "2"'),
    ({"tool": ODD, "input": {"count": True}}, "expected integer, got true"),
    ({"tool": ODD, "input": {"tags": "a, b"}}, 'expected array, got "a, b"'),
]


async def test_what_is_unclear_is_told_and_nothing_is_run(connect_once: Connect, uru: Uru) -> None:
    offer(uru, CLOSED)
    async with connect_once({"execute"}) as claude:
        for sent, said in UNCLEAR:
            error = await claude.error("uru_execute", sent)
            assert error["code"] == "invalid_arguments"
            assert said in error["message"]
    assert ran_with(uru) == []


TEXT, OBJECT, LIST = {"type": "string"}, {"type": "object"}, {"type": "array"}
OWN_NAMES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (has(input=TEXT), {"input": "hi"}, {"input": {"input": "hi"}}),
    (has(input=TEXT), {"input": "hi"}, {"input": "hi"}),
    (has(input=OBJECT), {"input": {"a": 1}}, {"input": {"input": {"a": 1}}}),
    ({**has(input=OBJECT), "required": ["input"]}, {"input": {"a": 1}}, {"input": {"a": 1}}),
    (has(args=LIST, image=TEXT), {"args": ["-v"], "image": "x"}, {"args": ["-v"], "image": "x"}),
    (has(args=LIST), {"args": ["-v"]}, {"args": ["-v"]}),
    (has(args=LIST, image=TEXT), {"args": ["-v"]}, {"input": {"args": ["-v"]}}),
    (has(arguments=OBJECT, name=TEXT), {"arguments": {"b": 2}, "name": "n"}, {"arguments": {"b": 2}, "name": "n"}),
    (has(parameters=TEXT), {"parameters": "p"}, {"arguments": {"parameters": "p"}}),
    (has(tool=TEXT, input=TEXT), {"tool": "saw", "input": "wood"}, {"input": {"tool": "saw", "input": "wood"}}),
    (has(sessionId=TEXT, action=TEXT), {"sessionId": "s", "action": "a"}, {"input": {"sessionId": "s", "action": "a"}}),
    ({"type": "object"}, {"sessionId": "s"}, {"input": {"sessionId": "s"}}),
    ({**has(a=TEXT), "additionalProperties": True}, {"toolCallId": "t"}, {"input": {"toolCallId": "t"}}),
    ({**has(a=TEXT), "additionalProperties": True}, {"args": {"a": "x"}}, {"input": {"args": {"a": "x"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "meant", "sent"), OWN_NAMES)
async def test_an_argument_of_the_tool_that_is_named_as_a_wrapper_goes_to_the_tool(
    connect_once: Connect, uru: Uru, schema: dict[str, Any], meant: dict[str, Any], sent: dict[str, Any]
) -> None:
    offer(uru, schema)
    async with connect_once({"execute"}) as claude:
        await claude.data("uru_execute", {"tool": ODD, **sent})
        await claude.data(ODD, meant)
    assert ran_with(uru) == [meant, meant]


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (has(arguments=OBJECT), {"arguments": {"a": 1}}),
        (has(arguments=OBJECT, name=TEXT), {"arguments": {"name": "n"}}),
        (has(input=TEXT), {"input": "{}"}),
    ],
)
async def test_where_the_input_may_be_an_argument_too_no_choice_is_made(
    connect_once: Connect, uru: Uru, schema: dict[str, Any], sent: dict[str, Any]
) -> None:
    offer(uru, schema)
    async with connect_once({"execute"}) as claude:
        error = await claude.error("uru_execute", {"tool": ODD, **sent})
    assert "has an argument named" in error["message"]
    assert "inside `input`" in error["fix"]
    assert ran_with(uru) == []


DIRECT: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (CLOSED, {**HI, **N8N}, HI),
    (CLOSED, {**HI, "toolCallId": "t"}, HI),
    (CLOSED, {"arguments": HI}, HI),
    (CLOSED, {"tool": ODD, "input": json.dumps(HI)}, HI),
    (has(), {"toolCallId": "t", "action": "x"}, {}),
    (has(a={"type": "integer"}), {"a": 3.0}, {"a": 3}),
    (has(a={"type": ["integer", "string"]}), {"a": 3.0}, {"a": 3}),
    (has(a={"type": "number"}), {"a": 3.0}, {"a": 3.0}),
    (has(a={"type": "array", "items": {"type": "integer"}}), {"a": [1.0, 2, 3.0]}, {"a": [1, 2, 3]}),
    (has(a={"type": "array", "items": {"type": "integer"}}), {"a": "[1.0, 2]"}, {"a": [1, 2]}),
    (has(a=has(b={"type": "array", "items": has(c=TEXT)})), {"a": '{"b": "[{}]"}'}, {"a": {"b": [{}]}}),
    (has(a={"anyOf": [{"type": "object"}, {"type": "null"}]}), {"a": '{"b": 1}'}, {"a": {"b": 1}}),
    (has(a={"anyOf": [{"type": "object"}, {"type": "string"}]}), {"a": '{"b": 1}'}, {"a": '{"b": 1}'}),
    (has(a={"type": "string", "nullable": True}), {"a": None}, {"a": None}),
    (has(a={"type": "integer", "nullable": True, "enum": [1]}), {"a": None}, {"a": None}),
    ({**has(a={**TEXT, "default": None}), "required": ["a"]}, {"a": None}, {"a": None}),
    (has(a={**TEXT, "default": None}), {"a": None}, {}),
    (has(a=has(b=TEXT)), {"a": {"b": None}}, {"a": {}}),
    (has(a=TEXT), {"a": ""}, {"a": ""}),
]


@pytest.mark.parametrize(("schema", "sent", "meant"), DIRECT)
async def test_a_tool_that_is_called_by_its_name_gets_what_is_meant(
    connect_once: Connect, uru: Uru, schema: dict[str, Any], sent: dict[str, Any], meant: dict[str, Any]
) -> None:
    offer(uru, schema)
    async with connect_once({"execute"}) as claude:
        await claude.data(ODD, sent)
    assert json.dumps(ran_with(uru)) == json.dumps([meant])  # in which 3 is not 3.0


OWN_TOOLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("uru_search_tools", {"query": "note", "limit": 1.0, "offset": 0.0}, {"query": "note", "limit": 1}),
    ("uru_search_tools", {"query": "note", "limit": "1"}, {"query": "note", "limit": 1}),
    ("uru_search_tools", {"query": "note", "limit": 1, "namespace": "", "permission": None, **N8N},
     {"query": "note", "limit": 1}),
    ("uru_search_tools", {"input": {"query": "note", "limit": 1}}, {"query": "note", "limit": 1}),
    ("uru_search_tools", {"query": None, "limit": None}, {}),
    ("uru_list_resources", {"kind": "contexts", "query": "", "cursor": None}, {"kind": "contexts"}),
    ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices", "offset": 7.0},
     {"uri": "uru://contexts/ctx_acme_prices", "offset": 7}),
    ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices", "offset": None, "toolCallId": "t"},
     {"uri": "uru://contexts/ctx_acme_prices"}),
    ("uru_result", {"call_id": None, "wait": "", "offset": 0.0}, {}),
]  # fmt: skip


async def test_our_own_tools_read_their_arguments_as_they_are_meant(connect: Connect) -> None:
    async with connect() as claude:
        for name, sent, meant in OWN_TOOLS:
            assert await claude.data(name, sent) == await claude.data(name, meant)


async def test_a_call_is_fetched_with_numbers_that_have_a_point(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/execute/", 200, body={"data": "x" * 9_000})
    async with connect(RESULT_CHARS="4000") as claude:
        first = await claude.data("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": HI})
        fetch = {"call_id": first["cut"]["call_id"], "wait": 1.0, "offset": float(first["cut"]["next_offset"])}
        second = await claude.data("uru_result", fetch)
    assert second["cut"]["offset"] == first["cut"]["next_offset"]


@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("uru_search_tools", {"query": "note", "limt": 3}, "`limt` is not known; did you mean `limit`?"),
        ("uru_search_tools", {"query": "note", "action": "delete"}, "`action` is not known"),
        ("uru_search_tools", {"query": "note", "limit": 1.5}, "expected integer, got 1.5"),
        ("uru_search_tools", {"query": "note", "limit": 51.0}, "expected at most 50, got 51"),
        ("uru_search_tools", {"permission": "exec"}, 'expected one of "read", "write", "execute", got "exec"'),
        ("uru_read_resource", {"uri": None}, "expected string, got null"),
        ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices", "offset": -1.0}, "expected at least 0, got -1"),
        ("uru_list_resources", {"kind": "context"}, '"contexts"'),
    ],
)
async def test_our_own_tools_say_what_is_wrong(connect: Connect, name: str, sent: dict[str, Any], said: str) -> None:
    async with connect() as claude:
        error = await claude.error(name, sent)
    assert error["code"] == "invalid_arguments"
    assert said in error["message"]


COLOURS = [f"colour_{number}" for number in range(300)]
UNION = {"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]}
SHAPES = {
    "oneOf": [
        {**has(kind={"const": "circle"}, radius={"type": "number"}), "required": ["kind", "radius"]},
        {**has(kind={"const": "square"}, side={"type": "number"}), "required": ["kind", "side"]},
    ]
}
WORDS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (has(a=UNION), {"a": "x"}, 'arguments.a: expected integer or boolean or null, got "x"'),
    (has(a={"oneOf": [{"const": "x"}, {"enum": ["y", "z"]}]}), {"a": "w"}, 'expected one of "x", "y", "z", got "w"'),
    (has(a=SHAPES), {"a": {"kind": "circle"}}, "for the closest, `radius` is missing"),
    (has(a=SHAPES), {"a": {"kind": "square", "side": "x"}}, 'for the closest, `side`: expected number, got "x"'),
    ({**has(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "give one of: `a`; `b`"),
    (has(a={"enum": COLOURS}), {"a": "color_7"}, 'one of 300 values, the nearest "colour_7"'),
    (has(a={"enum": COLOURS}), {"a": "##"}, 'such as "colour_0"'),
    (has(a={"enum": [True, None, "x"]}), {"a": "y"}, 'expected one of true, null, "x", got "y"'),
    (has(a={"type": "integer"}), {"a": {"b": None, "c": False}}, 'expected integer, got {"b": null, "c": false}'),
    (has(a={"type": "array", "maxItems": 1}), {"a": [1, 2]}, "expected at most 1 item, got 2"),
    (has(a={"type": "string", "maxLength": 1}), {"a": "x" * 5000}, "at most 1 character, got 5000"),
    (has(a={"type": "integer"}), {"a": "x" * 5000}, "x…"),
    ({**has(street=TEXT), "additionalProperties": False}, {"stret": "x"}, "did you mean `street`?"),
    (has(a={"not": {"type": "string"}}), {"a": "x"}, 'must not fit {"type": "string"}, got "x"'),
    ({**has(a=TEXT, b=TEXT), "dependencies": {"a": ["b"]}}, {"a": "x"}, "`b` must be given with `a`"),
]


@pytest.mark.parametrize(("schema", "sent", "said"), WORDS)
async def test_what_is_wrong_is_said_in_words_that_help(
    connect_once: Connect, uru: Uru, schema: dict[str, Any], sent: dict[str, Any], said: str
) -> None:
    offer(uru, schema)
    async with connect_once({"execute"}) as claude:
        message = (await claude.error(ODD, sent))["message"]
    assert said in message
    assert len(message) < 1_500
    assert not {"is not valid under any", "None", "True", "False"} & set(message.split())
    assert ran_with(uru) == []
