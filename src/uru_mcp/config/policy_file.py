"""Reads the administrator's policy file, and only where nobody but an administrator can have written it.

The path is fixed: no variable, argument or home directory of a user leads to another one. On POSIX, each directory on
the way is opened relative to the one before, no link is followed, and owner and mode are those of what was opened. A
POSIX ACL that lets others write shows in the mode, as its mask; ACLs of macOS and of NFSv4 do not, and are not checked.

On Windows, owners and access control lists are those of what is held open (`windows_security.py`).

This module knows nothing of what the file says, and imports little: the start of the server asks it first.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import ExitStack
from typing import NamedTuple

from uru_mcp.messages import policy_messages

ADMINISTRATOR = 0  # the user id of root
NOBODY = 65534  # the user id that Linux shows for an owner whom a user namespace or a network file system lacks
LIMIT = 64 * 1024  # bytes
WINDOWS_ADMINISTRATORS = frozenset(
    {
        "S-1-5-32-544",  # the group of administrators
        "S-1-5-18",  # the system itself
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # its installer of updates
    }
)
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# O_PATH: some directories can be traversed by all users but listed only by their owner.
DIRECTORY = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
FILE = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # a pipe does not block


class Untrusted(Exception):
    """There is, or may be, a policy that cannot be trusted. `why` completes “… cannot be used: ”, `fix` “ask … to ”."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


class PolicyFile(NamedTuple):
    """A place for a policy: the `names` of directories and a file below `start`, all of which `owner` must own.

    Only tests have another place than `INSTALLED`.
    """

    start: str
    names: tuple[str, ...]
    owner: int = ADMINISTRATOR

    @property
    def path(self) -> str:
        return os.path.join(self.start, *self.names)  # noqa: PTH118  # pathlib is not imported at the start

    def is_certainly_absent(self) -> bool:
        """Whether not even the directory of the file exists; one look, which every start takes."""
        return isinstance(_looked_at(os.path.dirname(self.path)), FileNotFoundError)  # noqa: PTH120

    def mark(self) -> object:
        """A value that changes with the file, and with the owner or mode of a directory on the way to it."""
        if self.is_certainly_absent():
            return None
        found: list[object] = []
        for place in self._places():
            seen = _looked_at(place)
            if isinstance(seen, OSError):
                return (*found, seen.errno)
            file = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size) if place == self.path else ()
            found.append((seen.st_dev, seen.st_ino, seen.st_mode, seen.st_uid, *file))
        return tuple(found)

    def read(self) -> bytes | None:
        """The content, or None if there is no policy.

        Raises:
            Untrusted: There may be one, but somebody else may have changed or removed it, or it cannot be read.
        """
        if self.is_certainly_absent():
            return None
        if sys.platform == "win32":
            return self._read_on_windows()
        *directories, last = self._places()
        with ExitStack() as opened:
            here: int | None = None
            for place in directories:
                here = self._open(place, DIRECTORY, here, opened)
                self._require_protected(os.fstat(here), place)
            try:
                file = self._open(last, FILE, here, opened)
            except FileNotFoundError:
                return None
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise Untrusted(policy_messages.NO_FILE, policy_messages.WRITE_A_FILE)
            self._require_protected(found, last)
            return _content(file)

    def _read_on_windows(self) -> bytes | None:
        if sys.platform == "win32":
            from uru_mcp.config.windows_security import held

            places = self._places()
            with ExitStack() as opened:
                try:
                    for place in places:
                        _require_administrators(place, *opened.enter_context(held(place, is_file=place == places[-1])))
                    file = os.open(places[-1], os.O_RDONLY | os.O_BINARY)
                except FileNotFoundError:
                    return None
                except OSError as error:
                    raise _unopened(self.path, error) from None
                opened.callback(os.close, file)
                return _content(file)
        raise AssertionError("unreachable")

    def _places(self) -> list[str]:
        """The path of each directory from `start` on, and of the file."""
        places = [self.start]
        for name in self.names:
            places.append(os.path.join(places[-1], name))  # noqa: PTH118
        return places

    def _open(self, place: str, flags: int, here: int | None, opened: ExitStack) -> int:
        """Open a place, relative to its directory `here`. Raises: FileNotFoundError, Untrusted."""
        try:
            file = os.open(place if here is None else os.path.basename(place), flags, dir_fd=here)  # noqa: PTH119
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unopened(place, error) from None
        opened.callback(os.close, file)
        return file

    def _require_protected(self, found: os.stat_result, place: str) -> None:
        """Raises: Untrusted, if anybody but the owner may write there."""
        if found.st_uid != self.owner:
            is_unmapped = found.st_uid == NOBODY
            fix = policy_messages.LEAVE_THE_NAMESPACE if is_unmapped else policy_messages.MAKE_ROOT_OWN
            why = policy_messages.OWNED_BY_OTHERS.format(place=place, owner=found.st_uid)
            raise Untrusted(why, fix.format(place=place))
        if found.st_mode & WRITABLE_BY_OTHERS:
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            raise Untrusted(
                policy_messages.WRITABLE_BY_OTHERS.format(place=place, mode=mode),
                policy_messages.TAKE_WRITING_AWAY.format(place=place),
            )


