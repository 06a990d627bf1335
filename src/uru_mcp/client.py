"""HTTP to Uru: requests, the key, headers, retries and timeouts; the only importer of `httpx2`.

It sends what it is told to and says what came back. Whether a call is allowed is decided before it gets here, in
`gate.py`, and what a 401 means for the key afterwards, in `identity.py`.
"""

from __future__ import annotations

import json
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import httpx2

from uru_mcp import __version__
from uru_mcp.answers import refusal, unconfirmed
from uru_mcp.complaints import Complaint, read_complaint
from uru_mcp.errors import NoAnswer, Refused, UruError
from uru_mcp.key import Key
from uru_mcp.retry import parse_retry_after, wait_before
from uru_mcp.wire import (
    KeyRecord,
    LeftOut,
    Namespace,
    RunResult,
    UnexpectedShape,
    UpstreamTool,
    read_key_record,
    read_namespaces,
    read_result,
    read_tools,
    read_version,
)

CONNECT_TIMEOUT = 5.0  # seconds
BODY_LIMIT = 32 * 1024 * 1024  # bytes, after decompression
CONNECTIONS = 64
TURN = 0.9  # of the time a request has; the rest of it is bounded by its deadline alone

NO_SUCH_ENDPOINT = (404, 405, 501)

Value = TypeVar("Value")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    """`is_run` marks what may change something when it arrives: it is sent once and never again."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: Mapping[bytes, bytes] | None = None
    is_run: bool = False


class UruClient:
    """One key's connection to one Uru. Every method answers within `within` seconds or raises.

    Raises, all of them: `NoAnswer`, `Refused`, `KeyRefused`, `WorkspaceProblem`, `PermissionMissing`.
    """

    def __init__(
        self,
        base_url: str,
        key: Key,
        *,
        workspace_id: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._workspace_id = workspace_id
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None

    async def key_record(self, *, within: float) -> KeyRecord | None:
        """The key's own record, or None where the service has no such endpoint."""
        try:
            body = await self._read("/keys/self", within)
        except (Refused, NoAnswer) as error:
            if error.details.get("status") in NO_SUCH_ENDPOINT:
                return None
            raise
        return _shaped(read_key_record, body)

    async def tools_version(self, *, within: float) -> int:
        """The number that grows when tools change. It needs a key and a workspace, so it checks both."""
        return _shaped(read_version, await self._read("/tools/sync/version", within))

    async def namespaces(self, *, within: float) -> tuple[Namespace, ...]:
        return _shaped(read_namespaces, await self._read("/namespaces", within))

    async def tools(self, namespace: str, *, within: float) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
        """The tools of a namespace, and those of its entries that cannot be offered."""
        body = await self._read(f"/list/apps/{_segment(namespace)}/tools", within)
        return _shaped(lambda body: read_tools(namespace, body), body)

    async def execute(
        self, namespace: Namespace, tool_name: str, parameters: dict[str, Any], *, is_run: bool, within: float
    ) -> RunResult:
        """Run a tool, or read through one: what is not `is_run` may be tried again when its answer is lost.

        Raises, besides: `Unconfirmed` when a run was sent and no clear answer came back.
        """
        routing = {
            b"X-Namespace": namespace.name,
            b"X-Connected-Account-Id": namespace.connected_account_id,
            b"X-Server-Id": namespace.server_id,
        }
        request = _Request(
            "POST",
            f"/execute/{_segment(namespace.name)}__execute_tool",
            body={"tool_name": tool_name, "parameters": parameters},
            headers={name: value.encode() for name, value in routing.items() if value is not None},
            is_run=is_run,
        )
        return read_result(await self._send(request, within))

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    async def _read(self, path: str, within: float) -> Any:
        return await self._send(_Request("GET", path), within)

    async def _send(self, request: _Request, within: float) -> Any:
        """The body of a successful answer. Reads are repeated while the time allows, runs never."""
        deadline = time.monotonic() + within
        for attempt in count(1):
            try:
                return await self._exchange(request, deadline - time.monotonic())
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

    async def _exchange(self, request: _Request, within: float) -> Any:
        if within <= 0:
            raise NoAnswer("There was no time left to ask Uru. Nothing was sent.", fix="Try again.", code="timed_out")
        began = time.monotonic()
        try:
            with anyio.fail_after(within):
                status, headers, body = await self._receive(request, within)
        except TimeoutError as error:
            raise _too_late(request, time.monotonic() - began) from error
        except httpx2.RequestError as error:
            raise _not_received(request, error) from error
        log.debug("%s %s: %d in %.0f ms", request.method, request.path, status, (time.monotonic() - began) * 1000)
        if 200 <= status < 300:
            return _parsed(request, headers.get("content-type", "no type"), body)
        retry_after = parse_retry_after(headers.get("retry-after"), now=datetime.now(UTC))
        complained = refusal(status, _complaint(body), retry_after=retry_after, is_run=request.is_run)
        complained.details["status"] = status
        raise complained

    async def _receive(self, request: _Request, within: float) -> tuple[int, httpx2.Headers, bytes]:
        turn = within * TURN  # who has not got a connection by then is told that nothing was sent
        async with self._http().stream(
            request.method,
            self._base_url + request.path,
            json=request.body,
            headers={b"Authorization": f"Bearer {self._key.reveal()}".encode(), **(request.headers or {})},
            timeout=httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT, turn), pool=turn),
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise _too_large(request)
            return response.status_code, response.headers, bytes(body)

    def _http(self) -> httpx2.AsyncClient:
        if self._opened is None:
            headers = {"User-Agent": f"uru-mcp-python/{__version__}", "Accept": "application/json"}
            if self._workspace_id is not None:
                headers["X-Uru-Workspace-Id"] = self._workspace_id
            self._opened = httpx2.AsyncClient(
                transport=self._transport,
                headers=headers,
                limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
                follow_redirects=False,
            )
        return self._opened


