"""Files that belong to the user: written whole or not at all, with a copy of what was there before.

A link stays a link, and what it leads to is written. A file keeps its mode; a new one, and every copy, is for its
owner alone, since configurations hold keys. It keeps its owner too, and a new one gets its directory's, so that nobody
is locked out of his own file by `sudo`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uru_mcp.clients.places import is_there
from uru_mcp.errors import ConfigurationError

BACKUP = ".uru-mcp-backup"
OWNER_ALONE = 0o600
OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def backups_of(path: Path) -> list[Path]:
    """The copies of this file that were made, newest first: `….uru-mcp-backup-2`, `….uru-mcp-backup`."""
    named = [(number, one) for one in path.parent.glob("*") if (number := _number(path, one))]
    return [one for _, one in sorted(named, reverse=True) if is_there(one)]


def keep(path: Path, data: bytes) -> Path:
    """A copy of what the file holds; an earlier copy is never changed, and one that says the same serves again.

    Raises: `ConfigurationError`.
    """
    backups = backups_of(path)
    for backup in backups:
        with _writing(backup):
            if backup.read_bytes() == data:
                return backup
    number = _number(path, backups[0]) + 1 if backups else 1
    new = path.with_name(path.name + BACKUP + (f"-{number}" if number > 1 else ""))
    write(new, data, mode=OWNER_ALONE)
    return new


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
    with _writing(path):
        target = path.resolve()
        unfinished = _written_beside(target, data, mode)
    try:
        yield
        with _writing(path):
            unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Raises: `ConfigurationError`."""
    with _writing(path):
        path.resolve().unlink(missing_ok=True)


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read the file, as far as its mode tells; on Windows it tells nothing."""
    return os.name != "nt" and bool(path.stat().st_mode & OPEN_TO_OTHERS)


def _written_beside(target: Path, data: bytes, mode: int | None) -> Path:
    _make_directory(target.parent)
    known = target.stat() if target.exists() else None
    if mode is None:
        mode = stat.S_IMODE(known.st_mode) if known else OWNER_ALONE
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            _give(file.fileno(), known or target.parent.stat())
        unfinished.chmod(mode)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def _make_directory(path: Path) -> None:
    """With those that it is to be in, each for the owner of the one around it."""
    if not path.is_dir():
        _make_directory(path.parent)
        path.mkdir(mode=0o700)
        _give(path, path.parent.stat())


def _give(file: int | Path, known: os.stat_result) -> None:
    """Let a file that root has made belong to whom `known` belongs."""
    if sys.platform != "win32" and os.geteuid() == 0:
        os.chown(file, known.st_uid, known.st_gid)


def _number(path: Path, backup: Path) -> int:
    """Which copy of the file it is, from 1; 0 when it is none."""
    found = re.fullmatch(re.escape(path.name + BACKUP) + r"(?:-([1-9][0-9]*))?", backup.name, re.ASCII)
    return int(found[1] or 1) if found else 0


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. It is as it was."
        fix = "Let the user that you are write there, and try again."
        raise ConfigurationError(message, fix=fix) from error
