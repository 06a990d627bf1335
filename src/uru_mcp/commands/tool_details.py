"""`uru-mcp tools NAME`: one tool whole, with its permissions, hints, description, arguments and an example call."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.own_command import own_command
from uru_mcp.text_layout import table, terminal_width, wrapped
from uru_mcp.untrusted_input.terminal_escaping import for_terminal, in_one_line

if TYPE_CHECKING:
    from uru_mcp.bridge import Bridge
    from uru_mcp.catalog.catalog import Tool
    from uru_mcp.session.session import Snapshot
    from uru_mcp.tools.definitions import Definition

DEEPEST = 3  # levels of arguments inside arguments that are shown
HINTS = ("read_only", "destructive", "idempotent", "open_world")
TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list", "null": "null"}
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "format": "as {}",
    "pattern": "like {}",
}


def named(bridge: Bridge, query: str) -> list[dict[str, Any]]:
    """All tools, Uru's and ours, of which the query is a name, in any case and with - or . for _.

    `{"tool", "title", "needs", "allowed", "missing", "call_with", "description", "input_schema", "hints": {…}}`
    """
    from uru_mcp.tools.definitions import OWN

    wanted, snapshot = _plain(query), bridge.snapshot
    own = [_of_ours(definition, snapshot) for name, definition in OWN.items() if _plain(name) == wanted]
    fitting = [tool for tool in snapshot.catalog.tools.values() if wanted in map(_plain, (*tool.names, tool.name))]
    return own or [_of_urus(tool, snapshot) for tool in fitting]


def near(bridge: Bridge, query: str) -> list[str]:
    """The names that the query may be a slip of; none if it does not look like a name."""
    from uru_mcp.config.pattern_slips import nearest
    from uru_mcp.tools.definitions import OWN

    if " " in query.strip() or "_" not in query:
        return []
    names = {_plain(name): name for name in (*bridge.snapshot.catalog.tools, *OWN)}
    return [names[one] for one in nearest(_plain(query), names)]


def _plain(name: str) -> str:
    return name.strip().casefold().replace("-", "_").replace(".", "_")


def _of_urus(tool: Tool, snapshot: Snapshot) -> dict[str, Any]:
    from uru_mcp.catalog.search_results import notes_on, offer

    return {
        **offer(tool, snapshot.key_status),
        "description": " ".join([tool.attributed, *notes_on(tool)]),
        "input_schema": tool.schema,
        "hints": {name: getattr(tool, name) for name in HINTS},
    }


def _of_ours(definition: Definition, snapshot: Snapshot) -> dict[str, Any]:
    from uru_mcp.access.gate import allows
    from uru_mcp.access.policy import OWN_TOOLS
    from uru_mcp.permissions import NOTHING, in_order

    needs, grant = OWN_TOOLS[definition.name], snapshot.key_status.grant
    has = grant.effective if grant is not None else NOTHING
    return {
        "tool": definition.name,
        "title": definition.title,
        "needs": in_order(needs),
        "allowed": allows(needs, snapshot.key_status),
        "missing": in_order(needs - has),
        "description": definition.description,
        "input_schema": definition.schema,
        "hints": {name: getattr(definition, name) for name in HINTS},
    }


def lines_of(tool: Mapping[str, Any], options: list[str]) -> Iterator[str]:
    """The tool for a terminal. `options` are those of the sandbox, which the example call needs too."""
    width = terminal_width()
    yield in_one_line(tool["tool"])
    yield f"  {in_one_line(tool['title'])}\n"
    facts = [["  Needs", _needs(tool)], ["  Hints", _hints(tool["hints"])]]
    if tool.get("call_with"):
        facts.append(["  Claude", f"calls it by name where it is listed, otherwise with {tool['call_with']}"])
    yield from table(facts, width=width)
    yield "\n  Description, as Claude reads it"
    for line in for_terminal(tool["description"]).splitlines():
        yield from wrapped(f"    {line}", width, indent=4)
    schema = tool["input_schema"]
    rows = [*_arguments(schema)]
    yield "\n  Arguments" if rows else "\n  Arguments: none"
    yield from table(rows, width=width)
    example = json.dumps(_sample(schema), ensure_ascii=False)
    words = ["call", *options, tool["tool"], *([] if example == "{}" else [example])]
    yield f"\n  Example\n    {in_one_line(own_command(*map(shlex.quote, words)))}"


def _needs(tool: Mapping[str, Any]) -> str:
    needs = ", ".join(name.capitalize() for name in tool["needs"]) or "no permission"
    if tool["allowed"]:
        return f"{needs}; this key may call it"
    missing = ", ".join(name.capitalize() for name in tool.get("missing", ()))
    return f"{needs}; this key lacks {missing}" if missing else f"{needs}; whether this key has it is not known"


def _hints(hints: Mapping[str, bool]) -> str:
    if hints["read_only"]:
        return "only reads" + (", also outside Uru" if hints["open_world"] else "")
    said = ["may overwrite or delete" if hints["destructive"] else "only adds"]
    said += ["repeating a call changes nothing more"] if hints["idempotent"] else []
    said += ["acts outside Uru"] if hints["open_world"] else []
    return ", ".join(said)


def _arguments(schema: Any, level: int = 0) -> Iterator[list[str]]:
    """A row for each argument: its name, and its type with what it is for."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or level > DEEPEST:
        return
    required = schema.get("required")
    for name, argument in properties.items():
        argument = argument if isinstance(argument, dict) else {}
        must = "required" if isinstance(required, list) and name in required else ""
        told = "; ".join(filter(None, (_type(argument), must)))
        text = argument.get("description")
        text = f". {text}" if isinstance(text, str) and text else ""
        yield [f"{'  ' * (level + 2)}{in_one_line(name)}", in_one_line(" ".join(f"{told}{text}".split()))]
        items = argument.get("items")
        yield from _arguments(items if isinstance(items, dict) else argument, level + 1)


