"""What the cards are given: results of the sandbox as hosts pass them on, and the same with hostile words in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.extension import advertise

from tests.world import Uru
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.entry import Entry
from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.errors import SettingsError
from uru_mcp.server.apps.views import EXTENSION, MIME_TYPE
from uru_mcp.server.handlers import build_server
from uru_mcp.server.unconfigured import Unconfigured
from uru_mcp.untrusted_input.redaction import Redaction

REFUND = "aut_acme_refund"
LARGE = {"amount": 900, "customer": "Ana Ferreira", "email": "ana@hotel-adler.example"}
SHOWS_VIEWS = {"mimeTypes": [MIME_TYPE]}

LONG = "endless " * 1250
UNBROKEN = "x" * 10_000
SCRIPT = "<script>parent.postMessage('stolen', '*')</script><img src=x onerror=\"parent.postMessage('stolen', '*')\">"
RIGHT_TO_LEFT = "\u05d4\u05d7\u05d6\u05e8 \u05dc\u05d0\u05e0\u05d4 (900) \u202eGNP.exe"
HOSTILE = (SCRIPT, RIGHT_TO_LEFT, UNBROKEN, SCRIPT, LONG)


@asynccontextmanager
async def viewing_client(uru: Uru, key: str, *, mode: str = "legacy", **variables: str) -> AsyncIterator[Client]:
    """A client that shows views, connected to a server with this key over the sandbox in memory."""
    environ = {"URU_API_KEY": key, "URU_PROXY_URL": "http://127.0.0.1:1"}
    environ |= {f"URU_{name}": value for name, value in variables.items()}
    bridge = _bridge(uru, environ)
    shows = advertise(EXTENSION, SHOWS_VIEWS)
    async with bridge.running(), Client(build_server(bridge), mode=mode, extensions=[shows]) as client:
        yield client


def _bridge(uru: Uru, environ: dict[str, str]) -> Bridge | Unconfigured:
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        return Unconfigured(error, Redaction())
    return Bridge(settings, Redaction(), transport=httpx2.ASGITransport(app=uru.sandbox.app))


class Session:
    """Such a client for tests that are not asynchronous, as those with a browser are."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal = portal
        self._client = client

    def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result as it is on the wire."""
        result = self._portal.call(lambda: self._client.call_tool(name, arguments or {}))
        return dict(result.model_dump(by_alias=True, mode="json", exclude_none=True))


@contextmanager
def session(uru: Uru, key: str, **variables: str) -> Iterator[Session]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(viewing_client(uru, key, **variables)) as client,
    ):
        yield Session(portal, client)


def write_a_month(log: Path, last4: str) -> None:
    """Entries of thirty days, most of them good, with two quiet days in seven and days on which something was wrong."""
    audit, now = AuditLog(log, Redaction()), datetime.now(UTC)
    for age in range(29, -1, -1):
        day = now - timedelta(days=age)
        calls = 0 if age % 7 > 4 else 8 + (age * 7) % 13
        bad = {3: "timed_out", 11: "insufficient_permission", 17: "insufficient_permission"}.get(age)
        for number in range(calls):
            outcome = bad if bad is not None and number % 3 == 0 else "ok"
            audit.append(Entry(day, "platform__context_query", outcome, key=last4))


def hostile(value: Any) -> Any:
    """The same JSON, in which each text that a stranger may have written is one of these; ids and states stay."""
    return _hostile(value, cycle(HOSTILE))


def _hostile(value: Any, words: Iterator[str]) -> Any:
    kept = {"id", "from", "to", "node", "answer", "how", "state", "token", "kind", "expires_at", "permission", "day"}
    if isinstance(value, dict):
        return {name: one if name in kept else _hostile(one, words) for name, one in value.items()}
    if isinstance(value, list):
        return [_hostile(one, words) for one in value]
    return next(words) if isinstance(value, str) else value


ASKED: dict[str, Any] = {
    "content": [{"type": "text", "text": "A person decides."}],
    "structuredContent": {"waiting": {}},
    "_meta": {
        "uru-mcp/decision": {
            "token": "0" * 64,
            "kind": "confirmation",
            "title": "Send an email",
            "app": "Gmail - Demo",
            "tool": "gmail_demo__GMAIL_SEND_EMAIL",
            "arguments": [
                {"name": "recipient_email", "value": "ana.ferreira@hotel-adler.example", "hidden": 0},
                {"name": "subject", "value": "Your refund", "hidden": 0},
                {
                    "name": "body",
                    "value": "Dear Ms Ferreira,\n\nwe are paying 900 EUR back to you within five working days. …",
                    "hidden": 212,
                },
            ],
            "hidden_arguments": 0,
            "question": "",
            "step": None,
            "meant_for": None,
            "consequence": "If you say yes, the mail is sent exactly as it stands here, once.",
            "yes": "Send it",
            "no": "Do not send it",
            "expires_at": "2026-07-14T09:10:00+00:00",
        }
    },
}
