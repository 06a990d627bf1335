"""Which lists are not what a client was shown, so that it is told: each once, and only those that have changed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from uru_mcp.session.session import Session
from uru_mcp.uru.records import PROMPTS, RUNS, Kind

List = Literal["tools", "resources", "prompts"]

log = logging.getLogger(__name__)


class Announcements:
    """Remembers what was shown. `outlines` says what each list depends on now, and `tell` tells who listens."""

    def __init__(
        self,
        session: Session,
        outlines: Callable[[], Mapping[List, object]],
        tell: Callable[[List], Awaitable[None]],
    ) -> None:
        self._session = session
        self._outlines = outlines
        self._tell = tell
        self._seen = session.now
        self._shown: dict[List, object] = {}
        self._stale: set[List] = set()  # that clients were told have changed, and have not asked for since

    def was_shown(self, name: List) -> bool:
        return name in self._shown

    def asked_for(self, name: List) -> None:
        """What changes from now on may be missing in the answer."""
        self._stale.discard(name)

    def showed(self, name: List, outline: object) -> None:
        """A client was shown a list that depends on this."""
        self._shown[name] = outline

    async def after_look(self) -> None:
        """Tell of the lists that depend on something else than when they were shown."""
        snapshot = self._session.now
        if not self._shown or (snapshot.key_status == self._seen.key_status and snapshot.catalog is self._seen.catalog):
            return
        self._seen = snapshot
        try:
            now = self._outlines()
            for name, shown in list(self._shown.items()):
                if now[name] != shown:
                    self._shown[name] = now[name]
                    await self._announce(name)
        except Exception:  # boundary: a client that cannot be told does not fail the call that found out
            log.exception("clients could not be told")

    async def after_change(self, kinds: tuple[Kind, ...]) -> None:
        """Tell of the lists that hold such records.

        What a run changes besides its own record is not known, and one list holds all kinds. While a client has not
        asked for that list again it knows already, and runs come in numbers.
        """
        if RUNS in kinds and "resources" in self._stale:
            return
        await self._announce("resources")
        if PROMPTS in kinds and RUNS not in kinds:
            await self._announce("prompts")

    async def _announce(self, name: List) -> None:
        self._stale.add(name)
        await self._tell(name)
