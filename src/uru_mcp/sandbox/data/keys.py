"""API keys: creation, hashed storage, usage, rotation and deletion.

Nothing about a key is cached, so deleting it from another process takes effect immediately.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ..permissions import in_order, permission_set
from . import clock
from .database import Database, new_id

PREFIX = "uru_sandbox_"

Status = Literal["active", "expired", "revoked"]


class UnknownKey(LookupError):
    """There is no such key."""


class DeletedKey(UnknownKey):
    """The key exists, but was deleted."""


class UnknownWorkspace(LookupError):
    """There is no such workspace."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key's record, without its text. Times are in the API's format."""

    id: str
    name: str
    last4: str
    workspace_id: str | None
    fixed: bool
    permissions: frozenset[str]
    created_at: str
    expires_at: str | None
    deleted_at: str | None
    last_used_at: str | None
    uses: int

    @property
    def status(self) -> Status:
        if self.deleted_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.stamp() else "active"

    @property
    def ends(self) -> datetime | None:
        return clock.parse(self.expires_at) if self.expires_at else None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A newly created key; its text is not available later."""

    text: str
    record: Key


@dataclass(frozen=True, slots=True)
class Usage:
    """A key's usage. `by_day` counts requests, the other two count tool calls."""

    requests_total: int
    requests_24h: int
    by_day: dict[str, int]
    by_permission: dict[str, int]
    by_outcome: dict[str, int]


_SELECT = """
    SELECT keys.*, (SELECT max(at) FROM uses WHERE key_id = keys.id) AS last_used_at,
           (SELECT count(*) FROM uses WHERE key_id = keys.id) AS uses
    FROM keys
"""


class Keys:
    """The keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        name: str,
        workspace: str | None,
        permissions: Collection[str],
        expires_at: datetime | None = None,
        created_at: datetime | None = None,
    ) -> NewKey:
        """Create a key for a workspace, given by name or id; with None, the key must select a workspace later.

        Raises: UnknownWorkspace, ValueError for an unknown permission or a name that `sound_name` refuses.
        """
        name = sound_name(name)
        granted = permission_set(permissions)
        workspace_id = self._workspace_id(workspace) if workspace is not None else None
        with self._database.transaction():
            return self._insert(name, workspace_id, workspace is not None, granted, expires_at, created_at)

    def list(self) -> Sequence[Key]:
        """All keys, including deleted ones, oldest first."""
        return [_as_key(row) for row in self._database.rows(f"{_SELECT} ORDER BY created_at, rowid")]

    def get(self, key_id: str) -> Key:
        """Raises: UnknownKey."""
        row = self._database.row(f"{_SELECT} WHERE id = ?", key_id)
        if row is None:
            raise UnknownKey(f"There is no key {key_id!r}.")
        return _as_key(row)

    def find(self, text: str) -> Key | None:
        """The key with this text, whatever its status."""
        row = self._database.row(f"{_SELECT} WHERE hash = ?", self._hash(text))
        return _as_key(row) if row else None

    def usage(self, key_id: str) -> Usage:
        """Raises: UnknownKey."""
        key = self.get(key_id)
        day_ago = clock.stamp(clock.now() - timedelta(hours=24))
        return Usage(
            requests_total=key.uses,
            requests_24h=self._database.value("SELECT count(*) FROM uses WHERE key_id = ? AND at > ?", key_id, day_ago),
            by_day=self._counts("uses", "substr(at, 1, 10)", key_id),
            by_permission=self._counts("calls", "permission", key_id),
            by_outcome=self._counts("calls", "outcome", key_id),
        )

    def rotate(self, key_id: str, overlap: timedelta = timedelta(0)) -> NewKey:
        """Create a key like the old one, which expires immediately or, at the latest, after the overlap.

        Raises: UnknownKey, DeletedKey.
        """
        with self._database.transaction():
            old = self._living(key_id)
            new = self._insert(old.name, old.workspace_id, old.fixed, old.permissions, old.ends, None)
            if overlap > timedelta(0):
                end = min(filter(None, (old.expires_at, clock.stamp(clock.now() + overlap))))
                self._database.update("keys", key_id, expires_at=end)
            else:
                self._database.update("keys", key_id, deleted_at=clock.stamp())
        return new

    def delete(self, key_id: str) -> None:
        """Mark the key as deleted, so that its use is answered with `revoked_api_key`. Expired keys can be deleted too.

        Raises: UnknownKey, DeletedKey.
        """
        with self._database.transaction():
            self._living(key_id)
            self._database.update("keys", key_id, deleted_at=clock.stamp())

    def set_permissions(self, key_id: str, permissions: Collection[str]) -> None:
        """Raises: UnknownKey, DeletedKey, ValueError for an unknown permission."""
        granted = permission_set(permissions)
        with self._database.transaction():
            self._living(key_id)
            self._database.update("keys", key_id, permissions=",".join(in_order(granted)))

    def select_workspace(self, key_id: str, workspace_id: str) -> None:
        with self._database.transaction():
            self._database.update("keys", key_id, workspace_id=workspace_id)

    def note_use(self, key_id: str) -> None:
        self._database.insert("uses", key_id=key_id, at=clock.stamp())

    def _insert(
        self,
        name: str,
        workspace_id: str | None,
        fixed: bool,
        permissions: frozenset[str],
        expires_at: datetime | None,
        created_at: datetime | None,
    ) -> NewKey:
        text = PREFIX + secrets.token_hex(20)
        key_id = new_id("key")
        self._database.insert(
            "keys",
            id=key_id,
            name=name,
            hash=self._hash(text),
            last4=text[-4:],
            workspace_id=workspace_id,
            fixed=fixed,
            permissions=",".join(in_order(permissions)),
            created_at=clock.stamp(created_at),
            expires_at=clock.stamp(expires_at) if expires_at else None,
        )
        return NewKey(text, self.get(key_id))

    def _hash(self, text: str) -> bytes:
        pepper = self._database.value("SELECT value FROM secrets WHERE name = 'pepper'")
        return hmac.digest(pepper, text.encode(), hashlib.sha256)

    def _workspace_id(self, name_or_id: str) -> str:
        wanted = name_or_id.casefold()
        for known in self._database.rows("SELECT id, name FROM workspaces"):
            if wanted in (known["id"], known["name"].casefold()):
                return str(known["id"])
        raise UnknownWorkspace(f"There is no workspace {name_or_id!r}.")

    def _living(self, key_id: str) -> Key:
        key = self.get(key_id)
        if key.status == "revoked":
            raise DeletedKey(f"The key {key_id!r} is deleted already.")
        return key

    def _counts(self, table: str, group: str, key_id: str) -> dict[str, int]:
        rows = self._database.rows(
            f"SELECT {group} AS name, count(*) AS count FROM {table} WHERE key_id = ? GROUP BY 1",  # noqa: S608
            key_id,
        )
        return {row["name"]: row["count"] for row in rows}


def sound_name(name: str) -> str:
    """The name without surrounding blanks. Raises: ValueError if it is empty or unsafe to print in a terminal."""
    name = name.strip()
    if not name:
        raise ValueError("A key needs a name that says what it is for.")
    if not name.isprintable():
        raise ValueError("A key's name is one line, without control characters or escapes.")
    return name


def _as_key(row: dict[str, Any]) -> Key:
    fields = {name: row[name] for name in row if name != "hash"}
    permissions = frozenset(filter(None, row["permissions"].split(",")))
    return Key(**{**fields, "fixed": bool(row["fixed"]), "permissions": permissions})
