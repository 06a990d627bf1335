"""What is known of one key's permissions: what Uru told, what the user declared, what calls have shown.

It only keeps what others observe, and for how long it counts. Uru is asked in `identity.py`; what a grant allows is
decided in `gate.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from uru_mcp.credentials.api_key import Key
from uru_mcp.permissions import NOTHING, Grant, Permission, Permissions
from uru_mcp.uru.key_record import KeyRecord

GRACE = 300.0  # seconds that what Uru told counts while it does not repeat it
REFUSED_FOR = 60.0  # seconds that a refusal counts where Uru's record of the key does not answer it


class Evidence:
    """Collects evidence about one key; `grant` is what follows from it now.

    `record` is the last record of the key that Uru gave. What it told is never replaced by a declaration.
    """

    def __init__(self, key: Key | None, declared: Permissions | None, clock: Callable[[], float]) -> None:
        self.key = key
        self.record: KeyRecord | None = None
        self.told_times = 0  # how often Uru gave a record
        self._declared = declared
        self._clock = clock
        self._told_at = float("-inf")
        self._is_pending = True
        self._seen: Permissions = NOTHING
        self._refused: dict[Permission, float] = {}
        self._said: tuple[Permissions, float] | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether nothing is told and nothing declared, so that only a call can show anything."""
        return self._declared is None and Permission.READ in self.grant.unknown

    @property
    def grant(self) -> Grant:
        now = self._clock()
        told = self.record.permissions if self.record is not None else None
        is_outdated = told is not None and now - self._told_at >= GRACE
        if self._said is not None and now - self._said[1] < REFUSED_FOR:
            told, is_outdated = (self._said[0] if told is None else told & self._said[0]), False
        return Grant(
            told=told,
            declared=self._declared,
            seen=self._seen,
            refused=frozenset(one for one, at in self._refused.items() if now - at < REFUSED_FOR),
            is_outdated=is_outdated,
            is_pending=self._is_pending and told is None,
            unknown_names=self.record.unknown_permissions if self.record is not None else (),
        )

    def tell(self, record: KeyRecord, *, asked_at: float) -> None:
        """Note the key's own record, which answers every refusal from before it was asked for."""
        self._is_pending = False
        self.told_times += 1
        if record.permissions is None and self.record is not None and self.record.permissions is not None:
            return
        self.record = record
        if record.permissions is None:
            return
        self._told_at = self._clock()
        self._refused = {one: at for one, at in self._refused.items() if at > asked_at}
        if self._said is not None and self._said[1] <= asked_at:
            self._said = None

    def tell_nothing(self, *, is_final: bool) -> None:
        """Note that Uru did not tell of the key; `is_final` is whether asking again is expected to change nothing."""
        self._is_pending = not is_final

    def show(self, permissions: Permissions) -> None:
        """Note that a call which needs these permissions has succeeded."""
        self._seen |= permissions

    def refuse(self, missing: Permissions, granted: Permissions | None) -> None:
        """Note that Uru refused a call for missing permissions, and what it said that the key has."""
        now = self._clock()
        self._seen -= missing
        self._refused |= dict.fromkeys(missing, now)
        if granted is not None:
            self._said = (granted - missing, now)
