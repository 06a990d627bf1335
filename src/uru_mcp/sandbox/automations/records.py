"""Lists, reads and writes editable records: context blocks, prompts, agents and automations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..data import clock, text_search
from ..data.database import Database, as_columns, new_id
from ..data.paging import Item, page
from ..errors import ToolFailure, not_found
from ..tools.registry import Call
from . import graph

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record. `columns` are the fields that `get` returns, `summary` those in a list."""

    noun: str
    table: str
    prefix: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    summary: tuple[str, ...] = ()
    check: Callable[[Fields], None] = lambda fields: None
    written: Callable[[Database, str], None] = lambda database, record_id: None

    @property
    def fields(self) -> list[str]:
        """The fields that an edit may set."""
        return [name.removesuffix("_json") for name in self.columns if name not in ("id", "updated_at")]


CONTEXT = Kind(
    noun="context",
    table="contexts",
    prefix="ctx",
    columns=("id", "title", "description", "content", "category", "tags_json", "scope", "updated_at"),
    summary=(
        "id", "title", "description", "category", "tags_json", "scope", "length(CAST(content AS BLOB)) AS size",
        "updated_at",
    ),
    required=("title", "content"),
    written=text_search.index,
)  # fmt: skip
PROMPT = Kind(
    noun="prompt",
    table="prompts",
    prefix="prm",
    columns=("id", "title", "description", "content", "variables_json", "persona_id", "updated_at"),
    required=("title", "content"),
)
PERSONA = Kind(
    noun="persona",
    table="personas",
    prefix="per",
    columns=("id", "name", "description", "instructions"),
    required=("name", "instructions"),
)
AUTOMATION = Kind(
    noun="automation",
    table="automations",
    prefix="aut",
    columns=("id", "name", "description", "status", "trigger_json", "nodes_json", "edges_json"),
    required=("name", "trigger", "nodes", "edges"),
    check=graph.check,
)


def query(kind: Kind, call: Call) -> Any:
    """`op` list or get. Raises: ToolFailure, ApiError 404."""
    if call.arguments["op"] == "get":
        return get(kind, call.database, call.workspace, need(call, "id"))
    return _list(kind, call)


def edit(kind: Kind, call: Call) -> Fields:
    """`op` create or update; returns the updated record. Raises: ToolFailure, ApiError 404."""
    fields = {name: call.arguments[name] for name in kind.fields if name in call.arguments}
    with call.database.transaction():
        record_id = (_create if call.arguments["op"] == "create" else _update)(kind, call, fields)
        kind.written(call.database, record_id)
        record = get(kind, call.database, call.workspace, record_id)
        kind.check(record)
    return record


def get(kind: Kind, database: Database, workspace_id: str, record_id: str) -> Fields:
    """Raises: ApiError 404."""
    found = database.row(
        f"SELECT {', '.join(kind.columns)} FROM {kind.table} WHERE workspace_id = ? AND id = ?",  # noqa: S608
        workspace_id,
        record_id,
    )
    if found is None:
        raise not_found(kind.noun, record_id)
    return found


def need(call: Call, argument: str) -> str:
    """An argument that only some operations need. Raises: ToolFailure."""
    if argument not in call.arguments:
        raise ToolFailure(f"op {call.arguments['op']} needs {argument}.")
    return str(call.arguments[argument])


def _list(kind: Kind, call: Call) -> dict[str, Any]:
    columns = ", ".join(kind.summary or kind.columns)

    def fetch(after: int | None, limit: int) -> list[Item]:
        return call.database.rows(
            f"SELECT {columns}, rowid AS position FROM {kind.table}"  # noqa: S608
            " WHERE workspace_id = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            call.workspace,
            after or 0,
            limit,
        )

    return page(fetch, call.arguments)


def _create(kind: Kind, call: Call, fields: Fields) -> str:
    missing = [name for name in kind.required if name not in fields]
    if missing:
        raise ToolFailure(f"op create needs {', '.join(missing)}.")
    record_id = new_id(kind.prefix)
    columns = {"id": record_id, "workspace_id": call.workspace, **as_columns(fields), **_touched(kind)}
    call.database.insert(kind.table, **columns)
    return record_id


def _update(kind: Kind, call: Call, fields: Fields) -> str:
    record_id = need(call, "id")
    get(kind, call.database, call.workspace, record_id)
    if not fields:
        raise ToolFailure(f"op update needs something to change: {', '.join(kind.fields)}.")
    call.database.update(kind.table, record_id, **as_columns(fields), **_touched(kind))
    return record_id


def _touched(kind: Kind) -> Fields:
    return {"updated_at": clock.stamp()} if "updated_at" in kind.columns else {}
