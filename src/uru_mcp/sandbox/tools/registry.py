"""Tools, namespaces, and the registry of the tools that each workspace has.

A namespace lists its tools as JSON and finds one by name; where they come from is up to the namespace.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..data.database import CONTENT, Database
from ..data.keys import Key
from ..errors import ToolFailure
from ..permissions import needs
from .validation import complaint, schema_of

Definition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a tool sees it. `workspace_id` is None only for the two tools that need no workspace."""

    database: Database
    registry: Registry
    key: Key
    workspace_id: str | None
    arguments: dict[str, Any]
    log_id: str

    @property
    def workspace(self) -> str:
        if self.workspace_id is None:
            raise RuntimeError("A tool that needs a workspace was called without one.")
        return self.workspace_id


Act = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A callable tool. It has several definitions if a catalog file lists its name more than once."""

    name: str
    definitions: tuple[Definition, ...]
    act: Act = field(repr=False)

    def needs(self, namespace: str) -> frozenset[str]:
        return frozenset().union(*(needs(namespace, definition) for definition in self.definitions))

    async def run(self, call: Call) -> Any:
        """Run the tool if the arguments match any of its definitions. Raises: ToolFailure, ApiError 404."""
        _check_text(call.arguments)
        complaints = [complaint(schema_of(definition), call.arguments) for definition in self.definitions]
        if all(complaints):
            raise ToolFailure(f"Invalid arguments for {self.name}. {complaints[0]}")
        data = self.act(call)
        return await data if inspect.isawaitable(data) else data


class Namespace(Protocol):
    """A group of tools, listed at `/namespaces` by its `record`."""

    @property
    def record(self) -> Mapping[str, Any]: ...

    def find(self, name: str) -> Tool | None: ...

    def definitions(self) -> Iterable[Definition]: ...

    def listing(self) -> bytes:
        """All definitions as a JSON array."""
        ...


class BuiltIn:
    """A namespace implemented in the sandbox; its definitions come from a file in `content/tools`."""

    def __init__(self, record: Mapping[str, Any], file: str, acts: Mapping[str, Act]) -> None:
        self.record = record
        self._definitions: list[Definition] = json.loads((CONTENT / "tools" / file).read_text("utf-8"))
        self._tools = {one["name"]: Tool(one["name"], (one,), acts[one["name"]]) for one in self._definitions}

    def find(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def definitions(self) -> Iterable[Definition]:
        return self._definitions

    def listing(self) -> bytes:
        return json.dumps(self._definitions).encode()


class Registry:
    """The tools of every workspace: the same namespaces for all, plus changes made to one at run time."""

    def __init__(self, database: Database, namespaces: Iterable[Namespace], otherwise: Act) -> None:
        """`otherwise` implements tools that are added at run time."""
        self._database = database
        self._namespaces = {namespace.record["name"]: namespace for namespace in namespaces}
        self._otherwise = otherwise

    def records(self, workspace_id: str) -> list[Mapping[str, Any]]:
        """The namespaces in the API's format."""
        added = self._database.rows(
            "SELECT DISTINCT namespace FROM tool_changes WHERE workspace_id = ? AND definition_json IS NOT NULL",
            workspace_id,
        )
        own = [namespace.record for namespace in self._namespaces.values()]
        return own + [{"name": row["namespace"]} for row in added if row["namespace"] not in self._namespaces]

    def record(self, workspace_id: str, name: str) -> Mapping[str, Any] | None:
        return next((record for record in self.records(workspace_id) if record["name"] == name), None)

    def listing(self, workspace_id: str, name: str) -> bytes:
        """The tools of a namespace as a JSON array; empty for an unknown namespace."""
        namespace = self._namespaces.get(name)
        changes = self._changes(workspace_id, name)
        if namespace and not changes:
            return namespace.listing()
        own = namespace.definitions() if namespace else ()
        kept = [changes.pop(name_of(one), one) for one in own]
        return json.dumps([one for one in (*kept, *changes.values()) if one is not None]).encode()

    def find(self, workspace_id: str | None, namespace: str, name: str) -> Tool | None:
        """A tool that was replaced at run time has a new definition, and keeps its behaviour."""
        home = self._namespaces.get(namespace)
        tool = home.find(name) if home else None
        changes = self._changes(workspace_id, namespace)
        if name not in changes:
            return tool
        changed = changes[name]
        if changed is None:
            return None
        return replace(tool, definitions=(changed,)) if tool else Tool(name, (changed,), self._otherwise)

    def put(self, workspace_id: str, namespace: str, definition: Definition) -> None:
        self._change(workspace_id, namespace, name_of(definition), json.dumps(definition))

    def remove(self, workspace_id: str, namespace: str, name: str) -> None:
        self._change(workspace_id, namespace, name, None)

    def version(self, workspace_id: str) -> int:
        return int(self._database.value("SELECT version FROM workspaces WHERE id = ?", workspace_id))

    def _change(self, workspace_id: str, namespace: str, name: str, definition_json: str | None) -> None:
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO tool_changes VALUES (?, ?, ?, ?)",
                workspace_id,
                namespace,
                name,
                definition_json,
            )
            self._database.execute("UPDATE workspaces SET version = version + 1 WHERE id = ?", workspace_id)

    def _changes(self, workspace_id: str | None, namespace: str) -> dict[str, Definition | None]:
        changes = self._database.rows(
            "SELECT name, definition_json FROM tool_changes WHERE workspace_id = ? AND namespace = ? ORDER BY rowid",
            workspace_id,
            namespace,
        )
        return {change["name"]: change["definition"] for change in changes}


def name_of(definition: Definition) -> str:
    """The name from any of the fields that definitions use: `name`, `function.name` or `id`."""
    function = definition.get("function")
    candidates = (definition.get("name"), function.get("name") if isinstance(function, dict) else None)
    return str(next((name for name in (*candidates, definition.get("id")) if name), ""))


def _check_text(arguments: dict[str, Any]) -> None:
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ToolFailure("The arguments hold half a surrogate pair, which is no text.") from error