def read_draft(path: str) -> bytes:
    """The content of any file, to be checked before it is put in place. Raises: OSError, Untrusted."""
    file = os.open(path, (FILE & ~getattr(os, "O_NOFOLLOW", 0)) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Untrusted(policy_messages.NO_FILE, policy_messages.WRITE_A_FILE)
        return _content(file)
    finally:
        os.close(file)


def installed(platform: str) -> PolicyFile:
    """The fixed place of each system. Source: where these systems keep what administrators configure."""
    if platform == "win32":
        return PolicyFile(_program_data(), ("uru-mcp", "policy.toml"))
    directory = ("Library", "Application Support") if platform == "darwin" else ("etc",)
    return PolicyFile("/", (*directory, "uru-mcp", "policy.toml"))


def _program_data() -> str:
    if sys.platform == "win32":
        from uru_mcp.config.windows_security import program_data

        return program_data()
    return "C:\\ProgramData"  # only to name it


def _require_administrators(place: str, owner: str, changers: set[str]) -> None:
    """Raises: Untrusted, if it is of another owner, or anybody else may change it. Both are SIDs of Windows."""
    if owner in WINDOWS_ADMINISTRATORS and changers <= WINDOWS_ADMINISTRATORS:
        return
    others = ", ".join(sorted(changers - WINDOWS_ADMINISTRATORS)) or policy_messages.NOBODY
    why = policy_messages.NOT_OF_ADMINISTRATORS.format(place=place, owner=owner, others=others)
    raise Untrusted(why, policy_messages.PROTECT_ON_WINDOWS.format(place=place))


def _looked_at(place: str) -> os.stat_result | OSError:
    try:
        return os.lstat(place)
    except OSError as error:
        return error


def _unopened(place: str, error: OSError) -> Untrusted:
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return Untrusted(policy_messages.LINK.format(place=place), policy_messages.REPLACE_THE_LINK.format(place=place))
    if error.errno == errno.ENOTDIR:
        why = policy_messages.LINK_OR_NO_DIRECTORY.format(place=place)
        return Untrusted(why, policy_messages.MAKE_A_DIRECTORY.format(place=place))
    reason = error.strerror or type(error).__name__
    why = policy_messages.NOT_OPENED.format(place=place, reason=f"{reason[:1].lower()}{reason[1:]}")
    return Untrusted(why, policy_messages.LET_ALL_READ.format(place=place))


def _content(file: int) -> bytes:
    """Raises: Untrusted, if it is too long or cannot be read."""
    content = b""
    try:
        while len(content) <= LIMIT and (piece := os.read(file, LIMIT)):
            content += piece
    except OSError as error:
        raise Untrusted(policy_messages.NOT_READ.format(reason=error.strerror), policy_messages.WRITE_A_FILE) from None
    if len(content) > LIMIT:
        raise Untrusted(policy_messages.TOO_LONG.format(limit=LIMIT), policy_messages.SHORTEN_IT)
    return content


INSTALLED = installed(sys.platform)
