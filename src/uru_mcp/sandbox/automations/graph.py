"""Automation graphs as data: validation, next nodes, conditions and templates.

```json
{"nodes": [{"id": "start", "type": "trigger"},
           {"id": "large", "type": "decision",
            "condition": {"field": "input.amount", "operator": "greater_than", "value": 500}},
           {"id": "log", "type": "agent", "agent": "Uru Guru",
            "steps": [{"tool": "company_demo__LOG_NOTE", "arguments": {"text": "Paid {{input.amount}}"}}]}],
 "edges": [{"from": "start", "to": "large"}, {"from": "large", "to": "log", "branch": "false"}]}
```

A guardrail also has a condition, and a message; a human_approval has an ask.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import ToolFailure

Node = Mapping[str, Any]
Edge = Mapping[str, Any]

_NEEDS = {"agent": "steps", "decision": "condition", "guardrail": "condition", "human_approval": "ask"}

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "not_equals": operator.ne,
    "greater_than": operator.gt,
    "at_least": operator.ge,
    "less_than": operator.lt,
    "at_most": operator.le,
    "contains": operator.contains,
    "one_of": lambda value, choices: value in choices,
    "exists": lambda value, wanted: (value is not None) == wanted,
}

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def check(automation: Mapping[str, Any]) -> None:
    """Raises: ToolFailure for an invalid graph."""
    nodes: Sequence[Node] = automation["nodes"]
    ids = [node["id"] for node in nodes]
    if len(set(ids)) < len(ids) or "input" in ids:
        raise ToolFailure("Each node needs an id of its own, and none may be called input.")
    if sum(node["type"] == "trigger" for node in nodes) != 1:
        raise ToolFailure("A graph has exactly one trigger.")
    for node in nodes:
        _check_node(node)
    strays = sorted({edge[end] for edge in automation["edges"] for end in ("from", "to")} - set(ids))
    if strays:
        raise ToolFailure(f"Edges lead to nodes that are not there: {', '.join(strays)}.")


def following(edges: Sequence[Edge], node_id: str, branch: str | None) -> list[str]:
    """The next nodes: along the edges of the branch taken, and those without a branch.

    A rejection follows only edges of its own branch.
    """
    taken = (branch,) if branch == "rejected" else (branch, None)
    return [edge["to"] for edge in edges if edge["from"] == node_id and edge.get("branch") in taken]


def holds(condition: Mapping[str, Any], data: Any) -> bool:
    """Raises: ToolFailure if the two values cannot be compared."""
    value = look_up(condition["field"], data)
    try:
        return bool(_OPERATORS[condition["operator"]](value, condition["value"]))
    except TypeError as error:
        raise ToolFailure(f"{condition['field']} is {value!r}, which cannot be compared.") from error


def fill(template: Any, data: Any) -> Any:
    """The template with every `{{path}}` replaced; a text that is a single placeholder keeps the value's type.

    Raises: ToolFailure for a path that does not exist.
    """
    if isinstance(template, dict):
        return {name: fill(value, data) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, data) for value in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole:
        return _present(whole[1], data)
    return _PLACEHOLDER.sub(lambda match: str(_present(match[1], data)), template)


def look_up(path: str, data: Any) -> Any:
    """The value at `input.customer.name`, or at `draft.0.id` in a list; None if the path does not exist."""
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal():
            data = data[int(part)] if int(part) < len(data) else None
        else:
            return None
    return data


def _check_node(node: Node) -> None:
    wanted = _NEEDS.get(node["type"])
    if wanted and not node.get(wanted):
        raise ToolFailure(f"Node {node['id']}: {node['type']} needs {wanted}.")
    if wanted == "condition":
        _check_condition(node)
    if wanted == "steps" and not all(isinstance(step, dict) and "__" in step.get("tool", "") for step in node["steps"]):
        raise ToolFailure(f"Node {node['id']}: each step needs a tool, such as company_demo__LOG_NOTE.")


def _check_condition(node: Node) -> None:
    condition = node["condition"]
    if not isinstance(condition, dict) or set(condition) != {"field", "operator", "value"}:
        raise ToolFailure(f"Node {node['id']}: a condition is an object with field, operator and value.")
    if not isinstance(condition["field"], str) or condition["operator"] not in _OPERATORS:
        raise ToolFailure(f"Node {node['id']}: the operator is one of {', '.join(_OPERATORS)}.")


def _present(path: str, data: Any) -> Any:
    value = look_up(path, data)
    if value is None:
        raise ToolFailure(f"There is no {path} to fill in.")
    return value
