"""A request, and the body of its answer: how much of it is taken, and its JSON.

It knows nothing of connections, and of the API only that a run must not seem to have failed when its answer is unread.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio.lowlevel

from uru_mcp import limits, messages
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Refused, UruError
from uru_mcp.untrusted_input import json_parsing
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru import compression
from uru_mcp.uru.http_errors import unconfirmed, unreadable

COMPLAINT_LIMIT = 100_000  # bytes that are read of an error body; nobody writes longer ones for people
BODY_LIMIT = limits.BODY
ENCODED_LIMIT = BODY_LIMIT // 2  # bytes of a compressed body as it travels
QUICK = 4 * 1024  # bytes of a compressed body that are decoded at once, and make at most a thousand times as many
BLANKS = b" \t\r\n\xef\xbb\xbf"  # and a byte order mark
JSON_TYPE = re.compile(r"(application|text)/([\w.-]+\+)?json", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """`is_run` marks what may change something when it arrives: it is sent once and never again.

    `key` is the key for which it was allowed; None where any will do, such as the one in use. `asks_of_key` marks
    questions about the key itself, after which there is nothing more to ask. `read` makes something of the JSON of a
    success, whose body has at most `body_limit` bytes. That is done in a thread, so that calls are answered meanwhile,
    and for one body after the other, so that they do not fill the memory together; what `is_light` goes there only when
    its body is large.
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


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as it came: its body still has its coding."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    coding: str | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_quick(self) -> bool:
        """Whether to make something of the body takes so little time that it is done at once."""
        return len(self.body) <= (limits.LARGE if self.coding is None else QUICK)


async def received(request: Request, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> Received:
    """The answer with its body as it travels, or with the beginning of it where that only says what went wrong.

    httpx2 would decode codings inside one another, and without a limit on the steps. `headers` finds names in any case.

    Raises: `Unconfirmed` for a run, otherwise `Refused`, when the body is too long or has a coding that is not read.
    """
    is_success = 200 <= status < 300
    try:
        coding = compression.coding_of(headers.get("content-encoding"))
    except compression.UnknownCoding as error:
        if is_success:
            raise unreadable(
                messages.BODY_IN_CODING.format(error=quoted(str(error), 60)), is_run=request.is_run
            ) from error
        return Received(status, headers, b"", None)
    most = min(request.body_limit, BODY_LIMIT if coding is None else ENCODED_LIMIT)
    if is_success and _announced(headers) > most:
        raise too_large(request)
    body = bytearray()
    async for chunk in chunks:
        await anyio.lowlevel.checkpoint()  # of many tiny chunks none waits for the network
        body += chunk
        if not is_success and len(body) > COMPLAINT_LIMIT:
            break
        if len(body) > most:
            raise too_large(request)
    return Received(status, headers, bytes(body), coding)


def plain(request: Request, received: Received, until: float) -> Received:
    """The same answer with its body decoded. Raises: `Refused` where it is too long or has another coding."""
    if received.coding is None:
        return received
    try:
        body = compression.decoded(received.body, received.coding, at_most=request.body_limit, until=until)
    except compression.TooLong as error:
        raise too_large(request) from error
    except ValueError as error:
        raise unreadable(messages.UNREADABLE_CODING, is_run=request.is_run) from error
    return replace(received, body=body, coding=None)


def parsed(request: Request, received: Received, until: float) -> Any:
    """The JSON of a success, until a moment of the monotonic clock.

    What says that it is something else is not looked into, whatever it holds.

    Raises: `Unconfirmed` for a run, otherwise `Refused`; `TimeoutError`.
    """
    body, stated = received.body, received.headers.get("content-type")
    media_type = (stated or "no type").split(";")[0].strip()[:60]
    media_type = quoted(media_type, 60)
    seen = messages.BYTES_OF.format(body=len(body), media_type=media_type) if body else messages.EMPTY_BODY
    is_text = media_type.lower().startswith("text/")  # which counts as JSON when it begins like an object or a list
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
        raise too_large(request, messages.TAKES_MORE_MB.format(parsed=limits.PARSED // 1024 // 1024)) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(seen, is_run=request.is_run) from error


def words_of(received: Received) -> str:
    """What an answer that is no success says, cut."""
    body = received.body
    if received.coding is not None:
        body = compression.beginning(body, received.coding, at_most=COMPLAINT_LIMIT)
    return body[:COMPLAINT_LIMIT].decode(errors="replace")


def _announced(headers: Mapping[str, str]) -> int:
    """How long the body will be, in bytes and as it travels; 0 where that is not said."""
    length = headers.get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0


def too_large(request: Request, reason: str | None = None) -> UruError:
    reason = reason or messages.HAS_MORE_MB.format(body_limit=request.body_limit / 1024 / 1024)
    if request.is_run:
        return unconfirmed(messages.RUN_ANSWER_NOT_READ.format(reason=reason))
    return Refused(
        messages.ANSWER_NOT_READ.format(reason=reason),
        fix=messages.ASK_FOR_LESS,
        code="too_large",
    )
