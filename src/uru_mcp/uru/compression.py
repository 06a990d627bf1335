"""Decompresses gzip and deflate bodies within limits on size and time.

A body may have only one coding. Nested codings can expand kilobytes to terabytes, and libraries decode them without a
limit.
"""

from __future__ import annotations

import time
import zlib

from uru_mcp.messages import report_messages

WINDOW = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
RAW = -zlib.MAX_WBITS  # for "deflate" without the zlib header, which some servers send
STEP = 64 * 1024  # bytes decoded per step

ACCEPTED = "gzip"


class UnknownCoding(ValueError):
    """A body has an unsupported coding, or more than one."""


class TooLong(ValueError):
    """The decoded body exceeds the limit."""


def coding_of(stated: str | None) -> str | None:
    """Parse a `Content-Encoding` header; None if the body is not compressed. Raises: UnknownCoding."""
    codings = [one for part in (stated or "").split(",") if (one := part.strip().lower()) not in ("", "identity")]
    if len(codings) > 1 or not WINDOW.keys() >= set(codings):
        raise UnknownCoding(", ".join(codings)[:60])
    return codings[0] if codings else None


def decoded(body: bytes, coding: str, *, at_most: int, until: float) -> bytes:
    """Decode a whole body; bytes after the end of the compressed data are ignored.

    Raises:
        TooLong: The result has more than `at_most` bytes.
        TimeoutError: Decoding takes longer than `until`, a time of the monotonic clock.
        ValueError: The data is corrupt or truncated.
    """
    decoder = _decoder(body, coding)
    found = bytearray()
    for start in range(0, len(body), STEP):
        if decoder.eof:
            break
        try:
            found += decoder.decompress(body[start : start + STEP], at_most - len(found) + 1)
        except zlib.error as error:
            raise ValueError(report_messages.IS_DAMAGED) from error
        if len(found) > at_most:
            raise TooLong
        if time.monotonic() > until:
            raise TimeoutError
    if not decoder.eof:
        raise ValueError(report_messages.ENDS_TOO_EARLY)
    return bytes(found)


def beginning(body: bytes, coding: str, *, at_most: int) -> bytes:
    """Decode the first `at_most` bytes of a short or incomplete body; empty if it cannot be decoded."""
    try:
        return _decoder(body, coding).decompress(body, at_most)
    except zlib.error:
        return b""


def _decoder(body: bytes, coding: str) -> zlib._Decompress:
    if coding == "deflate":
        try:
            zlib.decompressobj().decompress(body[:2])
        except zlib.error:
            return zlib.decompressobj(RAW)
    return zlib.decompressobj(WINDOW[coding])
