"""Fault injection: error statuses, delays, and lost or broken responses between a client and the sandbox.

`sandbox.faults.status("/execute/", 503, times=2)` answers the next two runs with 503; the third one is served.
A fault applies to all paths that start with its prefix. Delays add up; of other faults, the first one set applies.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


HANG_UP = "uru_sandbox.hang_up"  # our ASGI extension, which closes the connection immediately; see `serve`


class HungUp(ConnectionResetError):
    """The connection was closed on purpose; raised if there is no socket to close."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, the application that would answer it, and the ASGI channels."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send

    async def serve(self, send: Send | None = None) -> None:
        await self.app(self.scope, self.receive, send or self.send)

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    async def hang_up(self) -> None:
        """Raises: HungUp if the server cannot close the connection."""
        close = self.scope.get("extensions", {}).get(HANG_UP)
        if close is None:
            raise HungUp("The sandbox hung up.")
        close()
        while (await self.receive())["type"] != "http.disconnect":
            pass


Act = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True)
class Fault:
    """What to do instead of serving. With `act` None it only waits; with `times` None it never ends."""

    prefix: str
    act: Act | None
    times: int | None
    seconds: float = 0.0
    released: asyncio.Event | None = None

    async def wait(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.released is not None:
            await self.released.wait()

    def applies(self, path: str) -> bool:
        return path.startswith(self.prefix) and self.times != 0

    def take(self) -> Fault:
        if self.times is not None:
            self.times -= 1
        return self


class Faults:
    """The active faults. `times` limits a fault to that many requests."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def status(
        self,
        prefix: str,
        code: int,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with this status. `body`: bytes are sent unchanged, text as HTML, None as empty, the rest as JSON."""
        content, kind = _content(body)
        sent = {"content-type": kind, **{name.lower(): value for name, value in (headers or {}).items()}}
        self._add(prefix, lambda exchange: exchange.answer(code, sent, content), times)

    def garbage(self, prefix: str, *, times: int | None = None) -> None:
        """Answer 200 with binary data that is declared as JSON."""
        sent = {"content-type": "application/json"}
        self._add(prefix, lambda exchange: exchange.answer(200, sent, b'{"namespaces": [{"name": "gm\xff\xfe'), times)

    def redirect(self, prefix: str, location: str, *, times: int | None = None) -> None:
        self._add(prefix, lambda exchange: exchange.answer(307, {"location": location}, b""), times)

    def delay(self, prefix: str, seconds: float, *, times: int | None = None) -> None:
        """Wait for that many seconds before anything else happens."""
        self._set.append(Fault(prefix, None, times, seconds))

    def hold(self, prefix: str, *, times: int | None = None) -> asyncio.Event:
        """Wait until the event is set before anything else happens."""
        released = asyncio.Event()
        self._set.append(Fault(prefix, None, times, released=released))
        return released

    def drip(self, prefix: str, seconds: float, *, times: int | None = None) -> None:
        """Answer 200 with JSON that never starts: send a space at this interval until the client disconnects."""
        self._add(prefix, lambda exchange: _drip(exchange, seconds), times)

    def cut(self, prefix: str, *, times: int | None = None) -> None:
        """Process the request, and close the connection in the middle of the response body."""
        self._add(prefix, _cut, times)

    def lose_answer(self, prefix: str, *, times: int | None = None) -> None:
        """Process the request, and close the connection without a response."""
        self._add(prefix, _lose_answer, times)

    def echo_key(self, prefix: str, *, times: int | None = None) -> None:
        """Answer 400 with a message that repeats the Authorization header, as some services do."""
        self._add(prefix, _echo_key, times)

    def clear(self) -> None:
        self._set.clear()

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, with the faults that are active when a request arrives."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(app, scope, receive, send)
            waits, act = self._take(scope["path"]) if scope["type"] == "http" else ([], None)
            for fault in waits:
                await fault.wait()
            await (act(exchange) if act else exchange.serve())

        return faulty

    def _add(self, prefix: str, act: Act, times: int | None) -> None:
        self._set.append(Fault(prefix, act, times))

    def _take(self, path: str) -> tuple[list[Fault], Act | None]:
        applying = [fault for fault in self._set if fault.applies(path)]
        waits = [fault.take() for fault in applying if fault.act is None]
        acting = next((fault.take() for fault in applying if fault.act is not None), None)
        return waits, acting.act if acting else None


async def _lose_answer(exchange: Exchange) -> None:
    async def swallow(message: Message) -> None:
        pass

    await exchange.serve(swallow)
    await exchange.hang_up()


async def _cut(exchange: Exchange) -> None:
    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await exchange.send(message)

    await exchange.serve(send_half)
    await exchange.hang_up()


async def _drip(exchange: Exchange, seconds: float) -> None:
    async def until_gone() -> None:
        while (await exchange.receive())["type"] != "http.disconnect":
            pass

    json_to_come = [(b"content-type", b"application/json")]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": json_to_come})
    gone = asyncio.create_task(until_gone())
    try:
        while not gone.done():
            await exchange.send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait([gone], timeout=seconds)
    finally:
        gone.cancel()


async def _echo_key(exchange: Exchange) -> None:
    headers = dict(exchange.scope["headers"])
    told = headers.get(b"authorization", b"").decode("latin-1")
    message = f"Cannot serve the request with Authorization: {told}"
    body = json.dumps({"error": {"code": "bad_request", "message": message}}).encode()
    await exchange.answer(400, {"content-type": "application/json"}, body)


def _content(body: Any) -> tuple[bytes, str]:
    if body is None:
        return b"", "text/plain"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/html; charset=utf-8"
    return json.dumps(body).encode(), "application/json"
