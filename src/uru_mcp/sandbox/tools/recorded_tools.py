"""Tools that only record their calls: synthetic ones, and those of a catalog file (`--catalog`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .registry import Call, Definition, Namespace, Tool, name_of

RECORDED = (
    "The sandbox accepted and recorded this call, with the arguments in `recorded`. It stands in for the app: it did"
    " nothing else, and sent nothing to the outside."
)


class BadCatalog(Exception):
    """The file is not a catalog in the API's format."""


def answer_recorded(call: Call) -> dict[str, Any]:
    """The result of a simulated app tool: that the call was recorded, with its arguments."""
    return {"done": RECORDED, "recorded": call.arguments, "log_id": call.log_id}


class Listed:
    """A namespace of a catalog file. Its definitions are passed on unchanged, even if they are invalid."""

    def __init__(self, record: Mapping[str, Any], definitions: list[Definition]) -> None:
        self.record = record
        self._definitions = definitions
        self._listing = json.dumps(definitions).encode()

    def find(self, name: str) -> Tool | None:
        named = tuple(one for one in self._definitions if name_of(one) == name)
        return Tool(name, named, answer_recorded) if named else None

    def definitions(self) -> Iterable[Definition]:
        return self._definitions

    def listing(self) -> bytes:
        return self._listing


def read_catalog(path: Path) -> list[Namespace]:
    """The namespaces of `{"namespaces": [{"name": …, "tools": […]}]}`. Raises: BadCatalog, OSError."""
    try:
        namespaces = json.loads(path.read_text("utf-8"))["namespaces"]
        return [Listed(_without_tools(one), one["tools"]) for one in namespaces]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCatalog(f"{path} is not a catalog: it needs namespaces, each with a name and tools.") from error


def _without_tools(namespace: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": namespace["name"], **{field: value for field, value in namespace.items() if field != "tools"}}
