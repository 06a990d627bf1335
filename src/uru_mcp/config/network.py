"""Describes the proxy and CA certificate settings of the environment, for diagnostics.

`httpx2` and OpenSSL decide which of them apply, from the same variables; this module only names them. It never shows
the user name or password of a proxy URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from uru_mcp.config.environment import read_environment
from uru_mcp.config.parsing import is_loopback
from uru_mcp.messages import report_messages

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
SOCKS = ("socks5", "socks5h")
SCHEMES = ("http", "https", *SOCKS)
SYSTEM = report_messages.SYSTEM_SETTINGS


class Proxy(NamedTuple):
    """A configured proxy. `variable` is where it is set, and `address` is its host and port.

    `has_login` is whether a user name or a password is given with it.
    """

    variable: str
    scheme: str
    address: str
    has_login: bool = False

    def __str__(self) -> str:
        return report_messages.PROXY_OF.format(variable=self.variable, address=self.address)

    @property
    def fault(self) -> str | None:
        """Why this proxy cannot work, as far as its address shows; None if the address is valid."""
        if self.scheme not in SCHEMES:
            return report_messages.WITH_SCHEME.format(scheme=self.scheme[:20])
        try:
            parts = urlsplit(f"//{self.address}")
            is_possible = bool((parts.hostname or "").strip().encode("idna")) and parts.port != 0
        except ValueError:  # a port above 65535, or an invalid host name
            is_possible = False
        return None if is_possible else report_messages.WITH_HOST_AND_PORT


def are_proxies_set() -> bool:
    """Whether there are any proxy settings, of the environment or of the system."""
    return bool(getproxies())


def proxy_for(url: str) -> Proxy | None:
    """The proxy for requests to this URL; None if there is none, as for loopback addresses."""
    parts = urlsplit(url)
    host, proxies = parts.hostname or "", getproxies()
    kind = parts.scheme if proxies.get(parts.scheme) else "all"
    stated = proxies.get(kind)
    if not stated or is_loopback(host) or proxy_bypass(host):
        return None
    scheme, _, rest = stated.rpartition("://")
    login, _, place = rest.rpartition("@")  # a password may contain any character, even a slash
    address = place.split("/")[0][:100]
    return Proxy(_variable(kind, read_environment()), scheme.lower() or "http", address, has_login=bool(login))


def certificates(*, missing: bool) -> tuple[str, ...]:
    """The variables that name certificates, such as `SSL_CERT_FILE (/company.pem)`: those that cannot be read if
    `missing`, otherwise the one that takes precedence."""
    environ = read_environment()
    named = {name: environ[name] for name in CERTIFICATES if environ.get(name)}
    found = [name for name, path in named.items() if not _is_readable(name, path)] if missing else list(named)[:1]
    return tuple(f"{name} ({named[name][:200]})" for name in found)


def require_usable_proxy(url: str) -> None:
    """Raises: `ValueError` if requests to this URL go through a proxy whose address is invalid."""
    proxy = proxy_for(url)
    if proxy is not None and proxy.fault is not None:
        raise ValueError(proxy.fault)


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