def is_safe_segment(name: str) -> bool:
    """Whether a name can stand in a path and a header without changing either's meaning."""
    return bool(name) and name not in (".", "..") and name.isprintable()


def _segment(name: str) -> str:
    return quote(name, safe="")


def _shaped(reader: Callable[[Any], Value], body: Any) -> Value:
    try:
        return reader(body)
    except UnexpectedShape as error:
        raise Refused(
            f"Uru's answer cannot be used: it holds {error}.",
            fix="Try again later; if it stays so, Uru's API has changed and uru-mcp needs an update.",
            retryable=True,
        ) from error


def _parsed(request: _Request, content_type: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        seen = f"{len(body)} bytes of {content_type.split(';')[0][:60]}" if body else "an empty body"
        if request.is_run:
            raise unconfirmed(f"Uru answered the run with something unreadable ({seen} instead of JSON).") from error
        raise Refused(
            f"Uru's answer is unreadable: {seen} instead of JSON.",
            fix="Check URU_PROXY_URL; a proxy or login page may be answering in Uru's place.",
            retryable=True,
        ) from error


def _complaint(body: bytes) -> Complaint:
    return read_complaint(body[:100_000].decode(errors="replace"))


def _too_late(request: _Request, seconds: float) -> UruError:
    if request.is_run:
        return unconfirmed(f"Uru did not answer the run within {seconds:.0f} seconds.")
    return NoAnswer(f"Uru did not answer within {seconds:.0f} seconds.", fix="Try again in a minute.", code="timed_out")


def _too_large(request: _Request) -> UruError:
    limit = f"{BODY_LIMIT // 1024 // 1024} MB"
    done = " The run itself was done." if request.is_run else ""
    return Refused(
        f"Uru's answer is larger than {limit} and was not read.{done}",
        fix="Ask for less: a filter, a smaller limit, fewer fields.",
        code="too_large",
    )


def _not_received(request: _Request, error: httpx2.RequestError) -> UruError:
    """The error for a request that failed below HTTP; the cause's own words may hold the URL and are not repeated."""
    if _is_tls(error):
        return NoAnswer(
            "No secure connection to Uru: its TLS certificate could not be verified. Nothing was sent.",
            fix="Check URU_PROXY_URL, the clock, and, behind a company proxy, its root certificate (SSL_CERT_FILE).",
            retryable=False,
        )
    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)):
        return NoAnswer(
            f"Uru cannot be reached: {_why_unreachable(error)}. Nothing was sent.",
            fix="Check the network connection and URU_PROXY_URL, and try again.",
        )
    if request.is_run:
        return unconfirmed("The connection to Uru broke before it answered the run.")
    return NoAnswer("The connection to Uru broke before it answered.", fix="Try again.")


def _is_tls(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def _why_unreachable(error: httpx2.RequestError) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name cannot be resolved"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if isinstance(error, httpx2.PoolTimeout):
        return "too many calls are under way at once"
    return "there is no connection"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and all that led to it, the members of groups included."""
    while error is not None:
        yield error
        for member in getattr(error, "exceptions", ()):
            yield from _causes(member)
        error = error.__cause__ or error.__context__
