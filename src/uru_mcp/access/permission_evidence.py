"""The evidence for one key's permissions: what Uru reports, what the user declared, and what calls have shown.

It only stores evidence, and how long each kind is valid. `identity.py` sends the requests; `gate.py` decides what a
grant allows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from uru_mcp.credentials.api_key import Key
from uru_mcp.permissions import EVERYTHING, NOTHING, Grant, Permission, Permissions
from uru_mcp.uru.key_record import KeyRecord

GRACE = 300.0  # seconds that a record stays valid without being confirmed
REFUSED_FOR = 60.0  # seconds that a refusal stays valid, unless a newer record replaces it


_grant = lru_cache(16)(Grant)  # each call looks at it several times, and it seldom changes


class Evidence:
    """Collects evidence about one key; `grant` is what follows from it now.

    `record` is the last record that Uru returned for the key. A declaration never overrides it, and the administrator's
    ceiling `allowed` limits both.
    """

    def __init__(
        self,
        key: Key | None,
        declared: Permissions | None,
        clock: Callable[[], float],
        allowed: Permissions = EVERYTHING,
    ) -> None:
        self.key = key
        self.record: KeyRecord | None = None
        self.records_received = 0
        self._declared = declared
        self.allowed = allowed
        self._clock = clock
        self._told_at = float("-inf")
        self._is_pending = True
        self._seen: Permissions = NOTHING
        self._refused: dict[Permission, float] = {}
        self._refusal_grant: tuple[Permissions, float] | None = None

    @property
    def needs_read_check(self) -> bool:
        """Whether Read is neither reported nor declared, so that only a call can show whether the key has it."""
        return self._declared is None and Permission.READ in self.grant.unknown

    @property
    def grant(self) -> Grant:
        now = self._clock()
        told = self.record.permissions if self.record is not None else None
        is_outdated = told is not None and now - self._told_at >= GRACE
        if self._refusal_grant is not None and now - self._refusal_grant[1] < REFUSED_FOR:
            told, is_outdated = (self._refusal_grant[0] if told is None else told & self._refusal_grant[0]), False
        refused = frozenset(one for one, at in self._refused.items() if now - at < REFUSED_FOR)
        is_pending = self._is_pending and told is None
        unknown_names = self.record.unknown_permissions if self.record is not None else ()
        return _grant(
            told, self._declared, self._seen, refused, is_outdated, is_pending, unknown_names, allowed=self.allowed
        )

    def add_record(self, record: KeyRecord, *, asked_at: float) -> None:
        """Store the key's record. It replaces every refusal from before `asked_at`."""
        self._is_pending = False
        self.records_received += 1
        if record.permissions is None and self.record is not None and self.record.permissions is not None:
            return
        self.record = record
        if record.permissions is None:
            return
        self._told_at = self._clock()
        self._refused = {one: at for one, at in self._refused.items() if at > asked_at}
        if self._refusal_grant is not None and self._refusal_grant[1] <= asked_at:
            self._refusal_grant = None

    def note_no_record(self, *, is_final: bool) -> None:
        """Note that Uru returned no record; `is_final` is whether asking again will not help."""
        self._is_pending = not is_final

    def note_success(self, permissions: Permissions) -> None:
        """Record that a call which needs these permissions succeeded."""
        self._seen |= permissions

    def note_refusal(self, missing: Permissions, granted: Permissions | None) -> None:
        """Record that Uru refused a call for missing permissions; `granted` is what it says the key has."""
        now = self._clock()
        self._seen -= missing
        self._refused |= dict.fromkeys(missing, now)
        if granted is not None:
            self._refusal_grant = (granted - missing, now)
