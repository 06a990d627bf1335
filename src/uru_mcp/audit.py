"""The audit log: a file with a JSON line for each call, for people who answer for what was done with a key.

It holds what was called and how it ended, and neither arguments nor results. It refuses to know where an entry comes
from; see `witness.py`. Several servers may write one file at once.
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

from uru_mcp.fields import Record, moment_at, text_at
from uru_mcp.permission_names import told_by
from uru_mcp.permissions import Permissions, in_order
from uru_mcp.redaction import Redaction

if sys.platform != "win32":
    import fcntl

LIMIT = 10_000_000  # bytes, some 30,000 calls
READ_BACK = 10_000_000  # bytes of the newest entries
KEPT = 3  # older files: FILE.1 is the youngest of them
PRIVATE = 0o600

OK = "ok"
WAITING = "waiting"
WORD = re.compile(r"[a-z_]{1,60}")
LONGEST = 200  # characters of a name or an id
LARGEST = 10**12  # milliseconds or characters; more is no measurement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. As a line of the file, of which everything after `outcome` may be null or absent:

        {"time": "2026-07-14T09:00:00.123+00:00", "tool": "platform__context_query", "outcome": "ok",
         "via": "uru_read", "needs": ["read"], "granted": ["read", "execute"], "ms": 84,
         "chars_in": 61, "chars_out": 2310, "log_id": "log_8f14e45f", "key": "cdef",
         "decided_by": "person", "decided_how": "elicitation"}

    `time` is when the call came, in UTC. `tool` is Uru's tool, or one of our own that runs no other; `via` is the
    dispatch tool that it came through. `outcome` is `ok` or the error's code. `needs` is None where there is no such
    tool, and `granted`, what the key itself has, where that was not known. `ms` are milliseconds until the answer;
    `chars_in` are characters of the arguments, `chars_out` of the answer's text. `key` is the key's last four.
    Where a call needed a person's yes, or decided a step of a run, `decided_by` is `person`, `model` or `nobody`, and
    `decided_how` is `elicitation`, `card`, `terminal` or `none`; the outcome of a no is `declined`. A call that was
    answered with a question is a line of its own, whose outcome is `waiting`: nothing was sent.
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
    """The entry of a line, or None when the line is not one: torn, foreign, or of a version that we do not know."""
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
    """Text that a terminal can show as it is."""
    text = text_at(record, name)
    return text if text is not None and len(text) <= LONGEST and text.isprintable() else None


def _permissions(record: Record, name: str) -> Permissions | None:
    found = record.get(name)
    return told_by(found) if isinstance(found, list) else None


def _count(record: Record, name: str) -> int:
    found: Any = record.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LARGEST else 0


def with_older(path: Path, *, kept: int = KEPT) -> list[Path]:
    """The file and those it was rotated to, as far as they exist, oldest first."""
    return [file for file in (*(_older(path, age) for age in range(kept, 0, -1)), path) if file.exists()]


def _older(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")


class AuditLog:
    """Appends entries to a file, and begins a new one before it passes `limit` bytes; `kept` older files stay.

    The file is opened for each line, some fifty microseconds in all, so that whoever moves or deletes it is respected.
    A line is a single write to its end, which the system does not mix with another process's. A new file is readable by
    its owner alone; of one that is there already and is open to others, that is said once and its mode is left alone,
    since somebody may have meant it.
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
        """Write a line. What prevents it is logged, once until it works again, and is no trouble of the call's."""
        line = json.dumps(self._redaction.value(as_record(entry))).encode() + b"\n"
        if self._is_failing:
            line = b"\n" + line  # the last one may have been torn, by a full disk for example
        try:
            self._make_room(len(line))
            self._write(line)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                log.warning("calls are not recorded, %s cannot be written: %s", self._path, error.strerror)
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
                raise OSError(errno.EIO, "only a part of a line could be written")
        finally:
            os.close(file)

    def _opened(self) -> int:
        """Raises: `OSError`, also for what is no plain file: a pipe would block, and stdout belongs to the protocol."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        try:
            file = os.open(self._path, flags, PRIVATE)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._path, flags, PRIVATE)
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            os.close(file)
            raise OSError(errno.EINVAL, "it is not a plain file")
        if mode & 0o077 and sys.platform != "win32" and not self._has_warned:
            self._has_warned = True
            log.warning("other users of this machine may read %s; chmod 600 makes it private", self._path)
        return file

    def _make_room(self, size: int) -> None:
        """Rotate when `size` bytes more would be too many; where that cannot be, the file grows rather than ends."""
        try:
            if self._is_full(size):
                with _alone_with(self._path) as is_alone:
                    if is_alone and self._is_full(size):  # it may be another file than before
                        self._rotate()
            self._is_stuck = False
        except FileNotFoundError:
            return  # it is not there yet, or no longer: another process has rotated it
        except OSError as error:
            if not self._is_stuck:
                log.warning("%s grows, since it cannot be rotated: %s", self._path, error.strerror)
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
    """Whether nobody else renames this file now, or has done so since it was opened here.

    The lock is on the file itself and goes where it goes: who gets it too late sees that the name is another file's.
    """
    if sys.platform == "win32":  # which renames no file that is open, with this lock for example
        yield True
        return
    file = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        yield _is_locked(file) and os.path.samestat(os.fstat(file), path.stat())
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    """Take the lock, unless another has it: a call does not wait for another process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
