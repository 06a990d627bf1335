"""Writes the audit log: a rotated file with one line of JSON for each tool call.

It records which tool was called and the outcome, but no arguments or results. It does not know where an entry comes
from; see `call_recorder.py`. Several servers may write to one file at the same time.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from uru_mcp.permissions import Permissions, in_order
from uru_mcp.untrusted_input.json_fields import Record, moment_at, text_at
from uru_mcp.untrusted_input.permission_parsing import told_by
from uru_mcp.untrusted_input.redaction import Redaction

if sys.platform != "win32":
    import fcntl

LIMIT = 10_000_000  # bytes, about 30,000 calls
READ_BACK = 10_000_000  # bytes of the newest entries
KEPT = 3  # rotated files: FILE.1 is the newest
PRIVATE = 0o600

OK = "ok"
WAITING = "waiting"
WORD = re.compile(r"[a-z_]{1,60}")
LONGEST = 200  # characters of a name or an id
LARGEST = 10**12  # milliseconds or characters; a larger number is not a measurement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. As a line of the file, where everything after `outcome` may be null or absent:

        {"time": "2026-07-14T09:00:00.123+00:00", "tool": "platform__context_query", "outcome": "ok",
         "via": "uru_read", "needs": ["read"], "granted": ["read", "execute"], "ms": 84,
         "chars_in": 61, "chars_out": 2310, "log_id": "log_8f14e45f", "key": "cdef",
         "decided_by": "person", "decided_how": "elicitation"}

    `time` is when the call arrived, in UTC. `tool` is Uru's tool, or one of our own if it runs no other; `via` is the
    dispatch tool that was called for it. `outcome` is `ok` or the error's code. `needs` is None if the tool is unknown,
    and `granted`, the permissions of the key itself, is None if they are. `ms` is the milliseconds until the answer;
    `chars_in` is the length of the arguments, `chars_out` that of the answer's text. `key` is the key's last four
    characters. If a call needed a person's yes, or decided a step of a run, `decided_by` is `person`, `model` or
    `nobody`, and `decided_how` is `elicitation`, `card`, `terminal` or `none`; the outcome of a no is `declined`. A
    call that was answered with a question has an entry of its own with the outcome `waiting`: nothing was sent.
    """

    time: datetime
    tool: str
    outcome: str
    via: str | None = None
    needs: Permissions | None = None
    granted: Permissions | None = None
    ms: int = 0
    chars_in: int = 0
    chars_out: int = 0
    log_id: str | None = None
    key: str | None = None
    decided_by: str | None = None
    decided_how: str | None = None

    @property
    def has_failed(self) -> bool:
        return self.outcome not in (OK, WAITING)


def as_record(entry: Entry) -> Record:
    record = asdict(entry)
    if entry.decided_by is None:
        del record["decided_by"], record["decided_how"]  # of most calls there was nothing to decide
    return {
        **record,
        "time": entry.time.isoformat(timespec="milliseconds"),
        "needs": None if entry.needs is None else in_order(entry.needs),
        "granted": None if entry.granted is None else in_order(entry.granted),
    }


def read_entry(line: str, redaction: Redaction) -> Entry | None:
    """Parse a line; None if it is incomplete, from another program, or of an unknown version."""
    try:
        record = redaction.value(json.loads(line))
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    time, tool, outcome = moment_at(record, "time"), _shown(record, "tool"), text_at(record, "outcome")
    if time is None or tool is None or outcome is None or not WORD.fullmatch(outcome):
        return None
    return Entry(
        time,
        tool,
        outcome,
        via=_shown(record, "via"),
        needs=_permissions(record, "needs"),
        granted=_permissions(record, "granted"),
        ms=_count(record, "ms"),
        chars_in=_count(record, "chars_in"),
        chars_out=_count(record, "chars_out"),
        log_id=_shown(record, "log_id"),
        key=_shown(record, "key"),
        decided_by=_shown(record, "decided_by"),
        decided_how=_shown(record, "decided_how"),
    )


def _shown(record: Record, name: str) -> str | None:
    """A short, printable text, safe for a terminal."""
    text = text_at(record, name)
    return text if text is not None and len(text) <= LONGEST and text.isprintable() else None


def _permissions(record: Record, name: str) -> Permissions | None:
    found = record.get(name)
    return told_by(found) if isinstance(found, list) else None


def _count(record: Record, name: str) -> int:
    found: Any = record.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LARGEST else 0


def with_older(path: Path, *, kept: int = KEPT) -> list[Path]:
    """The log file and its rotated files, as far as they exist, oldest first."""
    return [file for file in (*(_older(path, age) for age in range(kept, 0, -1)), path) if file.exists()]


def _older(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")


class AuditLog:
    """Appends entries to a file and rotates it before it exceeds `limit` bytes; `kept` rotated files remain.

    The file is opened for each line, which takes about 50 microseconds, so that users may move or delete it. Each line
    is a single append, which the system does not interleave with those of other processes. A new file is readable only
    by its owner. If an existing file is accessible to others, that is logged once, but its mode is left unchanged,
    since it may be intended.
    """

    def __init__(self, path: Path, redaction: Redaction, *, limit: int = LIMIT, kept: int = KEPT) -> None:
        self._path = path
        self._redaction = redaction
        self._limit = limit
        self._kept = kept
        self._is_failing = False
        self._is_stuck = False
        self._has_warned = False

    @property
    def path(self) -> Path:
        return self._path

    def append(self, entry: Entry) -> None:
        """Write a line. A failure does not affect the call; it is logged once until writing works again."""
        line = json.dumps(self._redaction.value(as_record(entry))).encode() + b"\n"
        if self._is_failing:
            line = b"\n" + line  # the last line may be incomplete, for example because the disk was full
        try:
            self._make_room(len(line))
            self._write(line)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                log.warning("calls are not recorded because %s cannot be written: %s", self._path, error.strerror)
            self._is_failing = True

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
        file = self._opened()
        try:
            if os.write(file, line) < len(line):
                raise OSError(errno.EIO, "only part of a line could be written")
        finally:
            os.close(file)

    def _opened(self) -> int:
        """Raises: `OSError`, also for anything but a regular file: a pipe would block, and stdout belongs to MCP."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        try:
            file = os.open(self._path, flags, PRIVATE)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._path, flags, PRIVATE)
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            os.close(file)
            raise OSError(errno.EINVAL, "it is not a regular file")
        if mode & 0o077 and sys.platform != "win32" and not self._has_warned:
            self._has_warned = True
            log.warning("other users of this machine may read %s; chmod 600 makes it private", self._path)
        return file

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
