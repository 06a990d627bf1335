"""Parts of a result that are no text: images, sounds and files, as an app sent them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Literal

MEDIA_CHARS = 1_000_000  # of base64, of all parts of a result together: clients take no more than about that
MIME_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,60}")
SHOWABLE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # model APIs refuse others

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


@dataclass(frozen=True, slots=True)
class Media:
    """A part of a result: `data` is base64. What is text, such as a text resource or a link, belongs to the data.

    `uri` is where the app says that a resource is from.
    """

    type: Literal["image", "audio", "resource"]
    mime_type: str
    data: str
    uri: str = ""

    @property
    def size(self) -> int:
        """In bytes."""
        return size_of(self.data)

    @property
    def is_showable(self) -> bool:
        """Whether a client and a model API take it: an image that is none ends a conversation for good."""
        try:
            base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            return False
        kind = kind_of(self.data[:64], self.mime_type)
        if self.type == "image":
            return kind == self.mime_type and kind in SHOWABLE_IMAGES
        return bool(self.data) and MIME_TYPE.fullmatch(self.mime_type) is not None

    def described(self, *, is_shown: bool) -> dict[str, Any]:
        """`{"type": "image", "mime_type": "image/png", "bytes": 45213, "shown": true}`"""
        stated = self.mime_type if MIME_TYPE.fullmatch(self.mime_type) else None
        return {"type": self.type, "mime_type": stated, "bytes": self.size, "shown": is_shown}


def shown_of(media: tuple[Media, ...]) -> tuple[Media, ...]:
    """Those that are shown, in their order, within the limit of a result."""
    shown: list[Media] = []
    left = MEDIA_CHARS
    for one in media:
        if len(one.data) <= left and one.is_showable:
            shown.append(one)
            left -= len(one.data)
    return tuple(shown)


def size_of(encoded: str) -> int:
    """The bytes that base64 stands for."""
    return len(encoded.rstrip("=")) * 3 // 4


def kind_of(encoded: str, stated: str = "") -> str | None:
    """The type that the beginning of base64 shows, otherwise the stated one; None where neither says it."""
    try:
        start = base64.b64decode(encoded[: len(encoded) // 4 * 4][:64].replace("-", "+").replace("_", "/"))
    except (binascii.Error, ValueError):
        start = b""
    for signature, kind in SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(start[8:12])
    if start[4:8] == b"ftyp":
        return "video/mp4"
    return stated if MIME_TYPE.fullmatch(stated) else None
