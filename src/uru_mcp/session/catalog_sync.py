"""Polls the version of Uru's tool catalog, and reloads the catalog when it has changed.

It decides when to poll and what the version means. `catalog/current_catalog.py` loads the catalog, and
`session/list_changes.py` notifies clients.
"""

from __future__ import annotations

import logging
import random
import time

import anyio

from uru_mcp.catalog.loader import LOAD_WITHIN
from uru_mcp.errors import UruError, WorkspaceProblem
from uru_mcp.session.wiring import Parts
from uru_mcp.uru.catalog_version import is_news
from uru_mcp.uru.retry import pause_after

LOOK_WITHIN = 10.0  # seconds

log = logging.getLogger(__name__)


def stops_polling(error: UruError) -> bool:
    """Whether polling again with the same key and workspace cannot succeed. Source: the Node client."""
    return isinstance(error, WorkspaceProblem) or error.details.get("status") in (401, 403)


class Sync:
    """Polls the catalog version every `interval` seconds, in `run`, until it is cancelled.

    A refusal pauses polling until the key, its status or its workspace changes.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        interval: float,
    ) -> None:
        self._client = parts.client
        self._session = parts.session
        self._current_catalog = parts.current_catalog
        self._keyring = parts.keyring
        self._interval = interval
        self._polled_state: object = None
        self._has_ended = False
        self._failures = 0
        self._before: int | None = None

    async def run(self) -> None:
        pause = self._interval
        while True:
            await self._rest(pause)
            pause = self._interval
            key_status = self._session.now.key_status
            if self._has_ended or key_status.is_refused or key_status.lacks_workspace:
                continue
            try:
                pause = await self._turn()
            except Exception:  # boundary: a background task must not end the process
                log.exception("the version of the tools could not be looked at")

    async def _turn(self) -> float:
        """Poll once, and handle the response. Returns the seconds until the next poll."""
        retry_after = None
        try:
            await self._look()
            self._failures = 0
        except UruError as error:
            log.info("Uru does not tell the version of the tools: %s", error.message)
            self._failures += 1
            retry_after = error.details.get("retry_after")
            if stops_polling(error):
                self._has_ended = True
                self._session.mark_stale()
                await self._session.look(LOOK_WITHIN)  # finds out what the refusal means for the key
        return pause_after(self._failures, interval=self._interval, retry_after=retry_after, random=random.random)

    async def _look(self) -> None:
        """Raises: `UruError` when the version cannot be fetched."""
        if self._current_catalog.is_loading:
            return  # the load has just fetched the version; the next poll compares it
        place, known = self._current_catalog.place, self._current_catalog.version
        seen = await self._client.tool_version(known, within=LOOK_WITHIN)
        if (place, known) != (self._current_catalog.place, self._current_catalog.version):
            return  # another catalog was loaded meanwhile, perhaps of another workspace; the next poll compares it
        loaded = None if known is None else known.number
        before, self._before = self._before, seen.number
        if not is_news(seen.number, loaded=loaded, before=before):
            self._current_catalog.expect(None)
            return
        log.info("the version of the tools is %s, after %s", seen.number, loaded)
        self._current_catalog.expect(seen)
        await self._session.look(LOAD_WITHIN)

    async def _rest(self, seconds: float) -> None:
        """Wait for the pause to end, or until the key or workspace changes, to which the pause does not apply."""
        until = time.monotonic() + seconds
        # polled, since a change shows only when another task refreshes the session, and nothing signals it
        while not self._has_new_state() and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await anyio.sleep(min(left, self._interval))

    def _has_new_state(self) -> bool:
        key_status = self._session.now.key_status
        if key_status.trouble is not None and not (key_status.is_refused or key_status.lacks_workspace):
            return False  # Uru did not answer, so nothing new is known
        state = (self._keyring.in_use, key_status.record, key_status.workspace, key_status.state)
        if state == self._polled_state:
            return False
        is_first_load = self._polled_state is None and self._current_catalog.version is not None  # just fetched
        self._polled_state, self._has_ended, self._failures, self._before = state, False, 0, None
        return not is_first_load
