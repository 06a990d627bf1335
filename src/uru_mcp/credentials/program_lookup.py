"""Programs that are not ours and that we start: where one lies, and the directory to start it in.

The working directory is the client's, often a project that somebody else wrote. Nothing is looked for there, and no
program is started there, since many programs read code or settings from their working directory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Only an administrator may write here; on Windows, only who may change this installation.
NEUTRAL_DIRECTORY = Path(sys.prefix) if sys.platform == "win32" else Path("/")
ENDINGS = ("", ".exe", ".com") if sys.platform == "win32" else ("",)


def find_program(name: str, path: str | None) -> str | None:
    """The absolute path of a program, or None where there is none. `path` is the value of PATH.

    A name with a directory is taken only when it is absolute, and of PATH only the absolute elements count: `.` and an
    empty element mean the working directory. `shutil.which` looks there, and so does Windows before all others.
    """
    if Path(name).name != name:
        return name if Path(name).is_absolute() and is_program(Path(name)) else None
    directories = [Path(element.strip('"')) for element in (path or os.defpath).split(os.pathsep) if element]
    files = (directory / (name + ending) for directory in directories if directory.is_absolute() for ending in ENDINGS)
    return next((str(file) for file in files if is_program(file)), None)


def is_program(file: Path) -> bool:
    """Whether it is a file that this user may run."""
    try:
        return file.is_file() and os.access(file, os.X_OK)
    except (OSError, ValueError):
        return False
