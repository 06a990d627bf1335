"""Finds external programs on the PATH and a safe working directory to start them in.

The client chooses the working directory, often an untrusted project. It is neither searched for programs nor used to
start them, since many programs read code or settings from their working directory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Writable only by an administrator; on Windows, only by users who may change this installation.
NEUTRAL_DIRECTORY = Path(sys.prefix) if sys.platform == "win32" else Path("/")
ENDINGS = ("", ".exe", ".com") if sys.platform == "win32" else ("",)


def find_program(name: str, path: str | None) -> str | None:
    """The absolute path of a program, or None if there is none. `path` is the value of PATH.

    A name with a directory must be absolute, and only absolute elements of PATH are searched: `.` and an empty element
    mean the working directory. `shutil.which` searches that too, and Windows even searches it first.
    """
    if Path(name).name != name:
        return name if Path(name).is_absolute() and is_program(Path(name)) else None
    directories = [Path(element.strip('"')) for element in (path or os.defpath).split(os.pathsep) if element]
    files = (directory / (name + ending) for directory in directories if directory.is_absolute() for ending in ENDINGS)
    return next((str(file) for file in files if is_program(file)), None)


def is_program(file: Path) -> bool:
    """Whether it is a file that this user may execute."""
    try:
        return file.is_file() and os.access(file, os.X_OK)
    except (OSError, ValueError):
        return False
