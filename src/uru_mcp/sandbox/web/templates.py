"""The Jinja environment, with autoescaping, and its filters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..data import clock
from ..permissions import PERMISSIONS, in_order, in_words
from . import charts

HERE = Path(__file__).parent
STATIC = HERE / "static"

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
_TIME = Markup('<time datetime="{0}" title="{0}">{1}</time>')


def environment(*more: Path) -> Environment:
    """An environment with the pages' templates and those in the `more` directories, which can extend them."""
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", *more]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "days": in_days, "counted": counted}
    made.filters |= {"in_order": in_order, "in_words": in_capitals}
    made.globals |= {"columns": charts.columns, "bar": charts.bar}
    return made


def style() -> str:
    """The text of the style sheet, to inline into a self-contained page."""
    return (STATIC / "style.css").read_text("utf-8")


def moment(stamp: str | None) -> Markup | str:
    """`3 days ago` or `in 23 hours`, with the exact time as a tooltip."""
    if stamp is None:
        return "never"
    away = clock.parse(stamp) - clock.now()
    size = abs(away)
    unit = next(((length, name) for length, name in _UNITS if size >= length), None)
    if unit is None:
        return _TIME.format(stamp, "in a moment" if away > timedelta(0) else "just now")
    told = counted(round(size / unit[0]), unit[1])
    return _TIME.format(stamp, f"in {told}" if away > timedelta(0) else f"{told} ago")


def in_capitals(names: Collection[str]) -> str:
    """`Read, Write and Execute`; an empty text for none."""
    return " ".join(
        word.capitalize() if word.strip(",") in PERMISSIONS else word for word in in_words(names).split(" ")
    )


def in_days(stamp: str) -> int:
    """Whole days since then."""
    return (clock.now() - clock.parse(stamp)).days


def counted(count: int, noun: str) -> str:
    """`1 call`, `1,200 calls`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
