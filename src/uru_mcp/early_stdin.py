"""Stdin in the first moment, before anything else is imported: `initialize` is answered where it has come already.

That is done only where a client is being served for certain, with settings that are right for certain. It reads and
writes nothing that would have to be waited for.
"""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Mapping

from uru_mcp.handshake import Handshake

READ = 64 * 1024  # bytes

CERTAIN = {
    "URU_API_KEY": r"uru_[!-~]{8,}",
    "URU_PROXY_URL": r"https://[a-z0-9.-]+\.[a-z]{2,}/?|http://(?:127\.0\.0\.1|localhost)(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?/?",
    "URU_WORKSPACE_ID": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "URU_PERMISSIONS": r"(?:read|write|execute)(?:, ?(?:read|write|execute))*",
    "URU_NAMESPACES": r"[a-z0-9_*]+(?:, ?[a-z0-9_*]+)*",
    "URU_LOG_LEVEL": r"debug|info|warning|error",
}
"""Settings that are right for certain, so that the answer to `initialize` is known before they are read."""


class EarlyStdin:
    """Stdin before there is an event loop: what is there already is read, and nothing is waited for.

    `ahead` are bytes that were read and are not answered yet.
    """

    def __init__(self) -> None:
        self.handshake = Handshake()
        self.ahead = b""

    def look(self) -> None:
        """Answer `initialize` if it has come."""
        if self.handshake.has_begun or self.handshake.is_over or not _is_ready(0, select.POLLIN):
            return
        self.ahead += os.read(0, READ)
        line, end, rest = self.ahead.partition(b"\n")
        if not end or b"\r" in line or not line.isascii() or not _is_ready(1, select.POLLOUT):
            return  # what comes later, or is not certain, waits for the event loop
        answer = self.handshake.answer(line.decode() + "\n")
        if answer is None:
            self.handshake = Handshake()  # which has heard nothing yet
            return
        self.ahead = rest
        os.write(1, answer.encode())


def early_stdin(arguments: list[str], environ: Mapping[str, str]) -> EarlyStdin | None:
    """Stdin, where a client is about to be served, and it is certain that nothing is wrong with the settings."""
    ours = {name: value for name, value in environ.items() if name.startswith("URU_")}
    if arguments or "URU_API_KEY" not in ours or sys.platform == "win32" or not (_is_pipe(0) and _is_pipe(1)):
        return None
    if not all(name in CERTAIN and re.fullmatch(CERTAIN[name], value) for name, value in ours.items()):
        return None
    return EarlyStdin()


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it is closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_ready(descriptor: int, event: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(0))
