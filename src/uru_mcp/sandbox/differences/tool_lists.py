"""Differences of a namespace's list of tools: the format of its entries, and its place in the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.request_log import Request
from .difference import Around, changing, family, renamed, without

SCHEMAS = {
    "snake": "input_schema",
    "parameters": "parameters",
    "input-parameters": "input_parameters",
    "input-parameters-camel": "inputParameters",
    "args": "args_schema",
    "schema": "schema",
}
NAMES = {"slug": "slug", "id": "id", "key": "key", "snake": "tool_name", "camel": "toolName"}
PLACES = ("items", "results", "data", "actions")

Definition = dict[str, Any]


def lists_tools(request: Request) -> bool:
    return request.path.startswith("/list/apps/") and request.path.endswith("/tools")


def definitions(change: Callable[[Definition], Any], applies: Callable[[Request], bool] = lists_tools) -> Around:
    """Change each tool of the list, at its place in the description."""

    def changed(answer: Any) -> Any:
        if not isinstance(answer, dict) or not isinstance(answer.get("tools"), list):
            return answer
        return {**answer, "tools": [change(one) if isinstance(one, dict) else one for one in answer["tools"]]}

    return changing(applies, changed)


def _names(**names: str) -> Around:
    return definitions(lambda tool: renamed(tool, names))


def _placed(place: Callable[[str, list[Any]], Any]) -> Around:
    def changed(answer: Any) -> Any:
        is_described = isinstance(answer, dict) and isinstance(answer.get("tools"), list)
        return place(answer.get("namespace", ""), answer["tools"]) if is_described else answer

    return changing(lists_tools, changed)


def _in(name: str) -> Around:
    return _placed(lambda namespace, tools: {"namespace": namespace, name: tools})


def _openai(tool: Definition) -> Definition:
    """OpenAI's format: name, description and schema are moved to `function`; the other MCP fields stay."""
    names = {"inputSchema": "parameters"}
    inner = renamed({name: tool[name] for name in ("name", "description", "inputSchema") if name in tool}, names)
    return {"type": "function", "function": inner, **without(tool, "name", "description", "inputSchema")}


def _composio(tool: Definition) -> Definition:
    names = {"name": "slug", "title": "name", "inputSchema": "input_parameters"}
    return {**renamed(tool, names), "toolkit": {"slug": "any"}}


DIFFERENCES = family(
    "tools",
    [
        *(
            (f"tools-schema-{short}", f"A tool's schema is called {name}.", _names(inputSchema=name))
            for short, name in SCHEMAS.items()
        ),
        (
            "tools-schema-in-json",
            "A tool's schema stands under json within inputSchema.",
            definitions(lambda tool: {**tool, "inputSchema": {"json": tool.get("inputSchema")}}),
        ),
        ("tools-no-schema", "Tools have no schema.", definitions(lambda tool: without(tool, "inputSchema"))),
        *(
            (f"tools-name-{short}", f"A tool's name is called {name}.", _names(name=name))
            for short, name in NAMES.items()
        ),
        ("tools-title-display-name", "A tool's title is called displayName.", _names(title="displayName")),
        ("tools-title-display-name-snake", "A tool's title is called display_name.", _names(title="display_name")),
        ("tools-summary", "A tool's description is called summary.", _names(description="summary")),
        ("tools-openai", "Tools are as OpenAI has them: under function, with parameters.", definitions(_openai)),
        ("tools-composio", "Tools are as Composio has them: slug, name and input_parameters.", definitions(_composio)),
        ("tools-bare", "The list of tools is bare.", _placed(lambda _, tools: tools)),
        *((f"tools-in-{name}", f"The list of tools stands under {name}.", _in(name)) for name in PLACES),
        (
            "tools-in-data-twice",
            "The list of tools stands under tools within data.",
            _placed(lambda _, tools: {"success": True, "data": {"tools": tools}}),
        ),
        (
            "tools-in-data-items",
            "The list of tools stands under items within data.",
            _placed(lambda _, tools: {"data": {"items": tools, "next_cursor": None}}),
        ),
    ],
)
