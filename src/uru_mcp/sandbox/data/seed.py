"""Seeds a new sandbox with two workspaces from `content/`."""

from __future__ import annotations

import json
import re
from typing import Any

from . import clock, text_search
from .database import CONTENT, Database, as_columns

WORKSPACES = ("acme.json", "globex.json")
TABLES = ("contexts", "prompts", "personas", "automations", "notes", "transcripts", "mails", "events")

_RELATIVE_TIME = re.compile(r"[+-]\d+d \d\d:\d\d")


def seed(database: Database) -> None:
    """Call it in the transaction that creates the tables."""
    for file in WORKSPACES:
        _seed_workspace(database, json.loads((CONTENT / file).read_text("utf-8")))


def _seed_workspace(database: Database, workspace: dict[str, Any]) -> None:
    database.insert("workspaces", id=workspace["id"], name=workspace["name"])
    for table in TABLES:
        for record in workspace[table]:
            database.insert(table, workspace_id=workspace["id"], **as_columns(_resolve(record)))
    for context in workspace["contexts"]:
        text_search.index(database, context["id"])


def _resolve(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its file's text in `content`, and its relative times as timestamps."""
    if "file" in record:
        content = (CONTENT / record["file"]).read_text("utf-8")
        record = {name: value for name, value in record.items() if name != "file"} | {"content": content}
    return {name: clock.relative(value) if _is_time(value) else value for name, value in record.items()}


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _RELATIVE_TIME.fullmatch(value) is not None
