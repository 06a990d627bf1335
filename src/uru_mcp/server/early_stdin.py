"""Reads stdin before other modules are imported, and answers `initialize` if it has already arrived.

This happens only if the process certainly serves a client and its settings are certainly valid. All reads and writes
are non-blocking.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Mapping

from uru_mcp.config.environment import is_plain
from uru_mcp.config.policy_file import INSTALLED, PolicyFile
from uru_mcp.server.handshake import Handshake

READ = 64 * 1024  # bytes


class EarlyStdin:
    """Stdin before the event loop runs: reads what is available, without blocking.

    `ahead` holds bytes that have been read but not answered yet.
    """

    def __init__(self) -> None:
        self.handshake = Handshake()
        self.ahead = b""

    def look(self) -> None:
        """Answer `initialize` if it has arrived."""
        if self.handshake.has_begun or self.handshake.is_over or not _is_ready(0, select.POLLIN):
            return
        self.ahead += os.read(0, READ)
        line, end, rest = self.ahead.partition(b"\n")
        if not end or b"\r" in line or not line.isascii() or not _is_ready(1, select.POLLOUT):
            return  # later or uncertain messages wait for the event loop
        answer = self.handshake.answer(line.decode() + "\n")
        if answer is None:
            self.handshake = Handshake()  # start over: the line was not answered
            return
        self.ahead = rest
        os.write(1, answer.encode())


def early_stdin(arguments: list[str], environ: Mapping[str, str]) -> EarlyStdin | None:
    """Stdin, if the process certainly serves a client and its settings are certainly valid; otherwise None."""
    is_early = not arguments and sys.platform != "win32" and is_certain(environ) and _is_pipe(0) and _is_pipe(1)
    return EarlyStdin() if is_early else None


def is_certain(environ: Mapping[str, str], policy_file: PolicyFile = INSTALLED) -> bool:
    """Whether the settings are valid for certain: an administrator's policy has to be read to know what is."""
    return is_plain(environ) and policy_file.is_certainly_absent()


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
