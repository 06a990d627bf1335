"""Writes the audit log: a rotated file with one line of JSON for each tool call.

It records which tool was called and the outcome, but no arguments or results. It does not know where an entry comes
from; see `call_recorder.py`. Several servers may write to one file at the same time.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from uru_mcp.audit import log_file
from uru_mcp.audit.entry import Entry, as_record, read_entry
from uru_mcp.credentials.key_sources import Exposure
from uru_mcp.errors import AuditUnavailable
from uru_mcp.messages import audit_messages
from uru_mcp.untrusted_input.redaction import Redaction

if sys.platform != "win32":
    import fcntl

LIMIT = 10_000_000  # bytes, about 30,000 calls
READ_BACK = 10_000_000  # bytes of the newest entries
KEPT = 3  # rotated files: FILE.1 is the newest

log = logging.getLogger(__name__)


def with_older(path: Path, *, kept: int = KEPT) -> list[Path]:
    """The log file and its rotated files, as far as they exist, oldest first."""
    return [file for file in (*(_older(path, age) for age in range(kept, 0, -1)), path) if file.exists()]


def _older(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")


class AuditLog:
    """Appends entries to a file and rotates it before it exceeds `limit` bytes; `kept` rotated files remain.

    The file is opened for each line, which takes about 50 microseconds, so that users may move or delete it. Each line
    is a single append, which the system does not interleave with those of other processes. `log_file.py` says which
    files are refused. `is_required` is whether calls are refused without it.
    """

    def __init__(
        self,
        path: Path,
        redaction: Redaction,
        *,
        is_required: bool = False,
        limit: int = LIMIT,
        kept: int = KEPT,
    ) -> None:
        self._path = path
        self.is_required = is_required
        self._redaction = redaction
        self._limit = limit
        self._kept = kept
        self._failure: OSError | None = None
        self._is_stuck = False
        self._exposure: Exposure | None = None

    @property
    def path(self) -> Path:
        return self._path

    @property
    def exposure(self) -> Exposure | None:
        """Who else can access the file; None if nobody can."""
        return log_file.exposure(self._path)

    def append(self, entry: Entry) -> None:
        """Write a line. A failure is logged once, until writing works again.

        Raises: `AuditUnavailable`.
        """
        line = json.dumps(self._redaction.value(as_record(entry))).encode() + b"\n"
        try:
            self._make_room(len(line))
            self._write(line)
        except OSError as error:
            raise self._failed(error) from error
        before, self._exposure = self._exposure, self.exposure
        if self._exposure is not None and self._exposure != before:
            log.warning("%s %s", self._exposure.message, self._exposure.fix)

    def check(self) -> None:
        """Look whether a line could be written now. Writes at most a line break, and only after a failed write.

        Raises: `AuditUnavailable`.
        """
        try:
            if self._failure is None:
                log_file.require_writable(self._path)
            else:
                self._write(b"")
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> AuditUnavailable:
        why = error.strerror or type(error).__name__
        sentence = audit_messages.REFUSED if self.is_required else audit_messages.NOT_RECORDED
        message = sentence.format(path=self._path, why=f"{why[:1].lower()}{why[1:]}")
        failure = AuditUnavailable(message, fix=log_file.remedy(self._path, error))
        if self._failure is None or self._failure.strerror != error.strerror:
            log.warning("%s %s", failure.message, failure.fix)
        self._failure = error
        return failure

    def since(self, moment: datetime) -> Iterator[Entry | None]:
        """The lines of files that were written to since a moment, oldest first, as entries; None for what is none.

        Of more than `READ_BACK` bytes, the newest. Raises nothing: what cannot be read is not there.
        """
        room, parts = READ_BACK, []
        for file in reversed(with_older(self._path)):
            with suppress(OSError):
                found = file.stat()
                if room > 0 and found.st_mtime >= moment.timestamp() and stat.S_ISREG(found.st_mode):
                    parts.append((file, max(0, found.st_size - room)))
                    room -= found.st_size
        for file, offset in reversed(parts):
            with suppress(OSError), file.open("rb") as opened:
                opened.seek(offset)
                yield from (read_entry(line.decode(errors="replace"), self._redaction) for line in opened)

    def _write(self, line: bytes) -> None:
        if self._failure is not None:
            line = b"\n" + line  # the last line may be incomplete, for example because the disk was full
        file = log_file.open_for_append(self._path)
        try:
            if os.write(file, line) < len(line):
                raise OSError(errno.EIO, audit_messages.PARTLY_WRITTEN)
        finally:
            os.close(file)
        self._failure = None

    def _make_room(self, size: int) -> None:
        """Rotate if `size` more bytes would exceed the limit; if rotation fails, the file keeps growing."""
        try:
            if self._is_full(size):
                with _alone_with(self._path) as is_alone:
                    if is_alone and self._is_full(size):  # another process may have rotated it meanwhile
                        self._rotate()
            self._is_stuck = False
        except FileNotFoundError:
            return  # it does not exist yet, or another process has just rotated it
        except OSError as error:
            if not self._is_stuck:
                log.warning("%s cannot be rotated and keeps growing: %s", self._path, error.strerror)
            self._is_stuck = True

    def _is_full(self, size: int) -> bool:
        return self._path.stat().st_size + size > self._limit

    def _rotate(self) -> None:
        taken = takewhile(lambda age: _older(self._path, age).exists(), range(1, self._kept))
        for age in reversed(list(taken)):
            _older(self._path, age).replace(_older(self._path, age + 1))
        self._path.replace(_older(self._path, 1))


@contextmanager
def _alone_with(path: Path) -> Iterator[bool]:
    """Lock the file for rotation; yields False if another process is rotating it or has just done so.

    The lock belongs to the file, not to its name: a process that gets it too late sees that the name now refers to
    another file.
    """
    if sys.platform == "win32":  # Windows does not rename an open file, so no lock is needed
        yield True
        return
    file = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        yield _is_locked(file) and os.path.samestat(os.fstat(file), path.stat())
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    """Take the lock unless another process holds it: a call never waits for another process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
