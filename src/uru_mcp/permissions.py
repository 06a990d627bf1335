"""The three permissions of an Uru key, and the grant: which of them a key has, and how that is known.

Permissions are independent: Execute does not include Read. This module does not know tools; see `access/policy.py` and
`access/gate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal, NamedTuple


class Permission(StrEnum):
    """One of Uru's three permissions. Source: Uru's user guide on API keys."""

    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"


Permissions = frozenset[Permission]

NOTHING: Permissions = frozenset()
EVERYTHING: Permissions = frozenset(Permission)


def in_order(permissions: Iterable[Permission]) -> list[str]:
    """The names in Uru's order, as JSON lists show them: `["read", "execute"]`."""
    held = frozenset(permissions)
    return [permission.value for permission in Permission if permission in held]


def in_words(permissions: Iterable[Permission]) -> str:
    """The names as a person writes them: `Read and Execute`, `no permission`."""
    names = [name.capitalize() for name in in_order(permissions)]
    if not names:
        return "no permission"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


class Known(NamedTuple):
    """Whether the key has a permission, and how that is known; `how` is None if it is unknown."""

    answer: Literal["yes", "no", "unknown"]
    how: Literal["told", "declared", "seen", "refused", "ceiling", "policy"] | None


class Grant(NamedTuple):
    """What the key may do, derived from all evidence.

    `told` is what Uru reports for the key, `declared` is `URU_PERMISSIONS`, and `seen` is what a successful read has
    shown. `refused` is what Uru has just reported as missing, which overrides the others. None means no evidence.

    `declared` is also a ceiling: it limits what Uru reports, and never adds to it. `is_outdated` is whether Uru has not
    repeated its report for a while; the report then grants nothing by itself, but still limits `declared`.
    `is_pending` is whether Uru may still report. `unknown_names` are permission names from Uru that we do not know.
    `allowed` is the administrator's ceiling, which limits everything and is evidence for nothing.
    """

    told: Permissions | None = None
    declared: Permissions | None = None
    seen: Permissions = NOTHING
    refused: Permissions = NOTHING
    is_outdated: bool = False
    is_pending: bool = False
    unknown_names: tuple[str, ...] = ()
    allowed: Permissions = EVERYTHING

    def known(self, permission: Permission) -> Known:
        """Whether the key has this permission, within the ceiling, and how that is known."""
        if permission not in self.allowed:
            return Known("no", "policy")
        if permission in self.refused:
            return Known("no", "refused")
        if self.told is not None and permission not in self.told:
            return Known("no", "told")
        if self.told is not None and not self.is_outdated:
            return Known("yes", "told") if permission in self._ceiling else Known("no", "ceiling")
        if self.declared is not None:
            return Known("yes" if permission in self.declared else "no", "declared")
        return Known("yes", "seen") if permission in self.seen else Known("unknown", None)

    @property
    def effective(self) -> Permissions:
        """The permissions that the key is known to have, within the ceiling."""
        return self._answered("yes")

    @property
    def unknown(self) -> Permissions:
        return self._answered("unknown")

    @property
    def held(self) -> Permissions | None:
        """The permissions of the key itself, ignoring the ceilings; None if nothing is known."""
        if self.told is not None and not self.is_outdated:
            return self.told - self.refused
        itself = self._replace(allowed=EVERYTHING)
        return None if itself.unknown == EVERYTHING else itself.effective

    @property
    def _ceiling(self) -> Permissions:
        return EVERYTHING if self.declared is None else self.declared

    def _answered(self, answer: str) -> Permissions:
        return frozenset(permission for permission in Permission if self.known(permission).answer == answer)
