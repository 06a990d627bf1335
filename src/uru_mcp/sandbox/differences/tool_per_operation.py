"""Names and definitions of `platform` tools that are split by operation, instead of one tool with `op`."""

from __future__ import annotations

from collections.abc import Sequence

from .difference import without
from .tool_lists import Definition

Split = dict[str, tuple[str, str | None]]
"""The original tool and its `op`, by the name of the tool that replaces them."""

VERBS = {"list": "Lists", "get": "Returns one of", "search": "Searches", "runs": "Lists the runs of one of"}
VERBS |= {"run": "Returns one run of one of", "create": "Adds one to", "update": "Changes one of"}
NEEDS = {"get": ["id"], "search": ["query"], "runs": ["id"], "run": ["run_id"], "update": ["id"]}
NOUNS = {"context": "context", "prompt": "prompt", "persona": "agent", "automation": "automation"}


def _snake(kind: str, op: str) -> str:
    noun = NOUNS[kind]
    if op in ("runs", "run"):
        return {"runs": f"list_{noun}_runs", "run": f"get_{noun}_run"}[op]
    return f"{op}_{noun}s" if op in ("list", "search") else f"{op}_{noun}"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _operations() -> list[tuple[str, str]]:
    found = [(kind, op) for kind in NOUNS for op in ("list", "get", "create", "update")]
    return [*found, ("context", "search"), ("automation", "runs"), ("automation", "run")]


def _tool(kind: str, op: str) -> tuple[str, str]:
    return (f"{kind}_edit" if op in ("create", "update") else f"{kind}_query"), op


SNAKE: Split = {
    **{_snake(kind, op): _tool(kind, op) for kind, op in _operations()},
    "run_automation": ("automation_run", None),
    "decide_automation_run": ("automation_decide", None),
}
CAMEL: Split = {_camel(name): stands_for for name, stands_for in SNAKE.items()}
DOTTED: Split = {
    **{f"{NOUNS[kind]}s.{op}": _tool(kind, op) for kind, op in _operations()},
    "automations.start": ("automation_run", None),
    "automations.decide": ("automation_decide", None),
}


def split_definitions(tools: Sequence[Definition], names: Split) -> list[Definition]:
    """The tools that `names` does not replace, followed by those that replace the others."""
    known = {tool["name"]: tool for tool in tools}
    replaced = {tool for tool, _ in names.values()}
    kept = [tool for tool in tools if tool["name"] not in replaced]
    return [*kept, *(_definition(name, known[tool], op) for name, (tool, op) in names.items() if tool in known)]


def _definition(name: str, tool: Definition, op: str | None) -> Definition:
    if op is None:
        return {**tool, "name": name}
    schema = tool["inputSchema"]
    narrow = {**schema, "properties": without(schema["properties"], "op"), "required": NEEDS.get(op, [])}
    kind = f"{NOUNS[tool['name'].split('_')[0]]}s"
    return {**without(tool, "title"), "name": name, "description": f"{VERBS[op]} the {kind}.", "inputSchema": narrow}
