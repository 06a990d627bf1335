"""Parses and validates submitted forms; errors are shown next to their field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from ..data import clock
from ..data.callers import Workspace
from ..data.keys import sound_name
from ..permissions import PERMISSIONS, in_order

LONGEST_NAME = 100  # characters
MOST_FIELDS = 50
ANY_WORKSPACE = "any"

EXPIRIES = {"never": None, "30d": timedelta(days=30), "90d": timedelta(days=90), "365d": timedelta(days=365)}
OVERLAPS = {
    "0": timedelta(0),
    "10m": timedelta(minutes=10),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}


class Fields:
    """A form's fields. A missing field is an empty text."""

    def __init__(self, body: bytes) -> None:
        try:
            self._values = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:  # too many fields, or invalid UTF-8
            self._values = {}

    def one(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])


@dataclass(frozen=True, slots=True)
class NewKeyForm:
    """The form for a new key: name, workspace, permissions and expiry. `errors` has messages by field."""

    name: str = ""
    workspace: str = ""
    permissions: tuple[str, ...] = ()
    expiry: str = "never"
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def workspace_id(self) -> str | None:
        return None if self.workspace == ANY_WORKSPACE else self.workspace

    @property
    def expires_at(self) -> datetime | None:
        lasts = EXPIRIES[self.expiry]
        return None if lasts is None else clock.now() + lasts


def read_new_key(fields: Fields, workspaces: Collection[Workspace]) -> NewKeyForm:
    name, workspace, expiry = (fields.one(one) for one in ("name", "workspace", "expiry"))
    permissions = tuple(in_order(fields.all("permissions")))
    errors = {}
    if (wrong := _name_error(name)) is not None:
        errors["name"] = wrong
    if workspace not in (ANY_WORKSPACE, *(one.id for one in workspaces)):
        errors["workspace"] = "Choose a workspace."
    if not permissions:
        errors["permissions"] = "Tick at least one permission; a key without any can do nothing."
    if expiry not in EXPIRIES:
        errors["expiry"] = "Choose when the key ends."
    return NewKeyForm(name, workspace, permissions, expiry, errors)


def read_permissions(names: Collection[str], otherwise: Collection[str]) -> tuple[str, ...]:
    """The permissions among these names; `otherwise` if there are none."""
    return tuple(in_order([name for name in names if name in PERMISSIONS]) or in_order(otherwise))


def _name_error(name: str) -> str | None:
    if len(name) > LONGEST_NAME:
        return f"A name has at most {LONGEST_NAME} characters."
    try:
        sound_name(name)
    except ValueError as error:
        return str(error)
    return None
