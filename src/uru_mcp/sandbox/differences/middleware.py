"""ASGI middleware that applies differences: converts HTTP requests to values, and replies back to HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request as HttpRequest

from ..api.faults import Exchange, HungUp
from ..api.request_log import Request
from .difference import Difference, Reply, Serve

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WITHOUT_BODY = (204, 304)


def differing(app: ASGIApp, differences: Sequence[Difference]) -> ASGIApp:
    """`app` wrapped in these differences, the first one innermost."""
    serve = _served_by(app)
    for difference in differences:
        serve = difference.around(serve)

    async def differed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        request = _request(scope, await HttpRequest(scope, receive).body())
        try:
            return await _send(await serve(request), send)
        except HungUp:
            return await Exchange(app, scope, receive, send).hang_up()

    return differed


def _served_by(app: ASGIApp) -> Serve:
    async def serve(request: Request) -> Reply:
        started: Message = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        # With an app in the scope, Starlette lets the app decide the response to an unknown path.
        await app({**_scope(request), "app": app}, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in started["headers"]}
        headers.pop("content-length", None)  # recomputed when all differences have been applied
        return Reply(started["status"], b"".join(parts), headers)

    return serve


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body)


def _scope(request: Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": quote(request.path).encode(),
        "root_path": "",
        "query_string": request.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
    }


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status not in WITHOUT_BODY:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
