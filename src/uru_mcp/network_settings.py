"""The proxies and certificates that the environment sets for all programs, in words for the user.

What is used is decided by `httpx2` and OpenSSL, from the same variables; here they are only named. Of a proxy's address
no user name and no password is ever told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from uru_mcp.settings import read_environment
from uru_mcp.variables import is_loopback

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
SOCKS = ("socks5", "socks5h")
SYSTEM = "the system's settings"


@dataclass(frozen=True, slots=True)
class Proxy:
    """`variable` is where it is set, and `address` its host and port."""

    variable: str
    scheme: str
    address: str

    def __str__(self) -> str:
        return f"the proxy of {self.variable} ({self.address})"


def proxy_for(url: str) -> Proxy | None:
    """The proxy that requests to this address go through; None where there is none, as for this machine itself."""
    parts = urlsplit(url)
    host, proxies = parts.hostname or "", getproxies()
    kind = parts.scheme if proxies.get(parts.scheme) else "all"
    stated = proxies.get(kind)
    if not stated or is_loopback(host) or proxy_bypass(host):
        return None
    scheme, _, rest = stated.rpartition("://")
    address = rest.rpartition("@")[2].split("/")[0]  # a password may hold anything, a slash included
    return Proxy(_variable(kind, read_environment()), scheme.lower() or "http", address[:100])


def certificates(*, missing: bool) -> tuple[str, ...]:
    """The variables that name certificates, all or the unreadable ones, such as `SSL_CERT_FILE (/company.pem)`."""
    environ = read_environment()
    named = {name: environ[name] for name in CERTIFICATES if environ.get(name)}
    return tuple(
        f"{name} ({path[:200]})" for name, path in named.items() if not missing or not _is_readable(name, path)
    )


def _is_readable(name: str, path: str) -> bool:
    try:
        if name == "SSL_CERT_DIR":
            return all(Path(one).is_dir() for one in path.split(":"))
        with Path(path).open("rb") as file:
            return bool(file.read(1))
    except (OSError, ValueError):
        return False


def _variable(kind: str, environ: Mapping[str, str]) -> str:
    name = f"{kind}_proxy"
    return next((one for one in (name, *environ) if one.lower() == name and environ.get(one)), SYSTEM)
