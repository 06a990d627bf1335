"""What determines where clients keep their configurations on a machine. It never reads a file."""

from __future__ import annotations

import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.config.policy_file import INSTALLED, PolicyFile


@dataclass(frozen=True, slots=True)
class SystemFiles:
    """Where the files of an administrator are: the policy, and below `root`, the managed configurations of clients.

    Only tests have other places.
    """

    policy: PolicyFile = INSTALLED
    root: Path = Path("C:/" if sys.platform == "win32" else "/")


@dataclass(frozen=True, slots=True)
class Machine:
    """`sys.platform`, the home directory, the environment, and the places of an administrator's files."""

    platform: str
    home: Path
    environ: Mapping[str, str]
    system: SystemFiles = SystemFiles()

    def directory(self, variable: str, otherwise: str) -> Path:
        """The value of a variable if it is an absolute path, otherwise a directory in the home directory."""
        return self.named(variable) or self.home / otherwise

    def named(self, variable: str) -> Path | None:
        """The value of a variable if it is an absolute path."""
        named = Path(self.environ.get(variable, "").strip())
        return named if named.is_absolute() else None

    @property
    def programs(self) -> Path:
        """The directory for application settings, as Electron defines it."""
        if self.platform == "win32":
            return self.directory("APPDATA", "AppData/Roaming")
        if self.platform == "darwin":
            return self.home / "Library/Application Support"
        return self.settings

    @property
    def settings(self) -> Path:
        """The directory for settings that command line programs use on every system."""
        return self.directory("XDG_CONFIG_HOME", ".config")


def first_there(*paths: Path) -> Path:
    """The first of these files that exists, otherwise the first."""
    return next((path for path in paths if is_there(path)), paths[0])


def is_there(path: Path) -> bool:
    """Whether the file exists or may exist; if it cannot be seen, reading it will show why."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
