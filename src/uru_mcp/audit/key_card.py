"""Data for the key card in addition to the report of `uru_whoami`: the key's usage and Uru's request count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio

from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.key_use import first_day, use_by_day
from uru_mcp.audit.request_count import RequestCount
from uru_mcp.uru.key_record import Requests
from uru_mcp.worker_threads import in_thread

CARD = "uru-mcp/card"  # the key of a result's `_meta`, which hosts give to the view and keep from the model
USE_WITHIN = 3.0  # seconds to read the log; if that takes longer, the card has no bars


async def key_card(
    audit: AuditLog | None, count: RequestCount | None, last4: str | None, requests: Requests | None
) -> dict[str, Any]:
    """`{"has_log": true, "use": {…} | None, "uru": {"total": 1234, "last_day": 10} | None, "elsewhere": {…} | None}`

    `use` comes from `use_by_day`, and `elsewhere` from `RequestCount`.
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
