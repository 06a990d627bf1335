"""Decides when to send list-changed notifications: once per change, and only for lists that a client has seen.

It does not know how a notification is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from uru_mcp.session.session import Session
from uru_mcp.uru.records import PROMPTS, RUNS, Kind

List = Literal["tools", "resources", "prompts"]

log = logging.getLogger(__name__)


async def ignore_change(_: List) -> None:
    """The default for `on_change` of a bridge."""


class Announcements:
    """Remembers what was shown. `outlines` returns what each list depends on now, and `tell` notifies clients."""

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
        self._stale: set[List] = set()  # lists that clients were notified of and have not fetched since

    def was_shown(self, name: List) -> bool:
        return name in self._shown

    def asked_for(self, name: List) -> None:
        """A client asks for a list; changes from now on may be missing in the answer, and are announced again."""
        self._stale.discard(name)

    def showed(self, name: List, outline: object) -> None:
        """A client was shown a list that depends on `outline`."""
        self._shown[name] = outline

    async def after_look(self) -> None:
        """Notify clients of the lists whose outline has changed since they were shown."""
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
        except Exception:  # boundary: a failed notification does not fail the call that noticed the change
            log.exception("clients could not be told")

    async def after_change(self, kinds: tuple[Kind, ...]) -> None:
        """Notify clients of the lists that hold records of these kinds.

        A run may change any record, and the list of resources holds all kinds. Runs are frequent, so a client that has
        not fetched that list since the last notification is not notified again.
        """
        if RUNS in kinds and "resources" in self._stale:
            return
        await self._announce("resources")
        if PROMPTS in kinds and RUNS not in kinds:
            await self._announce("prompts")

    async def _announce(self, name: List) -> None:
        self._stale.add(name)
        await self._tell(name)
