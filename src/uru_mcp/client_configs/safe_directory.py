"""A directory of a person's, held open while a file in it is read or replaced.

`sudo` may let root work in the home of another user, who could plant a link there, or put one in a path's way between
a look and a write. So every part of a path is opened by itself, relative to the one before, and a link is followed only
where it and its directory belong to root or to the user who runs this. What is done in a directory is done relative to
the open one. On Windows there is no such user, and paths are used as they are.
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
# O_PATH: some directories may be passed through by all and listed by their owner alone.
PASS = NO_FOLLOW | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
READ = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)  # which a pipe would otherwise hold up
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW

OWNER_ALONE = 0o600
DIRECTORY_MODE = 0o700
MOST_LINKS = 40  # as Linux has it
IS_POSIX = sys.platform != "win32"


@dataclass(frozen=True, slots=True)
class Directory:
    """An open directory; `file` is None on Windows. All names are of files directly in it, and no link is followed."""

    path: Path
    file: int | None

    def look(self, name: str) -> os.stat_result | None:
        """What has this name, a link itself included."""
        try:
            return os.stat(self._at(name), dir_fd=self.file, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        if self.file is None:
            return os.listdir(self.path)  # noqa: PTH208  # as below
        opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY | NO_FOLLOW, dir_fd=self.file)
        try:
            return os.listdir(opened)  # noqa: PTH208  # a Path knows no open directory
        finally:
            os.close(opened)

    def read(self, name: str) -> bytes:
        """Raises: OSError, also of what is no file."""
        with os.fdopen(os.open(self._at(name), READ, dir_fd=self.file), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "Not a file")
            return file.read()

    def create(self, name: str, data: bytes, *, like: os.stat_result, mode: int) -> None:
        """Make a file that is not there yet, on the disk, with this mode and the owner that `like` has."""
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
        """Give one file the name of another. A link of that name is replaced, and what it leads to is not."""
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
    """A hidden name beside this one, for what is not finished yet."""
    return f".{name}.{secrets.token_hex(4)}"


@contextmanager
def opened(path: Path, *, make: bool = False, follow: bool = True) -> Iterator[tuple[Directory, str]]:
    """The directory that holds the file which a path leads to, and the file's name in it.

    With `make`, missing directories are made, each for its owner alone and for the owner of the one around it. Without
    `follow`, the directory is the one that the path itself names, also where the file is a link.

    Raises: OSError; `ConfigurationError` for a link that is not followed.
    """
    if not IS_POSIX:
        target = path.resolve() if follow else path.parent.resolve() / path.name
        if make:
            target.parent.mkdir(parents=True, exist_ok=True)
        yield Directory(target.parent, None), target.name
        return
    with ExitStack() as stack:
        walk = _Walk(stack, make=make, follow=follow)
        yield walk.to(Path(os.path.abspath(path)))  # noqa: PTH100  # `..` is taken as written, before links are known


class _Walk:
    """A walk from the root along a path, with each directory on the way opened by itself."""

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
        if os.fstat(made).st_uid == os.geteuid() and not os.listdir(made):  # noqa: PTH208  # it is the one just made
            _give(made, here.owner())
        return directory

    def _link(self, here: Directory, name: str) -> Path | None:
        """Where a link of this name leads, or None of what is no link.

        Raises: `ConfigurationError` when another user could have put it there.
        """
        found = here.look(name)
        if found is None or not stat.S_ISLNK(found.st_mode):
            return None
        self._links += 1
        if self._links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        trusted = {os.geteuid(), Path("/").stat().st_uid}  # root, also where a namespace gives it another number
        if not {found.st_uid, here.owner().st_uid} <= trusted:
            message = f"{here.path / name} is a link of another user, and was not followed. Nothing was written."
            raise ConfigurationError(message, fix="Run this as the user whose configuration it is, without sudo.")
        return Path(os.readlink(name, dir_fd=here.file))  # relative to the open directory


def _give(file: int, known: os.stat_result) -> None:
    """Let what root has made belong to whom `known` belongs."""
    if IS_POSIX and os.geteuid() == 0:
        os.fchown(file, known.st_uid, known.st_gid)
