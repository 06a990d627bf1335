"""Which workspace and grant the key has now, and what is wrong when it has none.

The only place that decides what a refused key means, and that has another one looked for. It fails closed: what is not
known is not granted. It knows no tools; `gate.py` compares what it finds here with what a tool needs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio
from anyio.abc import TaskGroup

from uru_mcp.answers import new_key
from uru_mcp.client import UruClient
from uru_mcp.errors import (
    Code,
    KeyRefused,
    KeyUnavailable,
    NoAnswer,
    SettingsError,
    UruError,
    WorkspaceProblem,
    unforeseen,
)
from uru_mcp.key import Key
from uru_mcp.keyring import Keyring
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.wire import KeyRecord, Workspace

ASK_WITHIN = 8.0  # seconds
FRESH = 60.0  # seconds that a good answer is good for
RECENT = 10.0  # seconds before a refused key, or an Uru that did not answer, is tried again
GRACE = 300.0  # seconds that the last known grant holds while Uru cannot be asked

ENDED: Mapping[str, tuple[Code, str]] = {
    "revoked": ("key_revoked", "This API key was deleted in Uru."),
    "deleted": ("key_revoked", "This API key was deleted in Uru."),
    "expired": ("key_expired", "This API key has expired."),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the key stands with Uru.

    `grant` is None while it is unknown, because Uru has not said yet. `trouble` is why nothing, or not everything, can
    be done. `doubt` is why an older grant still stands: Uru could not be asked again. `key` is the one that all this
    is about, and the only one that may be used because of it.
    """

    grant: Grant | None = None
    record: KeyRecord | None = None
    workspace: Workspace | None = None
    trouble: UruError | None = None
    doubt: UruError | None = None
    key: Key | None = None

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
    """Asks Uru about the key, one question at a time however many calls wait for it, and remembers the answer.

    A question goes on when those who wait for it give up, so that a slow Uru is heard in the end. Enter a task group
    with `start` before the first question.
    """

    def __init__(
        self,
        client: UruClient,
        keyring: Keyring,
        *,
        ceiling: Permissions | None,
        workspace_id: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._keyring = keyring
        self._ceiling = ceiling
        self._workspace_id = workspace_id
        self._clock = clock
        self._tasks: TaskGroup
        self._asking: anyio.Event | None = None
        self._began = float("-inf")
        self._answered = float("-inf")
        self._is_doubted = False
        self._refusal: tuple[Key, KeyRefused] | None = None
        self._standing = self._unknown()

    def start_over(self) -> None:
        """Forget what Uru said, which was about another key."""
        self._answered = float("-inf")
        self._standing = self._unknown()

    def start(self, tasks: TaskGroup) -> None:
        """Ask from now on in this task group."""
        self._tasks = tasks

    @property
    def standing(self) -> Standing:
        """How the key stands as far as is known. A grant that nobody has confirmed for `GRACE` seconds is none."""
        if self._standing.trouble is None and self._clock() - self._answered >= GRACE:
            last = self._standing
            self._standing = Standing(record=last.record, trouble=last.doubt or _silence(), key=last.key)
        return self._standing

    async def current(self) -> Standing:
        """The standing, asked again when it is old, was bad, or is in doubt, and when the key may be another one."""
        return await self._as_of(self._good_for())

    def doubt(self) -> None:
        """Ask again before the standing is next relied on: Uru has refused what it seemed to grant."""
        self._is_doubted = True

    async def recent(self) -> Standing:
        """The standing as Uru sees it now, for a list, and for a second look before something is refused.

        Where Uru has just refused the key, or has not answered, it is as of a few seconds ago.
        """
        last = self._standing
        is_bad = last.doubt is not None or last.is_refused or isinstance(last.trouble, KeyUnavailable)
        return await (self._as_of(RECENT) if is_bad else self.ask())

    async def may_be_of_another_key(self) -> bool:
        """Whether all that is known may be about a key that is not in use any more."""
        return await self._keyring.may_have_changed()

    async def after_refusal(self, key: Key | None) -> Standing:
        """The standing now that a request with this key was refused; a key that has ended is not asked about again."""
        if self._standing.key in (key, None) and not self._standing.is_refused:
            return await self.ask()
        return self.standing

    def refusal_of(self, key: Key | None) -> KeyRefused | None:
        """What Uru said of this key when it was last asked about it, if that was that it is no good."""
        return self._refusal[1] if self._refusal is not None and self._refusal[0] == key else None

    async def ask(self) -> Standing:
        """The standing as Uru sees it from now on."""
        came = self._clock()
        await self._join()
        if self._began < came:
            await self._join()
        return self.standing

    async def _as_of(self, seconds: float) -> Standing:
        """The standing of so many seconds ago, or a later one."""
        if await self.may_be_of_another_key() or (self._is_doubted and not self._standing.is_refused):
            return await self.ask()
        if self._clock() - self._began >= seconds:
            await self._join()
        return self.standing

    def _good_for(self) -> float:
        """Seconds that the answer may be used without asking again."""
        last = self._standing
        if last.doubt is not None or last.is_refused or isinstance(last.trouble, KeyUnavailable):
            return RECENT
        return FRESH if self.standing.trouble is None else 0.0

    async def _join(self) -> None:
        """Wait for the question under way, or put one."""
        if self._asking is None:
            self._asking = anyio.Event()
            self._tasks.start_soon(self._ask, self._asking)
        await self._asking.wait()

    async def _ask(self, done: anyio.Event) -> None:
        began = self._clock()
        self._is_doubted = False
        try:
            self._standing = await self._answer()
        except Exception as error:  # boundary: what nobody foresaw closes the gate and does not end the process
            log.exception("the key could not be asked about")
            self._standing = Standing(trouble=unforeseen(error))
        finally:
            self._began = began
            self._asking = None
            done.set()
        log.info("the key's state is %s", self._standing.state)

    async def _answer(self) -> Standing:
        """What Uru says of the key, or of the one that has come in its place when Uru refuses it."""
        try:
            key = await self._keyring.current()
            standing = await self._answer_about(key)
            if isinstance(standing.trouble, KeyRefused) and await self._keyring.after_refusal(key) != key:
                standing = await self._answer_about(await self._keyring.current())
        except KeyUnavailable as error:
            return Standing(trouble=error)
        return standing

    async def _answer_about(self, key: Key) -> Standing:
        standing = replace(await self._asked_about(key), key=key)
        if isinstance(standing.trouble, KeyRefused):
            self._refusal = (key, standing.trouble)
        elif self.refusal_of(key) is not None:
            self._refusal = None
        return standing

    async def _asked_about(self, key: Key) -> Standing:
        known = Standing(workspace=self._configured())
        until = time.monotonic() + ASK_WITHIN
        try:
            record = await self._client.key_record(key, within=ASK_WITHIN)
            if record is not None:
                known = self._known(record)
            if record is None or not self._names_the_workspace(record):
                await self._client.check_workspace(key, within=until - time.monotonic())
        except KeyRefused as error:
            return Standing(trouble=error)
        except WorkspaceProblem as error:
            return replace(known, grant=known.grant or self._declared(), workspace=None, trouble=error)
        except UruError as error:
            return self._unanswered(error)
        self._answered = self._clock()
        return known if record is not None else replace(known, grant=Grant(None, self._ceiling))

    def _known(self, record: KeyRecord) -> Standing:
        """Raises: `KeyRefused` when the record says that the key has ended."""
        status = (record.status or "active").lower()
        if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
            status = "expired"
        if status != "active":
            code, message = ENDED.get(status, ("key_rejected", f"Uru says that this API key is {status[:40]}."))
            raise KeyRefused(message, fix=new_key(self._keyring.source.steps), code=code)
        grant = Grant(record.permissions, self._ceiling, record.unknown_permissions)
        workspace = record.workspace if self._names_the_workspace(record) else self._configured()
        return Standing(grant=grant, record=record, workspace=workspace)

    def _names_the_workspace(self, record: KeyRecord) -> bool:
        if record.workspace is None or record.workspace.id is None:
            return False
        return self._workspace_id in (None, record.workspace.id)

    def _configured(self) -> Workspace | None:
        return None if self._workspace_id is None else Workspace(self._workspace_id, None)

    def _declared(self) -> Grant | None:
        return None if self._ceiling is None else Grant(None, self._ceiling)

    def _unknown(self) -> Standing:
        if self._keyring.in_use is not None:
            return Standing(trouble=_silence())
        message = f"The key has not come yet from where {self._keyring.source.name} says."
        return Standing(
            trouble=NoAnswer(message, fix="Try again in a moment; a password manager may wait for the user.")
        )

    def _unanswered(self, error: UruError) -> Standing:
        """The last grant for as long as it may hold, then none."""
        last = self.standing
        if last.trouble is None:
            return replace(last, doubt=error)
        return Standing(record=last.record, trouble=error)


def _silence() -> NoAnswer:
    return NoAnswer("Uru has not answered yet.", fix="Try again in a moment.")
