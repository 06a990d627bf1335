"""What the card of a key is given besides the report of `uru_whoami`: how the key was used, and when it is due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio

from uru_mcp.apps.key_use import first_day, use_by_day
from uru_mcp.apps.request_count import RequestCount
from uru_mcp.audit import AuditLog
from uru_mcp.heavy_work import in_thread
from uru_mcp.key_record import Requests

CARD = "uru-mcp/card"  # the key of a result's `_meta`, which hosts give to the view and keep from the model
USE_WITHIN = 3.0  # seconds to read the log; the card goes without its bars where that takes longer


async def key_card(
    audit: AuditLog | None, count: RequestCount | None, last4: str | None, requests: Requests | None
) -> dict[str, Any]:
    """`{"has_log": true, "use": {…} | None, "uru": {"total": 1234, "last_day": 10} | None, "elsewhere": {…} | None}`

    `use` is that of `use_by_day`, and `elsewhere` that of `RequestCount`.
    """
    now = datetime.now(UTC)
    use: dict[str, Any] | None = None
    if audit is not None:
        log = audit
        with anyio.move_on_after(USE_WITHIN):
            use = await in_thread(lambda: use_by_day(log.since(first_day(now)), last4, now))
    total = requests.total if requests is not None else None
    return {
        "has_log": audit is not None,
        "use": use,
        "uru": None if requests is None else {"total": requests.total, "last_day": requests.last_day},
        "elsewhere": count.elsewhere(last4, total) if count and last4 and total is not None else None,
    }
