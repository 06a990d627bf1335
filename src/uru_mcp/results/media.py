"""Images, audio and files in a result: detects their types and decides which of them are shown.

It does not know MCP's types or how a result is rendered.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.json_fields import Record, object_at, text_at

Kind = Literal["image", "audio", "resource"]
KINDS: tuple[Kind, ...] = ("image", "audio", "resource")
MEDIA_CHARS = 1_000_000  # of base64, for all parts of a result together: about the limit of clients
MEDIA_PARTS = 50  # parts that are described and may be shown; the rest is only counted
MIME_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,60}")
SHOWABLE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # model APIs reject others

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


class Media(NamedTuple):
    """A binary part of a result; `data` is base64. Text resources and links are part of the result's data instead.

    `uri` is the address of a resource, as the app states it.
    """

    type: Kind
    mime_type: str
    data: str
    uri: str = ""

    @property
    def size(self) -> int:
        """In bytes."""
        return size_of(self.data)

    @property
    def is_showable(self) -> bool:
        """Whether clients and model APIs accept it: an invalid image would break the rest of the conversation."""
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

    def in_words(self, *, is_shown: bool) -> str:
        """`image (image/png, 45,213 bytes), shown below`"""
        stated = self.mime_type if MIME_TYPE.fullmatch(self.mime_type) else "unknown type"
        return report_messages.MEDIUM.format(
            type=self.type, stated=stated, size=self.size, value="shown below" if is_shown else "not shown"
        )


def media_of(blocks: Iterable[Record]) -> tuple[tuple[Media, ...], list[Record]]:
    """Split MCP content blocks into binary parts, and text resources and links that belong to the data.

    `{"type": "image", "data": …, "mimeType": …}`, `{"type": "resource", "resource": {"uri", "mimeType", "blob"}}`;
    links and text resources become `{"type", "uri", "mime_type", "name", "description", "text"}`.
    """
    media: list[Media] = []
    texts: list[Record] = []
    for block in blocks:
        one = _media(block)
        if one is not None:
            media.append(one)
        else:
            held = object_at(block, "resource") or block
            said = {name: text_at(held, name) for name in ("uri", "name", "title", "description", "text")}
            texts.append({"type": block["type"], **{name: text for name, text in said.items() if text is not None}})
    return tuple(media), texts


def _media(block: Record) -> Media | None:
    """The block's binary data; None if it has none."""
    held = object_at(block, "resource") or block
    mime_type = (text_at(held, "mimeType", "mime_type") or "").strip().lower()
    data = "".join((text_at(held, "data", "blob") or "").split())
    for kind in KINDS:
        if kind == block["type"] and data:
            return _typed(Media(kind, mime_type, data, text_at(held, "uri") or ""))
    return None


def _typed(media: Media) -> Media:
    """The part with its detected type: model APIs reject an image with a wrong type."""
    kind = kind_of(media.data[:64], media.mime_type)
    if media.type == "image" and kind in SHOWABLE_IMAGES:
        return media._replace(mime_type=kind)
    return media if media.mime_type else media._replace(mime_type="application/octet-stream")


def with_texts(data: Any, texts: list[Record]) -> Any:
    """The data of a result, with text resources and links added as `resources`."""
    if not texts:
        return data
    return {**({} if data in ("", None) else {"result": data}), "resources": texts}


def shown_of(media: tuple[Media, ...]) -> tuple[Media, ...]:
    """The parts that are shown, in their order, within `MEDIA_CHARS`."""
    shown: list[Media] = []
    left = MEDIA_CHARS
    for one in media:
        if len(one.data) <= left and one.is_showable:
            shown.append(one)
            left -= len(one.data)
    return tuple(shown)


def size_of(encoded: str) -> int:
    """The number of bytes that base64 encodes."""
    return len(encoded.rstrip("=")) * 3 // 4


def kind_of(encoded: str, stated: str = "") -> str | None:
    """The MIME type by the first bytes of base64 data, otherwise the stated one; None if neither is known."""
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
