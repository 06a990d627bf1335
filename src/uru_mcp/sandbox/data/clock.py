"""Timestamps in the API's format: UTC, whole seconds, `2026-11-20T09:00:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """The timestamp of `moment`, or of now; a naive datetime is taken as UTC."""
    moment = moment or now()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """Raises: ValueError for anything but an ISO 8601 date or time."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def relative(text: str) -> str:
    """The timestamp for `-2d 09:30`: 09:30 two days ago. Seed data use it, so that their mail stays recent."""
    days, hour, minute = map(int, re.fullmatch(r"([+-]\d+)d (\d\d):(\d\d)", text).groups())  # type: ignore[union-attr]
    return stamp(now().replace(hour=hour, minute=minute, second=0) + timedelta(days=days))
