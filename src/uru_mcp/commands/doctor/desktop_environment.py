"""Computes the environment in which a client starts a server, which is not that of a terminal.

A desktop program has a short PATH and none of the shell's variables. A client in a terminal has those of the terminal,
of which the `URU_*` variables are left out all the same, since another terminal may not set them.
"""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.commands.client_configs.known_clients import Inherited
from uru_mcp.config.settings import PREFIX

SHORT_PATHS = {  # Source: launchd's default, and systemd's for the services of a user
    "darwin": "/usr/bin:/bin:/usr/sbin:/sbin",
    "linux": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
OF_THE_SESSION = frozenset(  # what the desktop session sets for each program
    {
        *("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "DISPLAY", "WAYLAND_DISPLAY"),
        *("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "TEMP", "TMP", "COMSPEC"),
        *("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
    }
)
CERTIFICATE = "SSL_CERT_FILE"
NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", CERTIFICATE, "SSL_CERT_DIR")


def environment_for(
    inherited: Inherited, env: Mapping[str, str], environ: Mapping[str, str], platform: str
) -> dict[str, str]:
    """What a client gives a server that inherits this and whose entry sets `env`. `environ` is that of this terminal.

    Windows keeps its variables per user and not per shell, so there only `URU_*` and network variables are left out.
    """
    base = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    if inherited != "terminal":
        kept = {CERTIFICATE: base[CERTIFICATE]} if inherited == "path" and CERTIFICATE in base else {}
        base = {name: value for name, value in base.items() if not is_network(name)}
        if platform != "win32":
            base = {name: value for name, value in base.items() if is_of_session(name)}
        base |= kept
    if inherited == "desktop" and platform != "win32":
        base["PATH"] = SHORT_PATHS.get(platform, SHORT_PATHS["linux"])
    return {**base, **env}


def is_of_session(name: str) -> bool:
    """Whether it is a variable of the system or of the desktop session, and none that changes what Python imports."""
    return name in OF_THE_SESSION or name.startswith("LC_")


def is_network(name: str) -> bool:
    """Whether a variable selects a proxy or certificates; the names of proxies may be in lower case."""
    return name.upper() in NETWORK


def network_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies and certificates of an environment."""
    return {name: value for name, value in environ.items() if is_network(name) and value.strip()}
