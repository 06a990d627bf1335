"""Security middleware for all pages: checks the host and the origin, and sets security headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LARGEST_BODY = 65_536  # bytes

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer, browsers send `Origin: null` for our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "Cookie",
}


def guarded(app: ASGIApp) -> ASGIApp:
    """`app`, protected from requests of other sites, which are refused before they reach it.

    The name in `Host` is checked against DNS rebinding: another site can resolve its own name to 127.0.0.1, and then
    read the responses.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        refusal = _refusal(scope["method"], headers)
        if refusal is not None:
            return await _answer(_with_headers(send), *refusal)
        return await app(scope, receive, _with_headers(send))

    return served


def _refusal(method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        return 421, "These pages are served under the names 127.0.0.1 and localhost only."
    if method in ("GET", "HEAD"):
        return None
    if method != "POST":
        return 405, "These pages are read and posted to, and nothing else."
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return 403, "This form was sent by another site."
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "This form was sent by another site."
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal() and len(length) < 10 and int(length) <= LARGEST_BODY):
        return 413, "This form is larger than any of ours, or does not say how large it is."
    return None


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname if not set(host) & set("/?#@\\") else None
    except ValueError:
        return None


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in own]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, text: str) -> None:
    body = f"{text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
