"""HTTP to Uru: connections, the key, retries, time limits; the only importer of `httpx2`.

It sends a request and hands over the JSON that came back, or says what went wrong in our own errors. It knows no
endpoint; those are in `client.py`.
"""

from __future__ import annotations

import json
import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2

from uru_mcp import __version__
from uru_mcp.answers import refusal, unconfirmed, unreadable
from uru_mcp.complaints import is_no_route, read_complaint
from uru_mcp.errors import NoAnswer, Refused, UruError
from uru_mcp.failures import not_received
from uru_mcp.key import Key
from uru_mcp.keyring import Keyring
from uru_mcp.numerals import float_or_text
from uru_mcp.redaction import Redaction
from uru_mcp.retry import parse_retry_after, wait_before
from uru_mcp.variables import is_loopback

CONNECT_TIMEOUT = 5.0  # seconds
COMPLAINT_LIMIT = 100_000  # bytes that are read of an error body; nobody writes longer ones for people
BODY_LIMIT = 32 * 1024 * 1024  # bytes, after decompression
CONNECTIONS = 512  # twice the runs that may be under way, so that long ones leave room for what is quick
IDLE_CONNECTIONS = 4  # each of which costs every request a little
JSON_TYPE = re.compile(r"(application|text)/([\w.-]+\+)?json", re.IGNORECASE)
TURN = 0.9  # of the time a request has; the rest of it is bounded by its deadline alone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """`is_run` marks what may change something when it arrives: it is sent once and never again.

    `key` is the key for which it was allowed; None where any will do, such as the one in use. `asks_of_key` marks
    questions about the key itself, after which there is nothing more to ask. `read` makes something of a body that may
    be very large: that is done in a thread, so that calls are answered meanwhile, and for one body after the other, so
    that they do not fill the memory together.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: Mapping[bytes, bytes] | None = None
    is_run: bool = False
    key: Key | None = None
    asks_of_key: bool = False
    read: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of a successful answer, or what was made of it.

    `etag` is the tag by which the next request can ask whether it `is_as_before`.
    """

    body: Any
    etag: str | None = None
    is_as_before: bool = False


class Connection:
    """Connections to one Uru, pooled. Redirects are not followed, so that the key goes nowhere else.

    `heavy_work` is done one piece after the other, of whatever kind.
    `on_refusal` is called when Uru answers 401 or 403 to anything but a question about the key.
    """

    def __init__(
        self,
        base_url: str,
        keyring: Keyring,
        *,
        workspace_id: str | None,
        redaction: Redaction,
        transport: httpx2.AsyncBaseTransport | None,
        heavy_work: anyio.CapacityLimiter | None = None,
    ) -> None:
        self._base_url = base_url
        self._redaction = redaction
        self._keyring = keyring
        self._workspace_id = workspace_id
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None
        self._heavy_work = heavy_work or anyio.CapacityLimiter(1)
        self.on_refusal: Callable[[], None] = lambda: None

    def start_over(self) -> None:
        """Forget what Uru gave the client of an earlier key to remember."""
        if self._opened is not None:
            self._opened.cookies.clear()

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    async def send(self, request: Request, within: float) -> Any:
        """The JSON of a successful answer, within so many seconds.

        Reads are repeated while the time allows, runs never.

        Raises: `NoAnswer`, `Refused`, `KeyRefused`, `WorkspaceProblem`, `PermissionMissing`; for runs `Unconfirmed`.
        """
        deadline = time.monotonic() + within
        for attempt in count(1):
            try:
                return (await self.exchange(request, deadline - time.monotonic())).body
            except NoAnswer as error:
                left = deadline - time.monotonic()
                after = error.details.get("retry_after")
                repeatable = error.retryable and not request.is_run
                wait = (
                    wait_before(attempt + 1, retry_after=after, left=left, random=random.random) if repeatable else None
                )
                if wait is None:
                    raise
                log.info("%s %s: %s; again in %.1f s", request.method, request.path, error.code, wait)
                await anyio.sleep(wait)
        raise AssertionError("unreachable")

    async def exchange(self, request: Request, within: float) -> Answer:
        """The answer to one request that is sent once, for who keeps his own time for the next. Raises: as `send`."""
        if within <= 0:
            raise NoAnswer("There was no time left to ask Uru. Nothing was sent.", fix="Try again.", code="timed_out")
        began = time.monotonic()
        try:
            with anyio.fail_after(within):
                status, headers, body = await self._receive(request, within)
                is_success = 200 <= status < 300
                read = await self._read(request, headers.get("content-type"), body) if is_success else None
        except TimeoutError as error:
            raise _too_late(request, time.monotonic() - began) from error
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            raise not_received(error, is_run=request.is_run) from error
        log.debug("%s %s: %d in %.0f ms", request.method, request.path, status, (time.monotonic() - began) * 1000)
        if status == 304 and b"If-None-Match" in (request.headers or {}):
            return Answer(None, is_as_before=True)
        if is_success:
            return Answer(read, headers.get("etag"))
        retry_after = parse_retry_after(headers.get("retry-after"), now=datetime.now(UTC))
        complaint = read_complaint(self._redaction.text(body[:COMPLAINT_LIMIT].decode(errors="replace")))
        complained = refusal(
            status,
            complaint,
            retry_after=retry_after,
            is_call=request.method == "POST",
            is_run=request.is_run,
            steps=self._keyring.source.steps,
        )
        complained.details |= {"status": status, "no_route": is_no_route(status, complaint) or None}
        if status in (401, 403) and not request.asks_of_key:
            self.on_refusal()
        raise complained

    async def _read(self, request: Request, stated: str | None, body: bytes) -> Any:
        read = request.read
        if read is None:
            return _parsed(request, stated, body)
        return await anyio.to_thread.run_sync(
            lambda: read(_parsed(request, stated, body)), abandon_on_cancel=True, limiter=self._heavy_work
        )

    async def _receive(self, request: Request, within: float) -> tuple[int, httpx2.Headers, bytes]:
        key = request.key or self._keyring.in_use
        if key is None:
            message = "There is no key now. Nothing was sent."
            raise NoAnswer(message, fix="Call uru_whoami, which says why.", retryable=False)
        turn = within * TURN  # who has not got a connection by then is told that nothing was sent
        async with self._ready().stream(
            request.method,
            self._base_url + request.path,
            json=request.body,
            headers={b"Authorization": f"Bearer {key.reveal()}".encode(), **(request.headers or {})},
            timeout=httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT, turn), pool=turn),
        ) as response:
            body = bytearray()
            if response.is_success and _announced(response.headers) > BODY_LIMIT:
                raise _too_large(request)
            async for chunk in response.aiter_bytes():
                body += chunk
                if not response.is_success and len(body) > COMPLAINT_LIMIT:
                    break
                if len(body) > BODY_LIMIT:
                    raise _too_large(request)
            return response.status_code, response.headers, bytes(body)

    def _ready(self) -> httpx2.AsyncClient:
        try:
            return self._http()
        except Exception as error:  # boundary: proxies and certificates of the environment fail in many ways
            raise NoAnswer(
                f"No connection to Uru can be made ready ({type(error).__name__}). Nothing was sent.",
                fix="Check the proxy and certificate variables, such as ALL_PROXY and SSL_CERT_FILE.",
                retryable=False,
            ) from error

    def _http(self) -> httpx2.AsyncClient:
        if self._opened is None:
            headers = {"User-Agent": f"uru-mcp-python/{__version__}", "Accept": "application/json"}
            if self._workspace_id is not None:
                headers["X-Uru-Workspace-Id"] = self._workspace_id
            no_roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody, and takes no time to read them
            self._opened = httpx2.AsyncClient(
                transport=self._transport,
                verify=no_roots if self._base_url.startswith("http://") else True,
                headers=headers,
                trust_env=not is_loopback(urlsplit(self._base_url).hostname or ""),  # a proxy would be sent the key
                limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS),
                follow_redirects=False,
            )
        return self._opened


def _parsed(request: Request, stated: str | None, body: bytes) -> Any:
    """The JSON of a body. What says that it is something else is not looked into, whatever it holds."""
    media_type = (stated or "no type").split(";")[0].strip()[:60]
    seen = f"{len(body)} bytes of {media_type}" if body else "an empty body"
    if stated is not None and not JSON_TYPE.fullmatch(media_type):
        raise unreadable(seen, is_run=request.is_run)
    try:
        return json.loads(
            body, parse_constant=str, parse_float=float_or_text
        )  # NaN is not JSON: as text it can be passed on
    except (ValueError, RecursionError) as error:
        raise unreadable(seen, is_run=request.is_run) from error


def _too_late(request: Request, seconds: float) -> UruError:
    if request.is_run:
        return unconfirmed(f"Uru did not answer the run within {seconds:.0f} seconds.")
    return NoAnswer(f"Uru did not answer within {seconds:.0f} seconds.", fix="Try again in a minute.", code="timed_out")


def _announced(headers: httpx2.Headers) -> int:
    """How long the body will be, in bytes and as it travels; 0 where that is not said."""
    length = headers.get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0


def _too_large(request: Request) -> UruError:
    limit = f"{BODY_LIMIT // 1024 // 1024} MB"
    if request.is_run:
        return unconfirmed(f"Uru answered the run with more than {limit}, which was not read.")
    return Refused(
        f"Uru's answer is larger than {limit} and was not read.",
        fix="Ask for less: a filter, a smaller limit, fewer fields.",
        code="too_large",
    )
