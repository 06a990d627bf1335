"""Renders the usage summary of an audit log as a self-contained HTML page, in the style of the sandbox's pages."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from markupsafe import Markup

from uru_mcp.audit.usage_totals import Tally, Usage
from uru_mcp.permissions import in_order
from uru_mcp.sandbox.web.templates import environment, style
from uru_mcp.sandbox.web.usage import Row

PAGES = Path(__file__).parent / "pages"
MOST_DAYS = 366  # columns of a chart; for a longer log, the last days are shown
PARTS = ("succeeded", "failed")


def usage_page(found: Usage, log: str) -> str:
    """The page as HTML. `log` is the name of the log."""
    css, template = style(), environment(PAGES).get_template("usage.html")
    return template.render(
        found=found,
        log=log,
        style=Markup(css),  # noqa: S704 - our own file, which the page's policy then names by its hash
        style_hash=b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        days=_every_day(found),
        tables=[
            ("Tool", found.by_tool),
            ("Outcome", found.by_outcome),
            ("Permission", found.by_permission),
            ("Day (UTC)", found.by_day),
        ],
        parts_of=_parts_of,
        keys=[(use, None if use.granted is None else in_order(use.granted)) for use in found.keys],
    )


def _every_day(found: Usage) -> list[Row]:
    """A row for each day from the first to the last, including days without calls."""
    if found.days is None:
        return []
    by_name = {tally.name: tally for tally in found.by_day}
    return [Row(day, _parts_of(by_name[day]) if day in by_name else {}) for day in _names_of_days(*found.days)]


def _names_of_days(first: date, last: date) -> Iterable[str]:
    count = min(MOST_DAYS, (last - first).days + 1)
    return ((last - timedelta(days=days)).isoformat() for days in range(count - 1, -1, -1))


def _parts_of(tally: Tally) -> dict[str, int]:
    counts = dict(zip(PARTS, (tally.calls - tally.failed, tally.failed), strict=True))
    return {name: count for name, count in counts.items() if count}
