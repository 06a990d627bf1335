"""Opens a user's directory without following untrusted links, to read or replace files in it safely under `sudo`.

With `sudo`, root may work in the home directory of another user, who could create a link there, even between a check
and a write. So each part of a path is opened separately, relative to the previous one, and a link is followed only if
the link and its directory belong to root or to the current user. All operations are relative to the open directory. On
Windows this does not apply, and paths are used as they are.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.errors import ConfigurationError

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# O_PATH: some directories can be traversed by all users but listed only by their owner.
PASS = NO_FOLLOW | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
READ = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)  # so that a pipe does not block
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW

OWNER_ALONE = 0o600
DIRECTORY_MODE = 0o700
MOST_LINKS = 40  # the limit of Linux
IS_POSIX = sys.platform != "win32"


@dataclass(frozen=True, slots=True)
class Directory:
    """An open directory; `file` is None on Windows. Names are of files directly in it, and links are not followed."""

    path: Path
    file: int | None

    def look(self, name: str) -> os.stat_result | None:
        """The status of this name, for a link that of the link itself; None if it does not exist."""
        try:
            return os.stat(self._at(name), dir_fd=self.file, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        if self.file is None:
            return os.listdir(self.path)  # noqa: PTH208  # as below
        opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW, dir_fd=self.file)
        try:
            return os.listdir(opened)  # noqa: PTH208  # pathlib does not support open directories
        finally:
            os.close(opened)

    def read(self, name: str) -> bytes:
        """Raises: OSError, also if it is not a regular file."""
        with os.fdopen(os.open(self._at(name), READ, dir_fd=self.file), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "Not a file")
            return file.read()

    def create(self, name: str, data: bytes, *, like: os.stat_result, mode: int) -> None:
        """Create a new file and sync it to disk, with this mode and the owner of `like`."""
        with os.fdopen(os.open(self._at(name), CREATE, OWNER_ALONE, dir_fd=self.file), "wb") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                _give(file.fileno(), like)
                if IS_POSIX:
                    os.fchmod(file.fileno(), mode)
            except BaseException:
                self.remove(name)
                raise

    def replace(self, name: str, target: str) -> None:
        """Rename a file over another. If the target is a link, the link itself is replaced."""
        os.replace(self._at(name), self._at(target), src_dir_fd=self.file, dst_dir_fd=self.file)

    def remove(self, name: str) -> None:
        try:
            os.unlink(self._at(name), dir_fd=self.file)
        except FileNotFoundError:
            return

    def owner(self) -> os.stat_result:
        return os.stat(self.path) if self.file is None else os.fstat(self.file)  # noqa: PTH116  # either of the two

    def _at(self, name: str) -> str:
        return str(self.path / name) if self.file is None else name


def unused_name(name: str) -> str:
    """A name for a hidden temporary file beside this one."""
    return f".{name}.{secrets.token_hex(4)}"


@contextmanager
def opened(path: Path, *, make: bool = False, follow: bool = True) -> Iterator[tuple[Directory, str]]:
    """Open the directory of the file that a path refers to; yields it and the file's name in it.

    With `make`, missing directories are created, private to the owner of their parent directory. Without `follow`, a
    link as the last part of the path is not followed.

    Raises: OSError; `ConfigurationError` for an untrusted link.
    """
    if not IS_POSIX:
        target = path.resolve() if follow else path.parent.resolve() / path.name
        if make:
            target.parent.mkdir(parents=True, exist_ok=True)
        yield Directory(target.parent, None), target.name
        return
    with ExitStack() as stack:
        walk = _Walk(stack, make=make, follow=follow)
        yield walk.to(Path(os.path.abspath(path)))  # noqa: PTH100  # `..` is resolved as written, before links


class _Walk:
    """Walks a path from the root and opens each directory separately."""

    def __init__(self, stack: ExitStack, *, make: bool, follow: bool) -> None:
        self._stack = stack
        self._make, self._follow = make, follow
        self._links = 0

    def to(self, path: Path) -> tuple[Directory, str]:
        here = self._root()
        ahead = list(reversed(path.parts[1:]))
        while ahead:
            name = ahead.pop()
            link = self._link(here, name) if ahead or self._follow else None
            if link is not None:
                here = self._root() if link.is_absolute() else here
                ahead += reversed([part for part in link.parts if part != link.anchor])
            elif ahead:
                here = self._inside(here, name)
            else:
                return here, name
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _root(self) -> Directory:
        return self._opened(Path("/"), os.open("/", PASS))

    def _opened(self, path: Path, file: int) -> Directory:
        self._stack.callback(os.close, file)
        return Directory(path, file)

    def _inside(self, here: Directory, name: str) -> Directory:
        try:
            return self._opened(here.path / name, os.open(name, PASS, dir_fd=here.file))
        except FileNotFoundError:
            if not self._make:
                raise
        os.mkdir(name, DIRECTORY_MODE, dir_fd=here.file)
        made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW, dir_fd=here.file)
        directory = self._opened(here.path / name, made)
        if os.fstat(made).st_uid == os.geteuid() and not os.listdir(made):  # noqa: PTH208  # it is the directory just created
            _give(made, here.owner())
        return directory

    def _link(self, here: Directory, name: str) -> Path | None:
        """The target of the link with this name, or None if it is not a link.

        Raises: `ConfigurationError` if another user could have created it.
        """
        found = here.look(name)
        if found is None or not stat.S_ISLNK(found.st_mode):
            return None
        self._links += 1
        if self._links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        trusted = {os.geteuid(), Path("/").stat().st_uid}  # root, also where a namespace gives it another number
        if not {found.st_uid, here.owner().st_uid} <= trusted:
            message = (
                f"{here.path / name} is a link that another user controls, and was not followed. Nothing was written."
            )
            raise ConfigurationError(message, fix="Run this as the user whose configuration it is, without sudo.")
        return Path(os.readlink(name, dir_fd=here.file))  # relative to the open directory


def _give(file: int, known: os.stat_result) -> None:
    """If running as root, give the file the owner of `known`."""
    if IS_POSIX and os.geteuid() == 0:
        os.fchown(file, known.st_uid, known.st_gid)
