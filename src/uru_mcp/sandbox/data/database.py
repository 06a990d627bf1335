"""The SQLite database: opening, reading, and writing in transactions.

Nothing is cached between queries, so changes that another process makes to the same file take effect immediately.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"
SCHEMA_VERSION = 2


class NotOurs(Exception):
    """The file is not a sandbox database, or has another version."""


class Database:
    """A connection whose rows are dictionaries.

    A column such as `tags_json` is returned as `tags`, already parsed. All calls are short and synchronous.
    """

    def __init__(
        self, path: Path | None = None, *, fill: Callable[[Database], None] | None = None, like: Database | None = None
    ) -> None:
        """Open `path`, or a database in memory; a new one is created and filled by `fill` in one transaction.

        With `like`, it starts as a copy of that one; `path` must then be None.

        Raises: NotOurs, OSError.
        """
        if path is not None and not path.exists():
            _make(path)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        if like is not None:
            like._connection.backup(self._connection)
        try:
            self._prepare(path, fill)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, path: Path | None, fill: Callable[[Database], None] | None) -> None:
        try:
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError as error:
            raise NotOurs(f"{path} is not a SQLite database.") from error
        with self.transaction():
            version = self.value("PRAGMA user_version")
            tables = self.value("SELECT count(*) FROM sqlite_master")
            if tables and version != SCHEMA_VERSION:
                raise NotOurs(f"{path} is not a sandbox database of this version.")
            if not tables:
                self._create()
                if fill:
                    fill(self)

    def _create(self) -> None:
        for statement in (CONTENT / "schema.sql").read_text("utf-8").split(";\n"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.insert("secrets", name="pepper", value=secrets.token_bytes(32))

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        return [_as_dict(row) for row in self._connection.execute(sql, args)]

    def row(self, sql: str, *args: Any) -> dict[str, Any] | None:
        found = self._connection.execute(sql, args).fetchone()
        return None if found is None else _as_dict(found)

    def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        found = self._connection.execute(sql, args).fetchone()
        return None if found is None else found[0]

    def execute(self, sql: str, *args: Any) -> int:
        """Run one statement; returns the number of changed rows."""
        return self._connection.execute(sql, args).rowcount

    def insert(self, table: str, **columns: Any) -> None:
        # Table and column names come only from this package; values are always bound.
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608

    def update(self, table: str, row_id: str, **columns: Any) -> None:
        assignments = ", ".join(f"{name} = ?" for name in columns)
        self._connection.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", (*columns.values(), row_id))  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Never spans an `await`: there is one connection."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def _make(path: Path) -> None:
    """Create an empty file that only its owner can read. Raises: OSError."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The directory {path.parent} does not exist.")
    path.touch(mode=0o600)


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(6)}"


def as_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert fields to columns: lists and objects become JSON in a column that ends in `_json`."""
    columns = {}
    for name, value in fields.items():
        if isinstance(value, list | dict):
            columns[f"{name}_json"] = json.dumps(value)
        else:
            columns[name] = value
    return columns


def _as_dict(row: sqlite3.Row) -> dict[str, Any]:
    return {
        name.removesuffix("_json"): json.loads(row[name]) if name.endswith("_json") and row[name] else row[name]
        for name in row.keys()  # noqa: SIM118 - a Row iterates over its values
    }
