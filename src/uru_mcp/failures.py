"""What it means when a request fails below HTTP: an exception of `httpx2` becomes an error in our words."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx2

from uru_mcp.answers import unconfirmed
from uru_mcp.errors import NoAnswer, UruError

NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


def not_received(error: Exception, *, is_run: bool) -> UruError:
    """The error for a request that failed below HTTP; the cause's own words may hold the URL and are not repeated."""
    broken = [cause for cause in causes_of(error) if isinstance(cause, ssl.SSLError)]
    if isinstance(error, httpx2.ConnectError) and broken:
        is_doubted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in broken)
        why = "its TLS certificate could not be verified" if is_doubted else "what answers there does not speak TLS"
        return NoAnswer(
            f"No secure connection to Uru: {why}. Nothing was sent.",
            fix="Check URU_PROXY_URL, the clock, and, behind a company proxy, its root certificate (SSL_CERT_FILE).",
            retryable=False,
        )
    if isinstance(error, NOT_SENT):
        return NoAnswer(
            f"Uru cannot be reached: {_why_unreachable(error)}. Nothing was sent.",
            fix="Check the network connection and URU_PROXY_URL, and try again.",
        )
    if is_run:
        return unconfirmed("The connection to Uru broke before it answered the run.")
    return NoAnswer("The connection to Uru broke before it answered.", fix="Try again.")


def _why_unreachable(error: Exception) -> str:
    causes = list(causes_of(error))
    if isinstance(error, httpx2.InvalidURL):
        return "its address is not one"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name cannot be resolved"
    if any(isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE) for cause in causes):
        return "too many files and connections are open on this machine"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if isinstance(error, httpx2.ConnectTimeout):
        return "the connection was not taken in time"
    if isinstance(error, httpx2.ProxyError):
        return "the proxy of the environment did not let it through"
    if isinstance(error, httpx2.PoolTimeout):
        return "too many calls are under way at once"
    return "there is no connection"


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and all that led to it, the members of groups included."""
    while error is not None:
        yield error
        for member in getattr(error, "exceptions", ()):
            yield from causes_of(member)
        error = error.__cause__ or error.__context__
