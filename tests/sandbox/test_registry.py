"""The definitions of the sandbox's own tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from uru_mcp.sandbox.data.database import CONTENT


def parameters(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property with its path, those of objects and of lists' items included."""
    for name, one in schema.get("properties", {}).items():
        yield f"{path}.{name}", one
        yield from parameters(one, f"{path}.{name}")
    if "items" in schema:
        yield from parameters(schema["items"], f"{path}[]")


@pytest.mark.parametrize("file", sorted((CONTENT / "tools").glob("*.json")), ids=lambda file: file.stem)
def test_every_parameter_of_every_tool_is_described(file: Path) -> None:
    tools = json.loads(file.read_text("utf-8"))
    found = [pair for tool in tools for pair in parameters(tool["inputSchema"], tool["name"])]
    assert found
    assert [path for path, one in found if not one.get("description", "").strip()] == []
