"""Which workspace and grant the key has now, and what is wrong when it has none.

The only place that decides what a refused key means. It fails closed: what is not known is not granted. It knows no
tools; `gate.py` compares what it finds here with what a tool needs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio

from uru_mcp.answers import KEY_CODES
from uru_mcp.client import UruClient
from uru_mcp.errors import KeyRefused, NoAnswer, Refused, SettingsError, UruError, WorkspaceProblem
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.wire import KeyRecord, Workspace

ASK_WITHIN = 8.0  # seconds
FRESH = 60.0  # seconds that a good answer is good for
RECENT = 10.0  # seconds before a refused key is tried again, and before a refusal looks twice
GRACE = 300.0  # seconds that the last known grant holds while Uru cannot be asked

DEAD_STATUSES = {"revoked": "revoked_api_key", "deleted": "revoked_api_key", "expired": "expired_api_key"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the key stands with Uru.

    `grant` is None while it is unknown, because Uru has not said yet. `trouble` is why nothing, or not everything, can
    be done. `doubt` is why an older grant still stands: Uru could not be asked again.
    """

    grant: Grant | None = None
    record: KeyRecord | None = None
    workspace: Workspace | None = None
    trouble: UruError | None = None
    doubt: UruError | None = None

    @property
    def state(self) -> str:
        """`ready`, or the code of what is in the way."""
        if self.trouble is not None:
            return self.trouble.code
        return "permissions_unknown" if self.grant is None or self.grant.source == "none" else "ready"

    @property
    def is_refused(self) -> bool:
        """Whether the key itself, or the configuration, is the trouble, so that nothing at all can be done."""
        return isinstance(self.trouble, (KeyRefused, SettingsError)) or self.state == "workspace_not_accessible"

    @property
    def lacks_workspace(self) -> bool:
        return self.trouble is not None and self.trouble.code == "workspace_selection_required"


class Identity:
    """Asks Uru about the key, one request at a time however many calls wait for it, and remembers the answer."""

    def __init__(
        self,
        client: UruClient,
        *,
        ceiling: Permissions | None,
        workspace_id: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._ceiling = ceiling
        self._workspace_id = workspace_id
        self._clock = clock
        self._asking = anyio.Lock()
        self._began = float("-inf")
        self._ended = float("-inf")
        self._answered = float("-inf")
        self.standing = Standing(trouble=NoAnswer("Uru has not been asked yet.", fix="Try again in a moment."))

    async def current(self) -> Standing:
        """The standing, asked again when it is old or was bad. A question that is under way answers this one too."""
        came = self._clock()
        if came - self._began >= self._good_for():
            async with self._asking:
                if self._ended < came:
                    await self._ask()
        return self.standing

    async def recent(self) -> Standing:
        """The standing as of a few seconds ago, for a second look before something is refused."""
        return self.standing if self._clock() - self._began < RECENT else await self.ask()

    async def ask(self) -> Standing:
        """The standing as Uru sees it from now on."""
        came = self._clock()
        async with self._asking:
            if self._began < came:
                await self._ask()
        return self.standing

    def _good_for(self) -> float:
        """Seconds that the answer may be used without asking again."""
        if self.standing.doubt is not None or self.standing.is_refused:
            return RECENT
        return FRESH if self.standing.trouble is None else 0.0

    async def _ask(self) -> None:
        began = self._clock()
        self.standing = await self._answer()
        self._began, self._ended = began, self._clock()
        log.info("the key's state is %s", self.standing.state)

    async def _answer(self) -> Standing:
        known = Standing()
        until = time.monotonic() + ASK_WITHIN
        try:
            record = await self._client.key_record(within=ASK_WITHIN)
            if record is not None:
                known = self._known(record)
            if record is None or not self._names_the_workspace(record):
                await self._client.tools_version(within=until - time.monotonic())
        except KeyRefused as error:
            return Standing(trouble=error)
        except WorkspaceProblem as error:
            return replace(known, grant=known.grant or self._declared(), workspace=None, trouble=error)
        except UruError as error:
            return self._unanswered(error)
        self._answered = self._clock()
        if record is None:
            return Standing(grant=Grant(None, self._ceiling))
        return known

    def _known(self, record: KeyRecord) -> Standing:
        """Raises: `KeyRefused` when the record says that the key has ended."""
        dead = DEAD_STATUSES.get((record.status or "").lower())
        if dead is not None:
            code, message, fix = KEY_CODES[dead]
            raise KeyRefused(message, fix=fix, code=code)
        grant = Grant(record.permissions, self._ceiling, record.unknown_permissions)
        return Standing(grant=grant, record=record, workspace=record.workspace)

    def _names_the_workspace(self, record: KeyRecord) -> bool:
        if record.workspace is None or record.workspace.id is None:
            return False
        return self._workspace_id in (None, record.workspace.id)

    def _declared(self) -> Grant | None:
        return None if self._ceiling is None else Grant(None, self._ceiling)

    def _unanswered(self, error: UruError) -> Standing:
        """The last grant for as long as it may hold, then none."""
        last = self.standing
        if last.trouble is None and self._clock() - self._answered < GRACE:
            return replace(last, doubt=error)
        return Standing(record=last.record, workspace=last.workspace, trouble=error)


def connection_problem(namespace_title: str, error: UruError) -> Refused:
    """What a 401 from a run means when Uru still accepts the key."""
    return Refused(
        f"The connection of “{namespace_title}” to its app was refused, not your Uru key, which is fine."
        f" {error.message}",
        fix=f"Connect “{namespace_title}” again in Uru, under its integrations, and repeat the call.",
        code="connection_problem",
    )
