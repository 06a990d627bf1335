"""The three permissions of a key, and which of them a tool needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

PERMISSIONS = ("read", "write", "execute")


def permission_set(names: Collection[str]) -> frozenset[str]:
    """Raises: ValueError for a name that is not a permission."""
    wrong = sorted(set(names) - set(PERMISSIONS))
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no such permission; there are {', '.join(PERMISSIONS)}.")
    return frozenset(names)


def in_order(names: Collection[str]) -> list[str]:
    return [name for name in PERMISSIONS if name in names]


def in_words(names: Collection[str]) -> str:
    """`read, write and execute`; an empty text for none."""
    *before, last = in_order(names) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def needs(namespace: str, definition: Mapping[str, Any]) -> frozenset[str]:
    """The permissions that the tool declares, plus execute for every tool outside `platform`."""
    declared = definition.get("permission")
    names = [declared] if isinstance(declared, str) else declared if isinstance(declared, list) else []
    own = frozenset(name for name in PERMISSIONS if name in names)
    return own if namespace == "platform" else own | {"execute"}
