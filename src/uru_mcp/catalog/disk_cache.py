"""The disk cache: a private directory with the last complete list of tools of each key and workspace.

It contains neither keys nor their permissions. The name and the HMAC of a file are derived from the key, so that files
of another key or workspace, or files that somebody else has written or changed, are rejected. Several processes may use
it at the same time. If the cache cannot be used, nothing is cached, and nothing fails.
"""

from __future__ import annotations

import errno
import hmac
import logging
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uru_mcp.catalog.cache_format import CachedTools, lines_of, read_listing
from uru_mcp.credentials.api_key import Key
from uru_mcp.untrusted_input.redaction import Redaction

FORMAT = b"uru-mcp tools 1"  # a new version of the format changes all file names and HMACs
KEPT = ".tools"
UNFINISHED = ".tmp"
FILES = 16
ROOM = 64_000_000  # bytes of all files together
OLDEST = timedelta(days=30)
ABANDONED = timedelta(hours=1)  # the age at which an unfinished file is no longer being written

NAME_BYTES = 16
SEAL_BYTES = 32

log = logging.getLogger(__name__)


class DiskCache:
    """The cached lists of tools of one Uru. Use it in a thread, since it reads and writes files.

    A file is a line with the format and an HMAC of the rest, followed by the lines of `cache_format.py`. At most
    `files` files and `room` bytes are kept.
    """

    def __init__(
        self,
        directory: Path,
        base_url: str,
        redaction: Redaction,
        *,
        files: int = FILES,
        room: int = ROOM,
    ) -> None:
        self._directory = directory
        self._base_url = base_url
        self._redaction = redaction
        self._files = files
        self._room = room

    def keep(self, key: Key, workspace_id: str, listing: CachedTools) -> None:
        """Replace the cached list, if it can be written."""
        try:
            self._write(key, workspace_id, b"".join(self._bounded(lines_of(listing, self._redaction))))
            self._tidy()
        except OSError as error:
            log.info("the tools are not kept in %s: %s", self._directory, error.strerror)
        except Exception:  # boundary: a failing cache must not affect calls
            log.exception("the tools could not be kept")

    def fetch(self, key: Key, workspace_id: str) -> CachedTools | None:
        """The cached list of this workspace, or None if there is no valid one."""
        try:
            path, secret = self._named(key, workspace_id)
            head, _, body = _content(path).partition(b"\n")
            if not hmac.compare_digest(head, _head(secret, body)):
                log.warning("%s is not used: it was not written with this key, or not for this", path)
                return None
            listing = read_listing(body.splitlines())
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("the tools that are kept in %s are not used: %s", self._directory, error.strerror)
            return None
        except Exception:  # boundary: cached files may contain anything, and must not make a call fail
            log.exception("the tools that are kept could not be read")
            return None
        return listing if abs(datetime.now(UTC) - listing.told_at) <= OLDEST else None

    def _named(self, key: Key, workspace_id: str) -> tuple[Path, bytes]:
        """The file of this key and workspace, and the secret for its HMAC."""
        salt = b"\0".join((FORMAT, self._base_url.encode(), workspace_id.encode(errors="replace")))
        derived = key.derived(salt, NAME_BYTES + SEAL_BYTES)
        return self._directory / f"{derived[:NAME_BYTES].hex()}{KEPT}", derived[NAME_BYTES:]

    def _bounded(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for line in lines:
            size += len(line)
            if size > self._room:
                raise OSError(errno.EFBIG, "they are too many")
            yield line

    def _write(self, key: Key, workspace_id: str, body: bytes) -> None:
        path, secret = self._named(key, workspace_id)
        _make_private(self._directory)
        handle, unfinished = tempfile.mkstemp(dir=self._directory, suffix=UNFINISHED)  # readable only by its owner
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(secret, body) + b"\n" + body)
            Path(unfinished).replace(path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    def _tidy(self) -> None:
        """Remove expired files, the oldest files beyond the limits, and abandoned unfinished files."""
        found = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):  # another process may be cleaning up too
                found.append((time.time() - path.stat().st_mtime, path.stat().st_size, path))
        left = self._room
        kept = [one for one in sorted(found) if one[2].suffix == KEPT]
        for count, (age, size, path) in enumerate(kept, 1):
            left -= size
            if count > self._files or left < 0 or age > OLDEST.total_seconds():
                path.unlink(missing_ok=True)
        for age, _, path in found:
            if path.suffix == UNFINISHED and age > ABANDONED.total_seconds():
                path.unlink(missing_ok=True)


def _head(secret: bytes, body: bytes) -> bytes:
    return FORMAT + b" " + hmac.digest(secret, body, "sha256").hex().encode()


def _make_private(directory: Path) -> None:
    """Create the directory, private to this user. Raises: `OSError` if it cannot be made private."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return  # the user's cache directory is private there, and modes have no meaning
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it is not a directory of this user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)


def _content(path: Path) -> bytes:
    """Read a file. Raises: `OSError`, also if other users could have written it or may read it."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > ROOM:
            raise OSError(errno.EINVAL, "it is not a file of ours")
        if sys.platform != "win32" and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077):
            raise OSError(errno.EPERM, "others may read or write it")
        return file.read(ROOM)
