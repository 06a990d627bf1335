"""Reads and writes the user's files: atomic writes, backups, and unchanged modes and owners.

A link of the user's stays a link, and its target is written; see `safe_directory.py` for links of other users. A file
keeps its mode and owner. New files and backups are private to their owner, since configurations contain keys. A new
file gets the owner of its directory, so that `sudo` does not lock users out of their own files.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from uru_mcp.commands.client_configs.safe_directory import OWNER_ALONE, Directory, opened, unused_name
from uru_mcp.errors import ConfigurationError

BACKUP = ".uru-mcp-backup"
PERMISSION_BITS = 0o777
OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def read(path: Path) -> bytes:
    """The content of a file. Raises: `ConfigurationError`; FileNotFoundError if it does not exist."""
    try:
        with opened(path) as (directory, name):
            return directory.read(name)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    except OSError as error:
        fix = "Give yourself permission to read it, and try again."
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", fix=fix) from error


def backups_of(path: Path) -> list[Path]:
    """The backups of this file, newest first: `….uru-mcp-backup-2`, `….uru-mcp-backup`.

    Raises: `ConfigurationError`.
    """
    with _writing(path), suppress(FileNotFoundError), opened(path, follow=False) as (directory, _):
        return [
            path.with_name(name) for _, name in reversed(_numbered(directory, path.name)) if _is_copy(directory, name)
        ]
    return []


def keep(path: Path, data: bytes) -> Path:
    """Back up the file's content and return the backup's path. An existing backup is never changed; one with the same
    content is reused.

    Only a private file of the same owner counts as an existing backup.

    Raises: `ConfigurationError`.
    """
    owner = _owner(path)
    first = path.with_name(path.name + BACKUP)
    with _writing(first), opened(first, make=True, follow=False) as (directory, _):
        owner = owner or directory.owner()
        known = _numbered(directory, path.name)
        for _, name in reversed(known):
            if _is_copy(directory, name, of=owner) and directory.read(name) == data:
                return path.with_name(name)
        number = known[-1][0] + 1 if known else 1
        new = first.name + (f"-{number}" if number > 1 else "")
        directory.create(new, data, like=owner, mode=OWNER_ALONE)
        return path.with_name(new)


def write(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace the file's content atomically, and its mode if one is given. Missing directories are created.

    Raises: `ConfigurationError`; the file is then unchanged.
    """
    with replacing(path, data, mode=mode):
        pass


@contextmanager
def replacing(path: Path, data: bytes, *, mode: int | None = None) -> Iterator[None]:
    """Like `write`, at the end of a block that is entered once the new content is on disk in a temporary file.

    Raises: `ConfigurationError`, and what the block raises; the file is then unchanged.
    """
    with ExitStack() as stack:
        with _writing(path):
            directory, name = stack.enter_context(opened(path, make=True))
            unfinished = _written_beside(directory, name, data, mode)
        try:
            yield
            with _writing(path):
                directory.replace(unfinished, name)
        except BaseException:
            directory.remove(unfinished)
            raise


def remove(path: Path) -> None:
    """Raises: `ConfigurationError`."""
    with _writing(path), opened(path) as (directory, name):
        directory.remove(name)


def is_open_to_others(path: Path) -> bool:
    """Whether the file's mode lets other users of this machine read it; always False on Windows."""
    return os.name != "nt" and bool(path.stat().st_mode & OPEN_TO_OTHERS)


def _written_beside(directory: Directory, name: str, data: bytes, mode: int | None) -> str:
    known = directory.look(name)
    if known is not None and not stat.S_ISREG(known.st_mode):
        raise OSError(errno.EINVAL, "Not a file")
    if mode is None:
        mode = known.st_mode & PERMISSION_BITS if known else OWNER_ALONE
    unfinished = unused_name(name)
    directory.create(unfinished, data, like=known or directory.owner(), mode=mode)
    return unfinished


def _owner(path: Path) -> os.stat_result | None:
    """The status of the file, with its owner, or None if it does not exist."""
    with _writing(path), suppress(FileNotFoundError), opened(path) as (directory, name):
        return directory.look(name)
    return None


def _numbered(directory: Directory, name: str) -> list[tuple[int, str]]:
    """The names that look like backups of this file, oldest first; they may be something else."""
    pattern = re.compile(re.escape(name + BACKUP) + r"(?:-([1-9][0-9]*))?", re.ASCII)
    named = ((pattern.fullmatch(one), one) for one in directory.names())
    return sorted((int(found[1] or 1), one) for found, one in named if found)


def _is_copy(directory: Directory, name: str, *, of: os.stat_result | None = None) -> bool:
    """Whether it is a regular file; with `of`, also one of this owner, private, and without other hard links."""
    found = directory.look(name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    if of is None or os.name == "nt":
        return True
    owner = of.st_uid if os.geteuid() == 0 else os.geteuid()
    return found.st_uid == owner and found.st_nlink == 1 and not found.st_mode & ~OWNER_ALONE & PERMISSION_BITS


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. It was not changed."
        fix = "Give yourself permission to write there, and try again."
        raise ConfigurationError(message, fix=fix) from error
