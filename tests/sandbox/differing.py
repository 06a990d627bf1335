"""A sandbox that differs, somebody with a key for it, and what it answers to the same few requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.data.database import Database
from uru_mcp.sandbox.differences import chosen

from .callers import ALL, Caller, connected

PATIENCE = 20.0  # seconds for an answer
NO_PATIENCE = 0.1  # seconds for the one that takes half a minute
CHANGING = re.compile(r'(log|key|note)_[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:]+Z|"last4": ?"....\"|"uru_sandbox_[0-9a-f]+"')
READS = {
    "record": "/keys/self",
    "namespaces": "/namespaces",
    "newer namespaces": "/namespaces?min_version=1",
    "apps": "/list/apps",
    "version": "/tools/sync/version",
    "platform": "/list/apps/platform/tools",
    "company": "/list/apps/company_demo/tools",
}
LIST, GET = {"op": "list", "limit": 1}, {"op": "get", "id": "ctx_acme_prices"}
SEARCH = {"op": "search", "query": "refund", "limit": 1}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "list": ("platform__context_query", LIST),
    "get": ("platform__context_query", GET),
    "search": ("platform__context_query", SEARCH),
    "failure": ("platform__context_query", {"op": "nothing"}),
    "refusal": ("platform__context_edit", {"op": "create", "title": "T", "content": "C"}),
    "note": ("company_demo__LOG_NOTE", {"text": "hi"}),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A sandbox, and a caller of it."""

    sandbox: Sandbox
    caller: Caller

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.caller.http.get(path, headers=headers)

    async def json(self, path: str) -> Any:
        return (await self.get(path)).json()

    async def run(self, full_name: str, parameters: dict[str, Any], **headers: str) -> httpx2.Response:
        """By the newer route, without what a namespace's connection needs."""
        namespace, _, tool = full_name.partition("__")
        order = {"tool_name": tool, "parameters": parameters}
        sent = {"X-Namespace": namespace, **headers}
        return await self.caller.http.post(f"/execute/{namespace}__execute_tool", json=order, headers=sent)

    async def run_older(self, full_name: str, parameters: dict[str, Any], **headers: str) -> httpx2.Response:
        """By the older route, without what a namespace's connection needs."""
        namespace, _, tool = full_name.partition("__")
        sent = {"X-App-Context": namespace, **headers}
        return await self.caller.http.post(
            f"/execute/{tool}", json={"_app_context": namespace, **parameters}, headers=sent
        )

    @property
    def notes(self) -> list[str]:
        """What was noted, newest first, of what tests note."""
        rows = self.sandbox.database.rows("SELECT text FROM notes WHERE text LIKE 'hi%' ORDER BY rowid DESC")
        return [row["text"] for row in rows]


@asynccontextmanager
async def service(
    *names: str, permissions: Collection[str] = ALL, database: Database | None = None, **more: Any
) -> AsyncIterator[Service]:
    """A service that differs so, over a database of its own, or over one that others have used."""
    sandbox = Sandbox(database, [], chosen(names)) if database else Sandbox.open(unlike=names)
    sandbox.database.execute("DELETE FROM notes WHERE text LIKE 'hi%'")
    try:
        async with connected(sandbox, permissions=frozenset(permissions), **more) as caller:
            yield Service(sandbox, caller)
    finally:
        if database is None:
            sandbox.close()


async def answers(*names: str, database: Database) -> dict[str, str]:
    """All that a service says to a key with Read and Execute, without what is new each time."""
    async with service(*names, permissions={"read", "execute"}, database=database) as differing:
        within = {"record": NO_PATIENCE} if "key-record-slow" in names else {}
        found = {what: await _said(differing.get(path), within.get(what, PATIENCE)) for what, path in READS.items()}
        found |= {what: await _said(differing.run(*run)) for what, run in RUNS.items()}
        return found | {"older": await _said(differing.run_older(*RUNS["note"]))}


async def _said(request: Any, within: float = PATIENCE) -> str:
    try:
        answer = await asyncio.wait_for(request, within)
    except TimeoutError:
        return "nothing yet"
    except ConnectionResetError:
        return "hung up"
    shown = {name: answer.headers.get(name) for name in ("content-type", "content-encoding", "etag", "location")}
    body = answer.content.decode("utf-8")
    return CHANGING.sub("…", json.dumps([answer.status_code, shown, body], ensure_ascii=False).replace('\\"', '"'))
