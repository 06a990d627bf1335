"""Holds the current API key and notices rotation.

One key is in use at a time. Only `access/identity.py` triggers a new read of its source, so that no key is used before
Uru has been asked about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.key_sources import Exposure, KeySource, KeyVariable
from uru_mcp.errors import KeyUnavailable
from uru_mcp.untrusted_input.redaction import Redaction

log = logging.getLogger(__name__)


class Keyring:
    """Keeps the key last read from the source in `in_use`: None before the first read and after the key is gone.

    The callbacks in `on_change` run synchronously when the key changes, so that everything cached for the previous key
    is discarded at once. The redaction remembers every key ever read. `logs_trouble` is whether a source without a key
    is logged, unless the caller tells of it.
    """

    def __init__(self, source: KeySource, redaction: Redaction, *, logs_trouble: bool = True) -> None:
        self.source = source
        self._logs_trouble = logs_trouble
        self.in_use: Key | None = None
        self.exposure: Exposure | None = None
        self.trouble: KeyUnavailable | None = None
        self.on_change: tuple[Callable[[], None], ...] = ()
        self._redaction = redaction
        self._mark: object = None
        self._turn = anyio.Lock()
        if isinstance(source, KeyVariable):
            self._use(source.key)

    @property
    def last4(self) -> str | None:
        return self.in_use.last4 if self.in_use is not None else None

    async def may_have_changed(self) -> bool:
        """Whether the source seems to hold a new key: a quick check that runs no command."""
        return await self.source.has_changed(self._mark)

    async def current(self) -> Key:
        """The key that the source has now; a command that has already returned a key is not run again.

        Raises: `KeyUnavailable`.
        """
        async with self._turn:
            if self.in_use is not None and not await self.source.has_changed(self._mark):
                return self.in_use
            return await self._read()

    async def after_refusal(self, refused: Key) -> Key:
        """Read the source again after Uru refused this key; returns the same key if there is no new one.

        Raises: `KeyUnavailable`.
        """
        async with self._turn:
            return await self._read() if self.in_use in (refused, None) else self.in_use

    async def _read(self) -> Key:
        try:
            reading = await self.source.read()
        except KeyUnavailable as error:
            if self._logs_trouble and (self.trouble is None or self.trouble.message != error.message):
                log.warning("%s %s", error.message, error.fix)
            self.trouble, self._mark, self.exposure = error, None, None
            self._use(None)
            raise
        if reading.exposure is not None and reading.exposure != self.exposure:
            log.warning("%s %s", reading.exposure.message, reading.exposure.fix)
        self.trouble, self._mark, self.exposure = None, reading.mark, reading.exposure
        self._use(reading.key)
        return reading.key

    def _use(self, key: Key | None) -> None:
        if key is not None:
            self._redaction.remember(key.reveal())
        if key == self.in_use:
            return
        if self.in_use is not None:
            log.info("the key …%s is no longer in use", self.in_use.last4)
        self.in_use = key
        for start_over in self.on_change:
            start_over()
