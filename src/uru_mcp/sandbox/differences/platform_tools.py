"""Differences of the `platform` tools: other names, other operations, or missing tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from ..api.request_log import Request
from .difference import Around, Reply, Serve, at, changing, family, refusal, renamed, rewriting
from .namespace_lists import PATH as NAMESPACES
from .tool_lists import Definition
from .tool_per_operation import CAMEL, DOTTED, SNAKE, Split, split_definitions

TOOLS = "/list/apps/platform/tools"
EXECUTE = "/execute/platform__execute_tool"
QUERIES = ("context_query", "prompt_query", "persona_query", "automation_query")
WORKSPACE_TOOLS = ("list_workspaces", "set_current_workspace")
OPS = {"list": "all", "get": "one", "search": "find", "runs": "history", "run": "detail"}

Order = dict[str, Any]


def platform_order(request: Request) -> Order | None:
    """The call of a `platform` tool; None for requests that the service itself refuses."""
    if request.path != EXECUTE:
        return None
    try:
        body = request.json
    except (ValueError, RecursionError):
        return None
    is_order = isinstance(body, dict) and isinstance(body.get("tool_name"), str)
    return body if is_order and isinstance(body.get("parameters"), dict) else None


def _with_order(request: Request, order: Order) -> Request:
    return replace(request, body=json.dumps(order).encode())


def _listed(change: Callable[[list[Definition]], list[Definition]]) -> Around:
    """Change the list of `platform` tools, at its place in the description."""

    def changed(answer: Any) -> Any:
        is_described = isinstance(answer, dict) and isinstance(answer.get("tools"), list)
        return {**answer, "tools": change(answer["tools"])} if is_described else answer

    return changing(at(TOOLS), changed)


def _called(change: Callable[[Order], Order]) -> Around:
    """Change calls of `platform` tools."""

    def around(serve: Serve) -> Serve:
        async def called(request: Request) -> Reply:
            order = platform_order(request)
            return await serve(request if order is None else _with_order(request, change(order)))

        return called

    return around


def _hidden(is_hidden: Callable[[str], bool], what: str = "tool") -> Around:
    """Answer calls of these tools with 404; only the key is checked before that, as for any unknown tool."""

    def around(serve: Serve) -> Serve:
        async def hidden(request: Request) -> Reply:
            order = platform_order(request)
            if order is None or not is_hidden(order["tool_name"]):
                return await serve(request)
            reply = await serve(_with_order(request, {**order, "tool_name": ""}))
            named = order["tool_name"] if what == "tool" else "platform"
            return refusal(404, "not_found", f"There is no {what} {named!r}.") if reply.status == 404 else reply

        return hidden

    return around


def _all_of(*arounds: Around) -> Around:
    """Combine several wrappers, innermost first."""

    def around(serve: Serve) -> Serve:
        for one in arounds:
            serve = one(serve)
        return serve

    return around


def _without_tools(is_hidden: Callable[[str], bool]) -> Around:
    return _all_of(
        _listed(lambda tools: [tool for tool in tools if not is_hidden(tool["name"])]),
        _hidden(is_hidden),
    )


def _without_namespace() -> Around:
    def unlisted(answer: Any) -> Any:
        return {**answer, "namespaces": [one for one in answer["namespaces"] if one["name"] != "platform"]}

    missing = refusal(404, "not_found", "There is no namespace 'platform' in this workspace.")
    return _all_of(
        changing(at(NAMESPACES), unlisted),
        rewriting(lambda reply: missing if reply.is_good else reply, at(TOOLS)),
        _hidden(lambda _: True, "namespace"),
    )


def _split(names: Split) -> Around:
    """One tool for each operation, instead of one with `op`."""
    replaced = {tool for tool, _ in names.values()}

    def unsplit(order: Order) -> Order:
        if order["tool_name"] not in names:
            return order
        tool, op = names[order["tool_name"]]
        return {"tool_name": tool, "parameters": {**order["parameters"], **({"op": op} if op else {})}}

    return _all_of(
        _listed(lambda tools: split_definitions(tools, names)),
        _called(unsplit),
        _hidden(lambda name: name in replaced - names.keys()),
    )


def _ops(others: Mapping[str, str]) -> Around:
    """The queries have other operations; those in the description are unknown."""
    back = {other: op for op, other in others.items()}

    def changed(order: Order) -> Order:
        op = order["parameters"].get("op")
        if order["tool_name"] not in QUERIES or not isinstance(op, str):
            return order
        inner = f"{op} (not an op)" if op in others else back.get(op, op)
        return {**order, "parameters": {**order["parameters"], "op": inner}}

    return _all_of(_listed(lambda tools: [_with_ops(tool, others) for tool in tools]), _called(changed))


def _with_ops(tool: Definition, others: Mapping[str, str]) -> Definition:
    if tool["name"] not in QUERIES:
        return tool
    text = tool["description"]
    for op, other in others.items():
        text = text.replace(f"op {op}:", f"op {other}:")
    properties = tool["inputSchema"]["properties"]
    op_schema = {**properties["op"], "enum": [others.get(op, op) for op in properties["op"]["enum"]]}
    schema = {**tool["inputSchema"], "properties": {**properties, "op": op_schema}}
    return {**tool, "description": text, "inputSchema": schema}


def _op_named(other: str) -> Around:
    """The argument `op` has another name."""

    def rename(tool: Definition) -> Definition:
        schema = tool["inputSchema"]
        properties = renamed(schema["properties"], {"op": other})
        required = [other if name == "op" else name for name in schema.get("required", [])]
        return {**tool, "inputSchema": {**schema, "properties": properties, "required": required}}

    def changed(order: Order) -> Order:
        return {**order, "parameters": renamed(order["parameters"], {other: "op", "op": "op (not an argument)"})}

    return _all_of(_listed(lambda tools: [rename(tool) for tool in tools]), _called(changed))


def _in(names: Collection[str]) -> Callable[[str], bool]:
    return lambda name: name in names


DIFFERENCES = family(
    "platform tools",
    [
        ("platform-op-find", "The operation search is called find.", _ops({"search": "find"})),
        ("platform-other-ops", "Operations are called all, one, find, history and detail.", _ops(OPS)),
        ("platform-action", "The argument op is called action.", _op_named("action")),
        ("platform-split", "Each operation is a tool: list_contexts, get_context, search_contexts, …", _split(SNAKE)),
        ("platform-split-camel", "Each operation is a tool: listContexts, getContext, …", _split(CAMEL)),
        ("platform-split-dotted", "Each operation is a tool: contexts.list, contexts.get, …", _split(DOTTED)),
        (
            "platform-no-context-query",
            "platform has no context_query.",
            _without_tools(_in(["context_query"])),
        ),
        ("platform-no-queries", "platform has no query tools.", _without_tools(_in(QUERIES))),
        (
            "platform-workspaces-alone",
            "platform has list_workspaces and set_current_workspace alone.",
            _without_tools(lambda name: name not in WORKSPACE_TOOLS),
        ),
        ("platform-no-tools", "platform has no tools.", _without_tools(lambda _: True)),
        ("no-platform", "There is no namespace platform.", _without_namespace()),
    ],
)
