"""Compressed bodies: which coding a body has, and its bytes, decoded step by step within limits.

One coding is all that a body may have, of gzip and deflate. Codings inside one another make kilobytes into terabytes,
and libraries undo them without a limit.
"""

from __future__ import annotations

import time
import zlib

from uru_mcp import messages

WINDOW = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
RAW = -zlib.MAX_WBITS  # of "deflate" without zlib's header, as some servers write it
STEP = 64 * 1024  # bytes that go in at once

ACCEPTED = "gzip"


class UnknownCoding(ValueError):
    """A body has a coding that is not decoded here, or more than one."""


class TooLong(ValueError):
    """More comes out of a body than may."""


def coding_of(stated: str | None) -> str | None:
    """The coding that a `Content-Encoding` states; None for a body that is as it is. Raises: UnknownCoding."""
    codings = [one for part in (stated or "").split(",") if (one := part.strip().lower()) not in ("", "identity")]
    if len(codings) > 1 or not WINDOW.keys() >= set(codings):
        raise UnknownCoding(", ".join(codings)[:60])
    return codings[0] if codings else None


def decoded(body: bytes, coding: str, *, at_most: int, until: float) -> bytes:
    """The bytes of a whole body; what stands behind the end of the compressed data is ignored.

    Raises:
        TooLong: There are more than `at_most`.
        TimeoutError: It takes longer than `until`, a moment of the monotonic clock.
        ValueError: It is not compressed so, or not to its end.
    """
    decoder = _decoder(body, coding)
    found = bytearray()
    for start in range(0, len(body), STEP):
        if decoder.eof:
            break
        try:
            found += decoder.decompress(body[start : start + STEP], at_most - len(found) + 1)
        except zlib.error as error:
            raise ValueError(messages.IS_DAMAGED) from error
        if len(found) > at_most:
            raise TooLong
        if time.monotonic() > until:
            raise TimeoutError
    if not decoder.eof:
        raise ValueError(messages.ENDS_TOO_EARLY)
    return bytes(found)


def beginning(body: bytes, coding: str, *, at_most: int) -> bytes:
    """The first `at_most` bytes of a short body, or of a piece of it; nothing where they cannot be had."""
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
