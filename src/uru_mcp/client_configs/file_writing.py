"""Files that belong to the user: written whole or not at all, with a copy of what was there before.

A link that the user made stays a link, and what it leads to is written; see `safe_directory.py` for links of others. A
file keeps its mode; a new one, and every copy, is for its owner alone, since configurations hold keys. It keeps its
owner too, and a new one gets its directory's, so that nobody is locked out of his own file by `sudo`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from uru_mcp.client_configs.safe_directory import OWNER_ALONE, Directory, opened, unused_name
from uru_mcp.errors import ConfigurationError

BACKUP = ".uru-mcp-backup"
PERMISSION_BITS = 0o777
OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def read(path: Path) -> bytes:
    """What a file holds. Raises: `ConfigurationError`; FileNotFoundError where there is none."""
    try:
        with opened(path) as (directory, name):
            return directory.read(name)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    except OSError as error:
        fix = "Let the user that you are read it, and try again."
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", fix=fix) from error


def backups_of(path: Path) -> list[Path]:
    """The copies of this file that were made, newest first: `….uru-mcp-backup-2`, `….uru-mcp-backup`.

    Raises: `ConfigurationError`.
    """
    with _writing(path), suppress(FileNotFoundError), opened(path, follow=False) as (directory, _):
        return [
            path.with_name(name) for _, name in reversed(_numbered(directory, path.name)) if _is_copy(directory, name)
        ]
    return []


def keep(path: Path, data: bytes) -> Path:
    """A copy of what the file holds; an earlier copy is never changed, and one that says the same serves again.

    Only a file of the same owner that nobody else may open is taken for an earlier copy.

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
    """Replace the file's content in one step, and its mode when one is given. Missing directories are made.

    Raises: `ConfigurationError`, and then the file is as it was.
    """
    with replacing(path, data, mode=mode):
        pass


@contextmanager
def replacing(path: Path, data: bytes, *, mode: int | None = None) -> Iterator[None]:
    """The same, at the end of a block that is entered only once the content is on the disk, beside the file.

    Raises: `ConfigurationError`, and what the block raises; then the file is as it was.
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
    """Whether other users of this machine may read the file, as far as its mode tells; on Windows it tells nothing."""
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
    """Whose file it is, or None where there is none."""
    with _writing(path), suppress(FileNotFoundError), opened(path) as (directory, name):
        return directory.look(name)
    return None


def _numbered(directory: Directory, name: str) -> list[tuple[int, str]]:
    """What has the name of a copy of this file, from the first on; whether it is one is another question."""
    pattern = re.compile(re.escape(name + BACKUP) + r"(?:-([1-9][0-9]*))?", re.ASCII)
    named = ((pattern.fullmatch(one), one) for one in directory.names())
    return sorted((int(found[1] or 1), one) for found, one in named if found)


def _is_copy(directory: Directory, name: str, *, of: os.stat_result | None = None) -> bool:
    """Whether it is a file and no link; with `of`, one of this owner that has no other name and is for him alone."""
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
        message = f"{path} cannot be written: {error.strerror}. It is as it was."
        fix = "Let the user that you are write there, and try again."
        raise ConfigurationError(message, fix=fix) from error
