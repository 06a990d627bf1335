"""A key that is there for the time of one look: what another key may do, without knowing that key.

A key's text is not kept, so that nobody can ask a server anything with it again. A stand-in has the same workspace,
permissions and end, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from .. import clock
from ..database import Database
from ..keys import Key, Keys

LASTS = timedelta(minutes=2)  # should the process end in the middle


@contextmanager
def stand_in(database: Database, key: Key, permissions: Collection[str]) -> Iterator[str]:
    """The text of a key like `key`, but with these permissions; it is removed with all that was noted of it."""
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
