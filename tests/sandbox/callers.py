"""Somebody with a key, talking to the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.data.keys import Key

ALL = frozenset({"read", "write", "execute"})
CONNECTIONS = {
    "gmail_demo": {"X-Connected-Account-Id": "ca_gmail_demo", "X-Server-Id": "srv_gmail"},
    "googlecalendar_demo": {
        "X-Connected-Account-Id": "ca_googlecalendar_demo",
        "X-Server-Id": "srv_googlecalendar",
    },
}

Connect = Callable[..., AbstractAsyncContextManager["Caller"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    headers: httpx2.Headers

    @property
    def code(self) -> Any:
        return self.body["error"]["code"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A client with a key."""

    http: httpx2.AsyncClient
    key: Key
    text: str

    async def get(self, path: str, **headers: str) -> Answer:
        response = await self.http.get(path, headers={name.replace("_", "-"): headers[name] for name in headers})
        return Answer(response.status_code, response.json() if response.content else None, response.headers)

    async def call(self, full_name: str, /, **arguments: Any) -> Answer:
        """Execute `namespace__TOOL`."""
        namespace, _, tool = full_name.partition("__")
        response = await self.http.post(
            f"/execute/{namespace}__execute_tool",
            json={"tool_name": tool, "parameters": arguments},
            headers={"X-Namespace": namespace, **connection(namespace)},
        )
        return Answer(response.status_code, response.json(), response.headers)

    async def use(self, full_name: str, /, **arguments: Any) -> Any:
        """Execute a tool that must succeed, for its data."""
        answer = await self.call(full_name, **arguments)
        assert answer.status == 200, answer.body
        assert answer.body["successful"] is answer.body["success"] is True, answer.body
        assert answer.body["error"] is None
        return answer.body["data"]

    async def fail(self, full_name: str, /, **arguments: Any) -> str:
        """Execute a tool that must answer 200 and fail, for its error."""
        answer = await self.call(full_name, **arguments)
        assert (answer.status, answer.body["successful"], answer.body["success"]) == (200, False, False), answer.body
        return str(answer.body["error"])


def connection(namespace: str) -> dict[str, str]:
    if namespace.startswith("synthetic_"):
        return {"X-Connected-Account-Id": f"ca_{namespace}", "X-Server-Id": "srv_synthetic"}
    return CONNECTIONS.get(namespace, {})


@asynccontextmanager
async def connected(
    sandbox: Sandbox,
    *,
    permissions: frozenset[str] | set[str] = ALL,
    workspace: str | None = "Acme",
    url: str | None = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[Caller]:
    """Somebody with a new key; in memory, or over the network where a URL is given."""
    made = sandbox.keys.create(name="Test", workspace=workspace, permissions=permissions)
    transport = None if url else httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(
        transport=transport,
        base_url=url or "http://sandbox",
        headers={"Authorization": f"Bearer {made.text}", **(headers or {})},
        timeout=10,
        trust_env=False,
    ) as http:
        yield Caller(http, made.record, made.text)
