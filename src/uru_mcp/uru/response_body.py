"""Defines `Request`, and reads and parses response bodies within limits on size and time.

It does not know connections. Of the API it knows only that a run with an unreadable response may have succeeded.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

import anyio.lowlevel

from uru_mcp import limits
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Refused, UruError
from uru_mcp.messages import access_messages, report_messages
from uru_mcp.untrusted_input import json_parsing
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru import compression
from uru_mcp.uru.http_errors import unconfirmed, unreadable

ERROR_BODY_LIMIT = 100_000  # bytes of an error body that are read; longer ones are not for people
BODY_LIMIT = limits.BODY
FACTS_LIMIT = 256 * 1024  # bytes of a response about the key or a version, which is not parsed in a thread
ENCODED_LIMIT = BODY_LIMIT // 2  # bytes of a compressed body
QUICK = 4 * 1024  # bytes of a compressed body that are decoded without a thread; they expand at most a thousandfold
BLANKS = b" \t\r\n\xef\xbb\xbf"  # with the bytes of a byte order mark
JSON_TYPE = re.compile(r"(application|text)/([\w.-]+\+)?json", re.IGNORECASE)


class Request(NamedTuple):
    """A request. `is_run` marks one that may change something: it is sent once and never retried.

    `key` is the key for which it was allowed; None means the key in use. `asks_of_key` marks requests about the key
    itself, whose refusal triggers no further check of the key. `read` converts the JSON of a successful response, whose
    body has at most `body_limit` bytes. This runs in a thread, so that other calls are answered meanwhile, and for one
    body at a time, to limit memory; a request that `is_light` uses the thread only if its body is large.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: Mapping[bytes, bytes] | None = None
    is_run: bool = False
    key: Key | None = None
    asks_of_key: bool = False
    read: Callable[[Any], Any] | None = None
    is_light: bool = False
    body_limit: int = BODY_LIMIT


class Received(NamedTuple):
    """A raw response, whose body may still be compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    coding: str | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_quick(self) -> bool:
        """Whether the body is small enough to be parsed without a thread."""
        return len(self.body) <= (limits.LARGE if self.coding is None else QUICK)


async def received(request: Request, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> Received:
    """Read a response with its raw body; for an error, only the beginning of the body.

    httpx2 itself would decode nested codings without a limit. `headers` is case-insensitive.

    Raises: `Unconfirmed` for a run, otherwise `Refused`, if the body is too long or has an unsupported coding.
    """
    is_success = 200 <= status < 300
    try:
        coding = compression.coding_of(headers.get("content-encoding"))
    except compression.UnknownCoding as error:
        if is_success:
            raise unreadable(
                report_messages.BODY_IN_CODING.format(error=quoted(str(error), 60)), is_run=request.is_run
            ) from error
        return Received(status, headers, b"", None)
    most = min(request.body_limit, BODY_LIMIT if coding is None else ENCODED_LIMIT)
    if is_success and _announced(headers) > most:
        raise too_large(request)
    body = bytearray()
    async for chunk in chunks:
        await anyio.lowlevel.checkpoint()  # lets other tasks run: many tiny chunks may arrive without waiting
        body += chunk
        if not is_success and len(body) > ERROR_BODY_LIMIT:
            break
        if len(body) > most:
            raise too_large(request)
    return Received(status, headers, bytes(body), coding)


def plain(request: Request, received: Received, until: float) -> Received:
    """The same response with its body decoded. Raises: `Refused` if it is too long or has another coding."""
    if received.coding is None:
        return received
    try:
        body = compression.decoded(received.body, received.coding, at_most=request.body_limit, until=until)
    except compression.TooLong as error:
        raise too_large(request) from error
    except ValueError as error:
        raise unreadable(report_messages.UNREADABLE_CODING, is_run=request.is_run) from error
    return received._replace(body=body, coding=None)


def parsed(request: Request, received: Received, until: float) -> Any:
    """Parse the JSON of a successful response, until a time of the monotonic clock.

    A body with a content type other than JSON is not parsed.

    Raises: `Unconfirmed` for a run, otherwise `Refused`; `TimeoutError`.
    """
    body, stated = received.body, received.headers.get("content-type")
    media_type = (stated or "no type").split(";")[0].strip()[:60]
    media_type = quoted(media_type, 60)
    seen = (
        report_messages.BYTES_OF.format(body=len(body), media_type=media_type) if body else report_messages.EMPTY_BODY
    )
    is_text = media_type.lower().startswith("text/")  # accepted as JSON if it starts like an object or a list
    if stated is not None and not JSON_TYPE.fullmatch(media_type) and not is_text:
        raise unreadable(seen, is_run=request.is_run)
    try:
        if received.coding is not None:
            body = compression.decoded(body, received.coding, at_most=request.body_limit, until=until)
        if is_text and body.lstrip(BLANKS)[:1] not in (b"{", b"["):
            raise unreadable(seen, is_run=request.is_run)
        return json_parsing.parsed(body)
    except compression.TooLong as error:
        raise too_large(request) from error
    except json_parsing.TooMuch as error:
        raise too_large(request, report_messages.TAKES_MORE_MB.format(parsed=limits.PARSED // 1024 // 1024)) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(seen, is_run=request.is_run) from error


def error_text(received: Received) -> str:
    """The text of an error response, truncated."""
    body = received.body
    if received.coding is not None:
        body = compression.beginning(body, received.coding, at_most=ERROR_BODY_LIMIT)
    return body[:ERROR_BODY_LIMIT].decode(errors="replace")


def _announced(headers: Mapping[str, str]) -> int:
    """The `Content-Length` in bytes; 0 if it is missing or invalid."""
    length = headers.get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0


def too_large(request: Request, reason: str | None = None) -> UruError:
    reason = reason or report_messages.HAS_MORE_MB.format(body_limit=request.body_limit / 1024 / 1024)
    if request.is_run:
        return unconfirmed(access_messages.RUN_ANSWER_NOT_READ.format(reason=reason))
    return Refused(
        access_messages.ANSWER_NOT_READ.format(reason=reason),
        fix=access_messages.ASK_FOR_LESS,
        code="too_large",
    )
