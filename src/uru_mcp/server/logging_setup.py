"""Configures logging: to stderr, with keys redacted. Stdout is reserved for the protocol."""

from __future__ import annotations

import logging
import sys

from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.terminal_escaping import for_terminal

CONTINUED = "\n  "  # indented, so that untrusted text cannot fake a log entry


class _Redacted(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        text = self._redaction.text(super().format(record))  # tracebacks included
        return for_terminal(text).replace("\n", CONTINUED)


def start_logging(level: str, redaction: Redaction) -> None:
    """Log messages of uru-mcp from `level` up, and warnings of other libraries."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_Redacted(redaction))
    logging.basicConfig(handlers=[to_stderr], level=logging.WARNING, force=True)
    logging.getLogger("uru_mcp").setLevel(level.upper())
