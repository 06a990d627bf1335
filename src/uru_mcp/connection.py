"""HTTP to Uru: connections, the key, retries, time limits; the only importer of `httpx2`.

It sends a request and hands over the JSON that came back, or says what went wrong in our own errors. It knows no
endpoint; those are in `client.py`.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2

from uru_mcp import __version__, bodies, content_coding, messages
from uru_mcp.answers import refusal, unconfirmed
from uru_mcp.bodies import BODY_LIMIT as BODY_LIMIT
from uru_mcp.bodies import Received as Received
from uru_mcp.bodies import Request as Request
from uru_mcp.complaints import is_no_route, read_complaint
from uru_mcp.errors import NoAnswer, UruError
from uru_mcp.failures import not_ready, not_received
from uru_mcp.key import Key
from uru_mcp.keyring import Keyring
from uru_mcp.network_settings import require_usable_proxy
from uru_mcp.redaction import Redaction
from uru_mcp.retry import parse_retry_after, wait_before
from uru_mcp.variables import is_loopback

CONNECT_TIMEOUT = 5.0  # seconds
CONNECTIONS = 512  # twice the runs that may be under way, so that long ones leave room for what is quick
IDLE_CONNECTIONS = 4  # each of which costs every request a little
TURN = 0.9  # of the time a request has; the rest of it is bounded by its deadline alone

log = logging.getLogger(__name__)


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
    `on_refusal` is called when Uru answers 401 or 403 to anything but a question about the key, and `on_send` before
    each request, with the key that goes with it.
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
        self.on_send: Callable[[Key], None] = lambda _: None

    def start_over(self) -> None:
        """Forget what Uru gave the client of an earlier key to remember."""
        if self._opened is not None:
            self._opened.cookies.clear()

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    def clean(self, value: Any) -> Any:
        """A small JSON value without keys and without what cannot be seen, of which parts are cut afterwards."""
        return self._redaction.value(value)

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
            raise NoAnswer(messages.NO_TIME_LEFT, fix="Try again.", code="timed_out")
        began = time.monotonic()
        try:
            with anyio.fail_after(within):
                received = await self._receive(request, within)
                read = await self._read(request, received, began + within) if received.is_success else None
        except TimeoutError as error:
            raise _too_late(request, time.monotonic() - began) from error
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            raise not_received(error, is_run=request.is_run, url=self._base_url) from error
        status, headers = received.status, received.headers
        log.debug("%s %s: %d in %.0f ms", request.method, request.path, status, (time.monotonic() - began) * 1000)
        if status == 304 and b"If-None-Match" in (request.headers or {}):
            return Answer(None, is_as_before=True)
        if received.is_success:
            return Answer(read, headers.get("etag"))
        raise self._complained(request, received)

    def _complained(self, request: Request, received: Received) -> UruError:
        status, headers = received.status, received.headers
        retry_after = parse_retry_after(headers.get("retry-after"), now=datetime.now(UTC))
        complaint = read_complaint(self._redaction.text(bodies.words_of(received)))
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
        return complained

    async def receive(self, request: Request, within: float) -> Received:
        """The answer to one request, whatever it is, for who looks at its form. It is sent once, and nothing follows.

        Raises: `NoAnswer`, `Refused`.
        """
        try:
            with anyio.fail_after(within):
                received = await self._receive(request, within)
                return await anyio.to_thread.run_sync(
                    lambda: bodies.plain(request, received, time.monotonic() + within)
                )
        except TimeoutError as error:
            raise _too_late(request, within) from error
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            raise not_received(error, is_run=request.is_run, url=self._base_url) from error

    async def _read(self, request: Request, received: Received, until: float) -> Any:
        """What is made of the body, until a moment of the monotonic clock."""

        def made() -> Any:
            value = bodies.parsed(request, received, until)
            return value if request.read is None else request.read(value)

        if received.is_quick and (request.read is None or request.is_light):
            return made()
        return await anyio.to_thread.run_sync(made, abandon_on_cancel=True, limiter=self._heavy_work)

    async def _receive(self, request: Request, within: float) -> Received:
        key = request.key or self._keyring.in_use
        if key is None:
            message = messages.NO_KEY_NOW
            raise NoAnswer(message, fix=messages.WHOAMI_SAYS_WHY, retryable=False)
        self.on_send(key)
        turn = within * TURN  # who has not got a connection by then is told that nothing was sent
        async with self._ready().stream(
            request.method,
            self._base_url + request.path,
            json=request.body,
            headers={b"Authorization": f"Bearer {key.reveal()}".encode(), **(request.headers or {})},
            timeout=httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT, turn), pool=turn),
        ) as response:
            return await bodies.received(request, response.status_code, response.headers, response.aiter_raw())

    def _ready(self) -> httpx2.AsyncClient:
        try:
            return self._http()
        except Exception as error:  # boundary: proxies and certificates of the environment fail in many ways
            raise not_ready(error, self._base_url) from error

    def _http(self) -> httpx2.AsyncClient:
        if self._opened is None:
            if self._transport is None:
                require_usable_proxy(self._base_url)
            headers = {"User-Agent": f"uru-mcp-python/{__version__}", "Accept": "application/json"}
            headers["Accept-Encoding"] = content_coding.ACCEPTED
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


def _too_late(request: Request, seconds: float) -> UruError:
    if request.is_run:
        return unconfirmed(messages.RUN_NOT_ANSWERED.format(seconds=seconds))
    return NoAnswer(messages.NOT_ANSWERED.format(seconds=seconds), fix=messages.TRY_IN_A_MINUTE, code="timed_out")
