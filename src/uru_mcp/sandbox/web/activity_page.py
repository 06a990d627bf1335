"""The activity page: the newest calls that reached the sandbox, and those that it refused."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from . import usage
from .visit import Visit


async def show(visit: Visit) -> Response:
    return visit.page("activity.html", **_calls(visit))


async def rows(visit: Visit) -> Response:
    """The part of the page that its script refreshes."""
    return visit.page("_calls.html", **_calls(visit))


def _calls(visit: Visit) -> dict[str, Any]:
    requests = visit.site.sandbox.requests
    return {
        "calls": usage.newest(visit.database),
        "refused": usage.newest(visit.database, "WHERE outcome = 'refused'"),
        "requests": len(requests),
        "turned_away": sum(request.status == 401 for request in requests),
    }
