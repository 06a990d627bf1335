"""The log: to stderr, never to stdout, which belongs to the protocol, and never unredacted."""

from __future__ import annotations

import logging
import sys

from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.terminal_escaping import for_terminal

CONTINUED = "\n  "  # so that no text of a stranger can look like an entry of its own


class _Redacted(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        text = self._redaction.text(super().format(record))  # tracebacks included
        return for_terminal(text).replace("\n", CONTINUED)


def start_logging(level: str, redaction: Redaction) -> None:
    """Log our own messages from `level` on, and other libraries' warnings."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_Redacted(redaction))
    logging.basicConfig(handlers=[to_stderr], level=logging.WARNING, force=True)
    logging.getLogger("uru_mcp").setLevel(level.upper())
