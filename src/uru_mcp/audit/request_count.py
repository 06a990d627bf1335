"""Counts the requests that this machine sends with a key, to detect use of the key elsewhere.

Each key has a small file beside the audit log: a line of JSON with the time when counting began and Uru's count at that
time, followed by one byte for each request since. Several servers can append bytes concurrently, and none are lost when
a server is killed. If Uru reports no count, or there is no audit log, there is no file.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from uru_mcp.audit.log_file import FLAGS, PRIVATE, require_writable
from uru_mcp.untrusted_input.json_fields import moment_at

HEADER = 200  # bytes, at most

log = logging.getLogger(__name__)


class RequestCount:
    """Counts requests by the last four characters of the key. If counting fails, calls go on and nothing is compared.

    A request is counted before it is sent, so that pending requests never make Uru's count exceed this one.
    """

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._uncounted: Counter[str] = Counter()  # sent before the file existed

    def sent(self, last4: str) -> None:
        try:
            self._append(last4)
        except FileNotFoundError:
            self._uncounted[last4] += 1
        except OSError as error:
            log.debug("requests are not counted: %s", error.strerror)
            self._give_up(last4)

    def begin(self, last4: str, total: int) -> None:
        """Start counting, unless already started. `total` is Uru's count at this time.

        Nothing is created beside a log that is refused, since its directory may be meant for files of others.
        """
        if self._path(last4).exists():
            return
        header = json.dumps({"since": datetime.now(UTC).isoformat(timespec="seconds"), "total": total}).encode()
        dots = b"." * self._uncounted[last4]  # Uru may not have counted all of them
        try:
            require_writable(self._log_file)
            file = os.open(self._path(last4), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, PRIVATE)
            try:
                os.write(file, header + b"\n" + dots)
            finally:
                os.close(file)
        except OSError as error:  # another server was first, the log is refused, or the file cannot be created
            log.debug("requests are not counted: %s", error.strerror)

    def elsewhere(self, last4: str, total: int) -> dict[str, Any] | None:
        """The number of requests that Uru has counted but this machine did not send; None if there are none.

        `{"requests": 12, "since": "2026-11-03T09:00:00+00:00"}`
        """
        try:
            with self._path(last4).open("rb") as file:
                line = file.readline(HEADER)
                header = json.loads(line)
                sent = os.fstat(file.fileno()).st_size - len(line)
            since, before = moment_at(header, "since"), header["total"]
            if since is None or not isinstance(before, int) or total < before:
                raise ValueError("a count that is no longer of use")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._give_up(last4)
            return None
        others = total - before - sent
        return {"requests": others, "since": since.isoformat()} if others > 0 else None

    def _append(self, last4: str) -> None:
        file = os.open(self._path(last4), FLAGS)
        try:
            os.write(file, b".")
        finally:
            os.close(file)

    def _give_up(self, last4: str) -> None:
        """Delete the count: one that misses requests would attribute them to someone else."""
        try:
            self._path(last4).unlink(missing_ok=True)
        except OSError as error:
            log.debug("an old count stays: %s", error.strerror)

    def _path(self, last4: str) -> Path:
        safe = "".join(one if one.isalnum() else "_" for one in last4)
        return self._log_file.with_name(f"{self._log_file.name}.requests-{safe}")
