"""Computes the proxy and certificate variables of a server entry, since a desktop program does not see the shell's.

Without them, a key that was accepted in this terminal could not be used by the client.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from uru_mcp.config.parsing import is_loopback

PROXIES = ("HTTPS_PROXY", "ALL_PROXY")
EXCEPTIONS = "NO_PROXY"
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
NAMES = (*PROXIES, EXCEPTIONS, *(name.lower() for name in (*PROXIES, EXCEPTIONS)), *CERTIFICATES)


def network_variables(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """The variables of this terminal that connections to this URL depend on and that a configuration may contain."""
    return {name: value for name, value in _given(environ, url).items() if not holds_password(value)}


def with_password(environ: Mapping[str, str], url: str) -> list[str]:
    """Those that are not written to a configuration, since they contain a password."""
    return [name for name, value in _given(environ, url).items() if holds_password(value)]


def unneeded(environ: Mapping[str, str], url: str) -> list[str]:
    """Those that are set, but on which no connection to an address of this machine depends."""
    if _is_elsewhere(url):
        return []
    return [name for one in (*PROXIES, EXCEPTIONS, *CERTIFICATES) for name, _ in _variable(environ, one)]


def holds_password(value: str) -> bool:
    """Whether a proxy's address contains a user name or password."""
    return "@" in value


def _given(environ: Mapping[str, str], url: str) -> dict[str, str]:
    if not _is_elsewhere(url):
        return {}
    proxies = {name: value for one in PROXIES for name, value in _variable(environ, one)}
    exceptions = dict(_variable(environ, EXCEPTIONS)) if proxies else {}
    certificates = {one: _absolute(value) for one in CERTIFICATES for _, value in _variable(environ, one)}
    return {**proxies, **exceptions, **certificates}


def _is_elsewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and not is_loopback(parts.hostname or "")
    except ValueError:  # the settings say what is wrong with it
        return False


def _variable(environ: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    """The variable and its value, if it is set. Names of proxies may be in lower case, which then counts."""
    names = (name,) if name in CERTIFICATES else (name.lower(), name)
    return [(one, environ[one].strip()) for one in names if environ.get(one, "").strip()][:1]


def _absolute(paths: str) -> str:
    """A path, or several as in PATH, valid in each directory."""
    return os.pathsep.join(str(Path(one).absolute()) for one in paths.split(os.pathsep) if one)