def _type(argument: Mapping[str, Any]) -> str:
    if isinstance(argument.get("enum"), list):
        return f"one of {', '.join(map(_json, argument['enum']))}"
    if "const" in argument:
        return f"always {_json(argument['const'])}"
    for joint in ("anyOf", "oneOf"):
        if isinstance(argument.get(joint), list):
            return " or ".join(dict.fromkeys(_type(one) for one in argument[joint] if isinstance(one, dict)))
    stated = argument.get("type")
    types = stated if isinstance(stated, list) else [stated]
    words = " or ".join(TYPES.get(one, one) for one in types if isinstance(one, str)) or "anything"
    items = argument.get("items")
    if words == "list" and isinstance(items, dict) and items.get("type"):
        words = f"list of {_type(items)}"
    bounds = [said.format(argument[name]) for name, said in BOUNDS.items() if name in argument]
    default = [f"default {_json(argument['default'])}"] if "default" in argument else []
    return ", ".join([words, *bounds, *default])


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sample(schema: Any, level: int = 0) -> Any:
    """Arguments that fit the types of the schema: those that are required, to be replaced by real ones."""
    if not isinstance(schema, dict) or level > DEEPEST:
        return {}
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples"):
        if isinstance(schema.get(name), list) and schema[name]:
            return schema[name][0]
    for joint in ("anyOf", "oneOf"):
        if isinstance(schema.get(joint), list) and schema[joint]:
            return _sample(schema[joint][0], level)
    stated = schema.get("type")
    kind = stated[0] if isinstance(stated, list) and stated else stated
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "array":
        return [_sample(schema.get("items", {}), level + 1)] if schema.get("minItems") else []
    if kind in ("string", "boolean", "null"):
        return {"string": "…", "boolean": False, "null": None}[kind]
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(required, list) or not isinstance(properties, dict):
        return {}
    return {name: _sample(properties[name], level + 1) for name in required if name in properties}
