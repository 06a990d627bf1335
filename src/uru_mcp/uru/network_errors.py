"""Maps network errors (exceptions of `httpx2` below HTTP) to our errors."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx2

from uru_mcp.config.network import SOCKS, Proxy, certificates, proxy_for
from uru_mcp.errors import NoAnswer, UruError
from uru_mcp.messages import access_messages, report_messages
from uru_mcp.uru.http_errors import unconfirmed

NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


def not_received(error: Exception, *, is_run: bool, url: str) -> UruError:
    """The error for a request to `url` that failed below HTTP. The cause's message is omitted, since it may contain the
    URL."""
    proxy = proxy_for(url)
    broken = [cause for cause in causes_of(error) if isinstance(cause, ssl.SSLError)]
    if isinstance(error, httpx2.ConnectError) and broken:
        return _not_secure(broken, proxy)
    if isinstance(error, NOT_SENT):
        through = f" through {proxy}" if proxy is not None else ""
        return NoAnswer(
            access_messages.CANNOT_BE_REACHED.format(through=through, error=_why_unreachable(error, proxy)),
            fix=_fix(proxy),
        )
    if is_run:
        return unconfirmed(access_messages.BROKE_BEFORE_RUN_ANSWERED)
    return NoAnswer(access_messages.BROKE_BEFORE_ANSWER, fix="Try again.")


def not_ready(error: Exception, url: str) -> NoAnswer:
    """The error if no connection can be opened because the environment's proxy or certificate settings are invalid."""
    proxy, named = proxy_for(url), certificates(missing=not isinstance(error, ssl.SSLError))
    kind = type(error).__name__
    message, fix = access_messages.NO_CONNECTION_READY.format(kind=kind), access_messages.CHECK_VARIABLES
    if named:
        message = access_messages.CANNOT_READ_CERTIFICATES.format(message=message, named=" and ".join(named))
        fix = access_messages.NAME_A_PEM_FILE
    elif proxy is not None and proxy.scheme in SOCKS and isinstance(error, ImportError):
        message = access_messages.SOCKS_IS_MISSING.format(proxy=_capital(proxy))
        fix = access_messages.INSTALL_SOCKS
    elif proxy is not None:
        message = access_messages.PROXY_UNUSABLE.format(
            message=message, proxy=proxy, value=f", {proxy.fault}" if proxy.fault else ""
        )
        fix = access_messages.SET_THE_PROXY.format(variable=proxy.variable)
    return NoAnswer(report_messages.SENTENCE_AND_NOTHING_SENT.format(message=message), fix=f"{fix}.", retryable=False)


def _not_secure(broken: list[ssl.SSLError], proxy: Proxy | None) -> NoAnswer:
    is_doubted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in broken)
    why = report_messages.CERTIFICATE_NOT_VERIFIED if is_doubted else report_messages.SPEAKS_NO_TLS
    through, missing = f" through {proxy}" if proxy is not None else "", certificates(missing=True)
    unread = (
        report_messages.CERTIFICATES_UNREADABLE.format(missing=" and ".join(missing)) if missing and is_doubted else ""
    )
    what = proxy.variable if proxy is not None else "URU_PROXY_URL"
    fix = access_messages.CHECK_CERTIFICATES.format(what=what)
    return NoAnswer(
        access_messages.NO_SECURE_CONNECTION.format(through=through, why=why, unread=unread),
        fix=access_messages.NAME_A_READABLE_FILE.format(missing=" and ".join(missing)) if unread else fix,
        retryable=False,
    )


def _fix(proxy: Proxy | None) -> str:
    if proxy is None:
        return access_messages.CHECK_THE_NETWORK
    return access_messages.CHECK_THE_PROXY.format(variable=proxy.variable)


def _why_unreachable(error: Exception, proxy: Proxy | None) -> str:
    causes = list(causes_of(error))
    whose = "its" if proxy is None else "the proxy's"
    if isinstance(error, httpx2.InvalidURL):
        return report_messages.ADDRESS_IS_NONE.format(whose=whose)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return report_messages.NAME_NOT_RESOLVED.format(whose=whose)
    if any(isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE) for cause in causes):
        return report_messages.TOO_MANY_FILES
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return report_messages.CONNECTION_REFUSED
    if isinstance(error, httpx2.ConnectTimeout):
        return report_messages.NOT_TAKEN_IN_TIME
    if isinstance(error, httpx2.ProxyError):
        return _why_not_let_through(error, proxy)
    if isinstance(error, httpx2.PoolTimeout):
        return report_messages.TOO_MANY_AT_ONCE
    return report_messages.NO_CONNECTION


def _why_not_let_through(error: httpx2.ProxyError, proxy: Proxy | None) -> str:
    """The proxy's status, which is only in the exception's message."""
    status = str(error)[:3]
    if status == "407":
        has_login = proxy is not None and proxy.has_login
        return report_messages.PROXY_REFUSED_LOGIN if has_login else report_messages.PROXY_WANTS_LOGIN
    return report_messages.NOT_LET_THROUGH.format(value=f" ({status})" if status.isdecimal() else "")


def _capital(proxy: Proxy) -> str:
    return f"T{str(proxy)[1:]}"


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and all its causes, including members of exception groups."""
    while error is not None:
        yield error
        for member in getattr(error, "exceptions", ()):
            yield from causes_of(member)
        error = error.__cause__ or error.__context__
