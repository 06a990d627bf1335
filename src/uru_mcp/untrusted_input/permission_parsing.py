"""Parses permission names, as services and people write them, into Uru's three permissions.

A name that covers only part of a permission, such as `contexts:read`, grants nothing. This module does not know where
in a response or a setting names appear; see `uru/namespaces_and_tools.py`, `uru/error_body.py` and `config/parsing.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from uru_mcp.permissions import EVERYTHING, NOTHING, Permission, Permissions

VERBS: Mapping[str, Permission] = {
    "read": Permission.READ,
    "view": Permission.READ,
    "write": Permission.WRITE,
    "edit": Permission.WRITE,
    "execute": Permission.EXECUTE,
    "run": Permission.EXECUTE,
}

SUBJECTS: Mapping[str, Permissions] = {
    "resource": frozenset({Permission.READ, Permission.WRITE}),
    "tool": frozenset({Permission.EXECUTE}),
    **dict.fromkeys(("workspace", "uru", "api", "all", "*"), EVERYTHING),
}
"""The subjects of a scope, and the permissions that each covers completely. Source: Uru's guide, which says that Read
views resources, Write creates and edits resources, and Execute runs tools."""

LEVELS: Mapping[str, Permissions] = {
    "read_only": frozenset({Permission.READ}),
    "readonly": frozenset({Permission.READ}),
    "readwrite": frozenset({Permission.READ, Permission.WRITE}),
    **dict.fromkeys(("full", "full_access", "fullaccess"), EVERYTHING),
}

FILLERS = frozenset({"", "can", "and", "access", "allow", "allowed", "permission", "permissions"})

YES, NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
NAMED_AT = ("name", "permission", "scope", "action", "id")  # fields of an object that may hold the permission's name
GIVEN_AT = ("granted", "allowed", "enabled", "value")  # fields that may say whether it is granted
LONGEST = 64  # characters of a name
MOST = 500  # names of one answer


class Named(NamedTuple):
    """The parsed permissions: those granted, those mentioned at all (`understood`), and the unknown names.

    `{"read": true, "write": false}` grants Read and mentions Read and Write.
    """

    granted: Permissions = NOTHING
    understood: Permissions = NOTHING
    unknown: tuple[str, ...] = ()


def read_names(stated: Any) -> Named:
    """Parse names from a string, a list, or an object of booleans or lists; anything else is ignored.

    `"Read, Execute"`, `["resources:read"]`, `{"read": true, "can_write": false}`, `{"tools": ["execute"]}`,
    `[{"name": "read", "granted": true}]`.
    """
    granted: set[Permission] = set()
    denied: set[Permission] = set()
    unknown: dict[str, None] = {}
    for name, is_given in islice(_names(stated), MOST):
        meant = meaning(name)
        if meant is None and is_given:
            unknown[name[:LONGEST]] = None
        elif meant is not None and is_given:
            granted |= meant
        elif meant is not None and len(meant) == 1 and _plain(name) not in LEVELS:  # `read_only: false` denies nothing
            denied |= meant
    return Named(frozenset(granted - denied), frozenset(granted | denied), tuple(unknown))


def told_by(stated: Any) -> Permissions | None:
    """The granted permissions; None if no name is understood, unless the value is an empty list."""
    named = read_names(stated)
    return named.granted if named.understood or stated == [] else None


def meaning(name: str) -> Permissions | None:
    """The permissions that a name covers completely, or None: `tools:execute`, `can_read`, `read_write`."""
    plain = _plain(name)
    if plain in LEVELS:
        return LEVELS[plain]
    verbs, subjects = _words(plain)
    is_whole = all(verbs <= SUBJECTS.get(subject.removesuffix("s"), NOTHING) for subject in subjects)
    return verbs if verbs and is_whole else None


def at_least_part_of(name: str) -> Permissions | None:
    """The permissions that include what a name covers, or None: Read includes `contexts:read`."""
    return meaning(name) or _words(_plain(name))[0] or None


def _plain(name: str) -> str:
    """`canRead`, `Can-Read` and `can read` as `can_read`."""
    text = name.strip()
    if not 0 < len(text) <= LONGEST:
        return ""
    return re.sub(r"[\s\-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)).lower()


def _words(plain: str) -> tuple[Permissions, list[str]]:
    """The verbs of a name, as permissions, and its other words, the subjects."""
    words = [word for word in re.split(r"[:./_+&|]", plain) if word not in FILLERS]
    return frozenset(VERBS[word] for word in words if word in VERBS), [word for word in words if word not in VERBS]


def _names(stated: Any) -> Iterator[tuple[str, bool]]:
    """Each name, and whether it is granted."""
    if isinstance(stated, str):
        yield from _names_in_text(stated)
    elif isinstance(stated, list):
        for item in stated:
            yield from _named_object(item) if isinstance(item, dict) else _names(str(item))
    elif isinstance(stated, dict):
        for name, value in stated.items():
            yield from _member(name, value)


def _names_in_text(text: str) -> Iterator[tuple[str, bool]]:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            yield from _names(json.loads(text))
            return
        except (ValueError, RecursionError):
            pass
    if meaning(text) is not None:  # `Read only`, with a blank inside
        yield text, True
        return
    yield from ((word, True) for word in re.split(r"[,;\s]+", text) if word)


def _named_object(item: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """`{"name": "read", "granted": true}`, or an object of booleans."""
    name = next((item[at] for at in NAMED_AT if isinstance(item.get(at), str)), None)
    if name is None:
        yield from _names(item)
        return
    flags = [_flag(item[at]) for at in GIVEN_AT if at in item]
    yield name, False not in flags


def _member(name: str, value: Any) -> Iterator[tuple[str, bool]]:
    """`"read": true`, `"tools": ["execute"]`, `"resources": {"read": true}`."""
    flag = _flag(value)
    if flag is not None:
        yield name, flag
    elif isinstance(value, str | list):
        for inner in [value] if isinstance(value, str) else value:
            yield f"{name}:{inner}", True
    elif isinstance(value, dict):
        yield from ((f"{name}:{inner}", flag) for inner, told in value.items() if (flag := _flag(told)) is not None)


def _flag(value: Any) -> bool | None:
    """A boolean, also from a string or a number; None if it is not one."""
    text = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    return True if text in YES else False if text in NO else None
