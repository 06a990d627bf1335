"""Looking, again and again, whether Uru's tools have changed, and having them loaded when they have.

It decides when to look and what an answer means. What it finds is loaded by `catalog/current_catalog.py`, and told by
whoever is told of every load.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

import anyio

from uru_mcp.catalog.current_catalog import CurrentCatalog
from uru_mcp.catalog.loader import LOAD_WITHIN
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import UruError, WorkspaceProblem
from uru_mcp.session.session import Session
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.catalog_version import is_news
from uru_mcp.uru.retry import pause_after

LOOK_WITHIN = 10.0  # seconds

log = logging.getLogger(__name__)


def ends_looking(error: UruError) -> bool:
    """Whether looking again with the same key and workspace is of no use. Source: the Node client."""
    return isinstance(error, WorkspaceProblem) or error.details.get("status") in (401, 403)


class Sync:
    """Looks at the tools' version each `interval` seconds, in `run`, until it is cancelled.

    A refusal ends the looks, until what Uru says of the key, the key itself or the workspace is not what it was.
    """

    def __init__(
        self,
        client: UruClient,
        session: Session,
        current_catalog: CurrentCatalog,
        *,
        key: Callable[[], Key | None],
        interval: float,
    ) -> None:
        self._client = client
        self._session = session
        self._current_catalog = current_catalog
        self._key = key
        self._interval = interval
        self._story: object = None
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
        """Look once, and act on what comes. The seconds until the next turn."""
        retry_after = None
        try:
            await self._look()
            self._failures = 0
        except UruError as error:
            log.info("Uru does not tell the version of the tools: %s", error.message)
            self._failures += 1
            retry_after = error.details.get("retry_after")
            if ends_looking(error):
                self._has_ended = True
                self._session.doubt()
                await self._session.look(LOOK_WITHIN)  # which finds out what it means for the key
        return pause_after(self._failures, interval=self._interval, retry_after=retry_after, random=random.random)

    async def _look(self) -> None:
        """Raises: `UruError` when Uru does not tell the version."""
        if self._current_catalog.is_loading:
            return  # with a version that was asked for just before: the next look will tell whether it is an older one
        place, known = self._current_catalog.place, self._current_catalog.version
        seen = await self._client.tool_version(known, within=LOOK_WITHIN)
        if (place, known) != (self._current_catalog.place, self._current_catalog.version):
            return  # other tools have been loaded meanwhile, perhaps another workspace's: the next look will tell
        loaded = None if known is None else known.number
        before, self._before = self._before, seen.number
        if not is_news(seen.number, loaded=loaded, before=before):
            self._current_catalog.expect(None)
            return
        log.info("the version of the tools is %s, after %s", seen.number, loaded)
        self._current_catalog.expect(seen)
        await self._session.look(LOAD_WITHIN)

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until another story begins, for which nobody has asked to wait."""
        until = time.monotonic() + seconds
        # another story shows when somebody asked Uru, and nothing else waits for it
        while not self._is_another_story() and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await anyio.sleep(min(left, self._interval))

    def _is_another_story(self) -> bool:
        key_status = self._session.now.key_status
        if key_status.trouble is not None and not (key_status.is_refused or key_status.lacks_workspace):
            return False  # Uru has not answered, and what it said last is all that is known
        story = (self._key(), key_status.record, key_status.workspace, key_status.state)
        if story == self._story:
            return False
        self._story, self._has_ended, self._failures, self._before = story, False, 0, None
        return True
