"""Creates a temporary key that replaces another one for a single query.

The text of an existing key is not stored, so it cannot be used to query a server. The temporary key has the same
workspace and expiry, and is deleted without a trace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from ..data import clock
from ..data.database import Database
from ..data.keys import Key, Keys

LASTS = timedelta(minutes=2)  # limits the key's lifetime if the process ends before deleting it


@contextmanager
def stand_in(database: Database, key: Key, permissions: Collection[str]) -> Iterator[str]:
    """Yields the text of a key like `key`, but with these permissions; on exit, it is deleted with its usage data."""
    end = clock.now() + LASTS
    made = Keys(database).create(
        name=key.name,
        workspace=key.workspace_id if key.fixed else None,
        permissions=permissions,
        expires_at=min(end, key.ends) if key.ends else end,
        created_at=clock.parse(key.created_at),
    )
    try:
        database.update("keys", made.record.id, workspace_id=key.workspace_id, deleted_at=key.deleted_at)
        yield made.text
    finally:
        with database.transaction():
            for table in ("uses", "calls"):
                database.execute(f"DELETE FROM {table} WHERE key_id = ?", made.record.id)  # noqa: S608
            database.execute("DELETE FROM keys WHERE id = ?", made.record.id)
