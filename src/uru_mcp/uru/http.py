"""Sends HTTP requests to Uru: connection pool, authorization, retries, and timeouts; the only importer of `httpx2`.

It returns the JSON of a response or raises one of our own errors. It knows no endpoints; those are in `api.py`.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2

from uru_mcp import __version__
from uru_mcp.config.network import are_proxies_set, require_usable_proxy
from uru_mcp.config.parsing import is_loopback
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.errors import NoAnswer, UruError
from uru_mcp.messages import access_messages
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru import compression, response_body
from uru_mcp.uru.error_body import is_no_route, read_error_body
from uru_mcp.uru.http_errors import refusal, unconfirmed
from uru_mcp.uru.network_errors import not_ready, not_received
from uru_mcp.uru.response_body import BODY_LIMIT as BODY_LIMIT
from uru_mcp.uru.response_body import Received as Received
from uru_mcp.uru.response_body import Request as Request
from uru_mcp.uru.retry import parse_retry_after, wait_before
from uru_mcp.uru.sent_ahead import SentAhead, first_requests

CONNECT_TIMEOUT = 5.0  # seconds
CONNECTIONS = 512  # twice the number of concurrent runs, so that long runs leave connections for quick requests
IDLE_CONNECTIONS = 4  # each idle connection slows down every request a little
TURN = 0.9  # share of a request's time in which it must get a connection

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """The JSON of a successful response, or the value parsed from it.

    `etag` is the tag for the next conditional request; `is_as_before` means 304 Not Modified.
    """

    body: Any
    etag: str | None = None
    is_as_before: bool = False


class Connection:
    """A connection pool for one Uru. No redirect is followed, so that the key is sent nowhere else, and no cookie kept.

    `heavy_work` lets only one task at a time keep the processor busy.
    `on_refusal` is called when Uru answers 401 or 403, except to requests about the key itself, and `on_send` before
    each request, with its key.
    """

    def __init__(
        self,
        base_url: str,
        keyring: Keyring,
        *,
        workspace_id: str | None,
        redaction: Redaction,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._base_url = base_url
        self._redaction = redaction
        self.keyring = keyring
        self._transport = transport
        self._sent_ahead = SentAhead()
        self._opened: httpx2.AsyncClient | httpx2.AsyncBaseTransport | None = None
        self._headers = {
            b"User-Agent": f"uru-mcp-python/{__version__}".encode(),
            b"Accept": b"application/json",
            b"Accept-Encoding": compression.ACCEPTED.encode(),
            b"Connection": b"keep-alive",
        }
        if workspace_id is not None:
            self._headers[b"X-Uru-Workspace-Id"] = workspace_id.encode()
        self.heavy_work = anyio.CapacityLimiter(1)
        self.on_refusal: Callable[[], None] = lambda: None
        self.on_send: Callable[[Key], None] = lambda _: None

    @property
    def is_remote(self) -> bool:
        """Whether Uru is at the other end of a network, and not an application in this process."""
        return self._transport is None

    @asynccontextmanager
    async def sending_ahead(self) -> AsyncIterator[None]:
        """Send what is asked first with the key in use; does nothing without a key."""
        async with anyio.create_task_group() as tasks:
            if self.keyring.in_use is not None:
                self._sent_ahead.send(first_requests(self.keyring.in_use), tasks, self._fetch)
            yield
            tasks.cancel_scope.cancel()

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    def clean(self, value: Any) -> Any:
        """A small JSON value with keys redacted and invisible characters removed, before parts of it are truncated."""
        return self._redaction.value(value)

    async def send(self, request: Request, within: float) -> Any:
        """Send a request and return the JSON of a successful response, within `within` seconds.

        Reads are retried while time remains, runs never.

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
        """Send a request once, without retries, for callers with their own schedule. Raises: as `send`."""
        if within <= 0:
            raise NoAnswer(access_messages.NO_TIME_LEFT, fix="Try again.", code="timed_out")
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
        raise self._error_from(request, received)

    def _error_from(self, request: Request, received: Received) -> UruError:
        status, headers = received.status, received.headers
        retry_after = parse_retry_after(headers.get("retry-after"), now=datetime.now(UTC))
        error_body = read_error_body(self._redaction.text(response_body.error_text(received)))
        error = refusal(
            status,
            error_body,
            retry_after=retry_after,
            is_call=request.method == "POST",
            is_run=request.is_run,
            steps=self.keyring.source.steps,
        )
        error.details |= {"status": status, "no_route": is_no_route(status, error_body) or None}
        if status in (401, 403) and not request.asks_of_key:
            self.on_refusal()
        return error

    async def receive(self, request: Request, within: float) -> Received:
        """Send a request once and return the raw response, whatever its status; `on_refusal` is not called.

        Raises: `NoAnswer`, `Refused`.
        """
        try:
            with anyio.fail_after(within):
                received = await self._receive(request, within)
                return await anyio.to_thread.run_sync(
                    lambda: response_body.plain(request, received, time.monotonic() + within)
                )
        except TimeoutError as error:
            raise _too_late(request, within) from error
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            raise not_received(error, is_run=request.is_run, url=self._base_url) from error

    async def _read(self, request: Request, received: Received, until: float) -> Any:
        """Parse the body, until a time of the monotonic clock."""

        def made() -> Any:
            value = response_body.parsed(request, received, until)
            return value if request.read is None else request.read(value)

        if received.is_quick and (request.read is None or request.is_light):
            return made()
        return await anyio.to_thread.run_sync(made, abandon_on_cancel=True, limiter=self.heavy_work)

    async def _receive(self, request: Request, within: float) -> Received:
        key = request.key or self.keyring.in_use
        if key is None:
            message = access_messages.NO_KEY_NOW
            raise NoAnswer(message, fix=access_messages.WHOAMI_SAYS_WHY, retryable=False)
        self.on_send(key)
        sent_ahead = self._sent_ahead.take(request, key)
        return await (self._fetch(request._replace(key=key), within) if sent_ahead is None else sent_ahead.received())

    async def _fetch(self, request: Request, within: float) -> Received:
        """Send a request with its own key, and receive the response."""
        key, turn = request.key, within * TURN  # without a connection by then it fails as "nothing was sent"
        if key is None:
            raise AssertionError("unreachable")
        timeout = httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT, turn), pool=turn)
        to_send = httpx2.Request(
            request.method,
            self._base_url + request.path,
            json=request.body,
            headers={**self._headers, b"Authorization": f"Bearer {key.reveal()}".encode(), **(request.headers or {})},
            extensions={"timeout": timeout.as_dict()},
        )
        opened = self._ready()
        if isinstance(opened, httpx2.AsyncClient):
            response = await opened.send(to_send, stream=True)
        else:
            response = await opened.handle_async_request(to_send)
        try:
            return await response_body.received(request, response.status_code, response.headers, response.aiter_raw())
        finally:
            await response.aclose()

    def _ready(self) -> httpx2.AsyncClient | httpx2.AsyncBaseTransport:
        try:
            return self._http()
        except Exception as error:  # boundary: proxies and certificates of the environment fail in many ways
            raise not_ready(error, self._base_url) from error

    def _http(self) -> httpx2.AsyncClient | httpx2.AsyncBaseTransport:
        """A client chooses a proxy for each request; without proxies, its transport does the same in less time."""
        if self._opened is None:
            self._opened = self._transport
        if self._opened is None:
            require_usable_proxy(self._base_url)
            no_roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and loads no certificates
            verify = no_roots if self._base_url.startswith("http://") else True
            trust_env = not is_loopback(urlsplit(self._base_url).hostname or "")  # a proxy would get the key
            limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS)
            open_it = httpx2.AsyncClient if trust_env and are_proxies_set() else httpx2.AsyncHTTPTransport
            self._opened = open_it(verify=verify, trust_env=trust_env, limits=limits)
        return self._opened


def _too_late(request: Request, seconds: float) -> UruError:
    if request.is_run:
        return unconfirmed(access_messages.RUN_NOT_ANSWERED.format(seconds=seconds))
    return NoAnswer(
        access_messages.NOT_ANSWERED.format(seconds=seconds), fix=access_messages.TRY_IN_A_MINUTE, code="timed_out"
    )
