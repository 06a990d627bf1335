"""Opens the file of the audit log, and says why it cannot be written.

A log has one owner: a file of another user is refused, and so are links and everything but a regular file. No directory
is created, since a typo in the path would create another one.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import sys
from pathlib import Path

from uru_mcp.credentials.key_sources import OPEN_TO_OTHERS, Exposure
from uru_mcp.messages import audit_messages

PRIVATE = 0o600
FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)  # a pipe would block
NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


def open_for_append(path: Path, *, create: bool = True) -> int:
    """The file's descriptor; a new file is readable only by its owner.

    Raises: `OSError`, also for anything but a regular file of this user: stdout belongs to MCP.
    """
    try:
        file = os.open(path, FLAGS | (os.O_CREAT if create else 0), PRIVATE)
    except OSError as error:
        if error.errno == errno.ENOENT and not path.parent.is_dir():
            raise OSError(errno.ENOENT, audit_messages.NO_DIRECTORY) from error
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, audit_messages.IS_LINK) from error
        raise
    found = os.fstat(file)
    try:
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, audit_messages.NOT_REGULAR)
        if sys.platform != "win32" and found.st_uid != os.geteuid():
            raise OSError(errno.EPERM, audit_messages.OF_ANOTHER_USER)
    except OSError:
        os.close(file)
        raise
    return file


def require_writable(path: Path) -> None:
    """Look whether a line could be written, as far as that shows without writing or creating anything.

    Raises: `OSError`.
    """
    try:
        os.close(open_for_append(path, create=False))
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def remedy(path: Path, error: OSError) -> str:
    """What to do about an error of the functions above, or of writing."""
    if error.strerror == audit_messages.NO_DIRECTORY:
        return audit_messages.CREATE_DIRECTORY.format(parent=path.parent)
    if error.strerror == audit_messages.OF_ANOTHER_USER:
        return audit_messages.FILE_OF_ONE_S_OWN
    if error.errno in NO_ROOM:
        return audit_messages.NO_ROOM.format(parent=path.parent)
    return audit_messages.ANOTHER_FILE.format(path=path)


def exposure(path: Path) -> Exposure | None:
    """A warning if other users can read or write the file. Its mode is left unchanged, since it may be intended."""
    try:
        found = path.lstat()
    except OSError:
        return None
    mode = stat.S_IMODE(found.st_mode)
    if sys.platform == "win32" or not stat.S_ISREG(found.st_mode) or not mode & OPEN_TO_OTHERS:
        return None
    message = audit_messages.OPEN_TO_OTHERS.format(path=path, mode=f"{mode:04o}")
    return Exposure(message, audit_messages.MAKE_PRIVATE.format(path=shlex.quote(str(path))))
