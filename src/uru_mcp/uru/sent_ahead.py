"""Sends the first requests to Uru while the code that needs their responses is still being imported.

`Connection` hands each response to the first request that asks for the same. It parses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from uru_mcp.credentials.api_key import Key
from uru_mcp.uru.response_body import FACTS_LIMIT, Received, Request

WITHIN = 9.0  # seconds for connecting
FRESH = 5.0  # seconds after which a response that nobody asked for is no longer used

Receive = Callable[[Request, float], Awaitable[Received]]


def first_requests(key: Key) -> tuple[Request, ...]:
    """What is asked first with any key. The version is asked before the namespaces, which may then only be newer."""
    facts = (Request("GET", path, key=key, body_limit=FACTS_LIMIT) for path in ("/keys/self", "/tools/sync/version"))
    return (*facts, Request("GET", "/namespaces", key=key))


class SentAhead:
    """The responses that are expected, by path. Each is handed out once."""

    def __init__(self) -> None:
        self._expected: dict[str, _Expected] = {}

    def send(self, requests: tuple[Request, ...], tasks: TaskGroup, receive: Receive) -> None:
        for request in requests:
            self._expected[request.path] = expected = _Expected(request)
            tasks.start_soon(expected.receive, receive)

    def take(self, request: Request, key: Key) -> _Expected | None:
        """What was sent ahead in place of this request; None if nothing was, or if it is too old."""
        sent = self._expected.pop(request.path, None)
        if sent is None or request.method != "GET" or request.headers or sent.request.key != key:
            return None
        return sent if time.monotonic() - sent.at < FRESH else None


class _Expected:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.at = time.monotonic()
        self._done = anyio.Event()
        self._outcome: Received | Exception

    async def receive(self, receive: Receive) -> None:
        try:
            self._outcome = await receive(self.request, WITHIN)
        except Exception as error:  # boundary: raised where the response is asked for
            self._outcome = error
        self._done.set()

    async def received(self) -> Received:
        """The response. Raises: whatever sending the request raised."""
        await self._done.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome
