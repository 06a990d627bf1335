"""Differences caused by intermediaries: gateways, challenges, and envelopes around every reply."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..api.request_log import Request
from . import html_pages
from .difference import Around, Reply, Serve, answering, at, family, html_reply, rewriting, without
from .key_record import PATH as KEY

REASONS = {
    408: "Request Timeout",
    499: "Client Closed Request",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    520: "Web Server Returned an Unknown Error",
    521: "Web Server Is Down",
    522: "Connection Timed Out",
    523: "Origin Is Unreachable",
    524: "A Timeout Occurred",
    525: "SSL Handshake Failed",
    526: "Invalid SSL Certificate",
}


def _page(status: int) -> Reply:
    return html_reply(html_pages.gateway(status, REASONS[status]), status)


def _once(serve: Serve) -> Serve:
    """502 for the very first request, which never reaches the service."""
    asked: list[str] = []

    async def served(request: Request) -> Reply:
        if asked:
            return await serve(request)
        asked.append(request.path)
        return _page(502)

    return served


def _once_each(serve: Serve) -> Serve:
    """502 for the first GET of each path."""
    asked: set[str] = set()

    async def served(request: Request) -> Reply:
        if request.method != "GET" or request.path in asked:
            return await serve(request)
        asked.add(request.path)
        return _page(502)

    return served


def _enveloped(wrap: Callable[[Any], Any], fail: Callable[[Any], Any]) -> Around:
    def enveloped(reply: Reply) -> Reply:
        if not reply.is_json or not reply.body:
            return reply
        return reply.with_json((wrap if reply.status < 400 else fail)(reply.json))

    return rewriting(enveloped)


def _status_and_data(value: Any) -> Any:
    return {"status": "success", "data": value}


def _status_and_error(value: Any) -> Any:
    return {"status": "error", **value} if isinstance(value, dict) else {"status": "error", "error": value}


def _like_cloudflare(value: Any) -> Any:
    return {"success": True, "errors": [], "messages": [], "result": value}


def _typed(kind: str | None) -> Around:
    """JSON with another content type, or with none."""

    def typed(reply: Reply) -> Reply:
        if not reply.is_json:
            return reply
        headers = without(reply.headers, "content-type")
        return replace(reply, headers=headers if kind is None else {**headers, "content-type": kind})

    return rewriting(typed)


def _marked(reply: Reply) -> Reply:
    return replace(reply, body=codecs.BOM_UTF8 + reply.body) if reply.is_json else reply


def _compressed(reply: Reply) -> Reply:
    if not reply.body:
        return reply
    return replace(reply, body=gzip.compress(reply.body)).with_header("content-encoding", "gzip")


def _no_etag(reply: Reply) -> Reply:
    return replace(reply, headers=without(reply.headers, "etag"))


DIFFERENCES = family(
    "gateway",
    [
        (
            "gateway-envelope",
            'Every JSON answer stands in an envelope: {"status": "success", "data": …}.',
            _enveloped(_status_and_data, _status_and_error),
        ),
        (
            "gateway-envelope-result",
            'Every JSON answer stands in an envelope: {"success": true, "errors": [], "result": …}.',
            _enveloped(_like_cloudflare, lambda value: value),
        ),
        ("gateway-bom", "JSON begins with a byte order mark.", rewriting(_marked)),
        ("gateway-text-type", "JSON says that it is text/plain.", _typed("text/plain; charset=utf-8")),
        ("gateway-html-type", "JSON says that it is text/html.", _typed("text/html")),
        ("gateway-no-type", "JSON has no content type.", _typed(None)),
        ("gateway-no-etag", "No answer has an ETag.", rewriting(_no_etag)),
        ("gateway-gzip", "Answers are compressed, whether the client wants it or not.", rewriting(_compressed)),
        *(
            (
                f"gateway-{status}-on-key-record",
                f"/keys/self answers {status} with a page of HTML.",
                answering(at(KEY), _page(status)),
            )
            for status in REASONS
        ),
        (
            "gateway-challenge-200",
            "/keys/self answers 200 with a page that checks the browser.",
            answering(at(KEY), html_reply(html_pages.CHALLENGE)),
        ),
        (
            "gateway-challenge-403",
            "/keys/self answers 403 with a page that checks the browser.",
            answering(at(KEY), html_reply(html_pages.CHALLENGE, 403)),
        ),
        ("gateway-502-once", "The first request of all is answered 502 with a page of HTML.", _once),
        ("gateway-502-once-each", "The first GET of each path is answered 502 with a page of HTML.", _once_each),
    ],
)
