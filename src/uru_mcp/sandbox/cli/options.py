"""Click parameter types for the sandbox's commands: names, durations, dates, permissions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import click

from ..data import clock
from ..data.keys import sound_name
from ..permissions import PERMISSIONS, in_words, permission_set

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class SandboxFile(click.Path):
    """The file that a sandbox is kept in."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return "Name the sandbox's file, such as --db uru.db."


class Duration(click.ParamType[timedelta]):
    """`45m`, `24h` or `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([mhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration, such as 45m, 24h or 7d.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Expiry(click.ParamType[datetime]):
    """A date, which means its last second, or a duration from now; must be in the future."""

    name = "date or duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        moment = self._moment(str(value), param, ctx)
        if moment <= clock.now():
            self.fail(f"{value!r} is not in the future; such a key would have expired already.", param, ctx)
        return moment

    def _moment(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if re.fullmatch(r"\d{1,5}[mhd]", value):
            return clock.now() + Duration().convert(value, param, ctx)
        try:
            return datetime.combine(datetime.fromisoformat(value).date(), time(23, 59, 59), UTC)
        except ValueError:
            self.fail(f"{value!r} is neither a date, such as 2026-12-31, nor a duration, such as 30d.", param, ctx)


class PermissionNames(click.ParamType[frozenset[str]]):
    """`read,execute`; at least one."""

    name = "permissions"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        if isinstance(value, frozenset):
            return value
        names = [name for name in re.split(r"[,\s]+", str(value).lower()) if name]
        if not names:
            self.fail(f"A key without permissions may do nothing; there are {in_words(PERMISSIONS)}.", param, ctx)
        try:
            return permission_set(names)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class KeyName(click.ParamType[str]):
    """A key's name, validated before any file is created."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return sound_name(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
