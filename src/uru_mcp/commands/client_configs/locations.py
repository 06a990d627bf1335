"""Locates the configuration files of MCP clients on each platform. It never reads a file."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client


@dataclass(frozen=True, slots=True)
class Configuration:
    """A client, and the file that lists its servers."""

    client: Client
    path: Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What determines the locations: `sys.platform`, the home directory, and the environment."""

    platform: str
    home: Path
    environ: Mapping[str, str]

    def directory(self, variable: str, otherwise: str) -> Path:
        """The value of a variable if it is an absolute path, otherwise a directory in the home directory."""
        named = Path(self.environ.get(variable, ""))
        return named if named.is_absolute() else self.home / otherwise

    @property
    def programs(self) -> Path:
        """The directory for application settings, as Electron defines it."""
        if self.platform == "win32":
            return self.directory("APPDATA", "AppData/Roaming")
        if self.platform == "darwin":
            return self.home / "Library/Application Support"
        return self.directory("XDG_CONFIG_HOME", ".config")


def configurations(platform: str, home: Path, environ: Mapping[str, str]) -> list[Configuration]:
    """The configurations of known clients that exist on this machine, in the order of `CLIENTS`."""
    everywhere = [configuration(client, platform, home, environ) for client in CLIENTS.values()]
    return [one for one in everywhere if is_there(one.path)]


def is_there(path: Path) -> bool:
    """Whether the file exists or may exist; if it cannot be seen, reading it will show why."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def configuration(client: Client, platform: str, home: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration file of this client on this machine, even if it does not exist."""
    machine = Machine(platform, home, environ)
    return Configuration(client, _PLACES[client.name](machine))


def _claude_desktop(machine: Machine) -> Path:
    """A build from the Store sees only its package's copy of `%APPDATA%`. Source: anthropics/claude-code#26073."""
    usual = machine.programs / "Claude"
    if machine.platform != "win32":
        return usual / "claude_desktop_config.json"
    packages = machine.directory("LOCALAPPDATA", "AppData/Local") / "Packages"
    stores = [package / "LocalCache/Roaming/Claude" for package in packages.glob("Claude_*") if package.is_dir()]
    files = [directory / "claude_desktop_config.json" for directory in [*sorted(stores), usual]]
    return next((file for file in files[:-1] if is_there(file)), files[0])


def _claude_code(machine: Machine) -> Path:
    return machine.directory("CLAUDE_CONFIG_DIR", "") / ".claude.json"


def _cursor(machine: Machine) -> Path:
    return machine.home / ".cursor/mcp.json"


def _vscode(machine: Machine) -> Path:
    return machine.programs / "Code/User/mcp.json"


def _windsurf(machine: Machine) -> Path:
    return machine.home / ".codeium/windsurf/mcp_config.json"


def _zed(machine: Machine) -> Path:
    if machine.platform == "win32":
        return machine.programs / "Zed/settings.json"
    if machine.platform == "darwin":
        return machine.home / ".config/zed/settings.json"
    return machine.directory("XDG_CONFIG_HOME", ".config") / "zed/settings.json"


_PLACES = {
    "claude-desktop": _claude_desktop,
    "claude-code": _claude_code,
    "cursor": _cursor,
    "vscode": _vscode,
    "windsurf": _windsurf,
    "zed": _zed,
}
