"""The three permissions of an Uru key, and what a key may do once the user's own ceiling has cut it.

Permissions are independent: Execute does not include Read. Nothing here knows tools; see `policy.py` and `gate.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Permission(StrEnum):
    """One of Uru's three permissions. Source: Uru's user guide on API keys."""

    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"


Permissions = frozenset[Permission]

NOTHING: Permissions = frozenset()
EVERYTHING: Permissions = frozenset(Permission)


def parse_permissions(names: str | Iterable[object]) -> tuple[Permissions, tuple[str, ...]]:
    """Read permission names in any case, from a list or from text with commas or spaces.

    Returns the known permissions and, apart from them, every name that is not one, so that it can be said and never
    widens anything.
    """
    words = re.split(r"[,\s]+", names) if isinstance(names, str) else [str(name).strip() for name in names]
    known = frozenset(Permission(word.lower()) for word in words if word.lower() in EVERYTHING)
    unknown = tuple(word for word in words if word and word.lower() not in EVERYTHING)
    return known, unknown


def in_order(permissions: Iterable[Permission]) -> list[str]:
    """The names in Uru's own order, for lists that people and programs read: `["read", "execute"]`."""
    held = frozenset(permissions)
    return [permission.value for permission in Permission if permission in held]


def in_words(permissions: Iterable[Permission]) -> str:
    """The names as a person writes them: `Read and Execute`, `no permission`."""
    names = [name.capitalize() for name in in_order(permissions)]
    if not names:
        return "no permission"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


@dataclass(frozen=True, slots=True)
class Grant:
    """What the key may do, and how we know.

    `granted` is what Uru says of the key, or None where Uru has no way to say it. `ceiling` is the user's own
    `URU_PERMISSIONS`, or None. Where Uru does not tell, the ceiling stands alone; where neither tells, nothing is
    allowed.
    """

    granted: Permissions | None
    ceiling: Permissions | None
    unknown_names: tuple[str, ...] = ()

    @property
    def effective(self) -> Permissions:
        if self.granted is None:
            return self.ceiling if self.ceiling is not None else NOTHING
        return self.granted if self.ceiling is None else self.granted & self.ceiling

    @property
    def source(self) -> Literal["uru", "declared", "none"]:
        if self.granted is not None:
            return "uru"
        return "declared" if self.ceiling is not None else "none"
