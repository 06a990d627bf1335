"""Middleware that logs HTTP requests in memory, for tests."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


LIMIT = 10_000  # requests


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived. `status` is None until, and unless, it is answered.

    `left_after` is in seconds, and set if the client closed the connection before the response.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str] = field(repr=False)  # names in lower case; the values include the key
    body: bytes
    status: int | None = None
    left_after: float | None = None

    @property
    def json(self) -> Any:
        """The body, parsed. Raises: ValueError."""
        return json.loads(self.body)


class RequestLog:
    """The most recent requests, oldest first; earlier ones are dropped."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._requests: dict[int, Request] = {}
        self._count = 0

    @property
    def requests(self) -> list[Request]:
        return list(self._requests.values())

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, with every request logged before it is processed."""

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            body = await _read(receive)
            number = self._note(scope, body)

            async def note_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._change(number, status=message["status"])
                await send(message)

            watching = asyncio.create_task(self._watch(number, receive))
            try:
                return await app(scope, _replay(body, receive), note_status)
            finally:
                watching.cancel()

        return noting

    async def _watch(self, number: int, receive: Receive) -> None:
        """Log when the client disconnects before the response; the request is processed nevertheless."""
        began = time.monotonic()
        while (await receive())["type"] != "http.disconnect":
            pass
        if number in self._requests and self._requests[number].status is None:
            self._change(number, left_after=time.monotonic() - began)

    def _change(self, number: int, **changes: Any) -> None:
        if number in self._requests:
            self._requests[number] = replace(self._requests[number], **changes)

    def _note(self, scope: Scope, body: bytes) -> int:
        self._count += 1
        self._requests.pop(self._count - self._limit, None)
        self._requests[self._count] = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )
        return self._count


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns the whole body again, and then continues with the original."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
