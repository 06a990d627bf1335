"""Which workspace and grant the key has now, and what is wrong when it has none.

The only place that decides what a refused key means, and that has another one looked for. It fails closed: what is not
known is not granted. It knows no tools; `gate.py` compares what it finds here with what a tool needs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup

from uru_mcp import messages
from uru_mcp.client import UruClient
from uru_mcp.errors import KeyRefused, KeyUnavailable, NoAnswer, UruError, WorkspaceProblem, unforeseen
from uru_mcp.evidence import GRACE, Evidence
from uru_mcp.introspection import Introspection, ended
from uru_mcp.key import Key
from uru_mcp.key_record import KeyRecord
from uru_mcp.key_status import Standing
from uru_mcp.keyring import Keyring
from uru_mcp.permissions import Permissions
from uru_mcp.wire import Workspace

FRESH = 60.0  # seconds that a good answer is good for
RECENT = 10.0  # seconds before a refused key, or an Uru that did not answer, is tried again

log = logging.getLogger(__name__)


class Identity:
    """Asks Uru about the key, one question at a time however many calls wait for it, and remembers the answer.

    A question goes on when those who wait for it give up, so that a slow Uru is heard in the end. Enter a task group
    with `start` before the first question. `on_question` is called with the key when one begins.
    """

    def __init__(
        self,
        client: UruClient,
        keyring: Keyring,
        *,
        declared: Permissions | None,
        workspace_id: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._introspection = Introspection(client, clock)
        self._keyring = keyring
        self._declared = declared
        self._workspace_id = workspace_id
        self._clock = clock
        self._tasks: TaskGroup
        self._asking: anyio.Event | None = None
        self._began = float("-inf")
        self._answered = float("-inf")
        self._is_doubted = False
        self._refusal: tuple[Key, KeyRefused] | None = None
        self._evidence = Evidence(None, declared, clock)
        self._standing = self._unknown()
        self.on_question: Callable[[Key], None] = lambda _: None

    def start_over(self) -> None:
        """Forget what Uru said, which was about another key."""
        self._answered = float("-inf")
        self._evidence = Evidence(None, self._declared, self._clock)
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
        self._standing = self._with_evidence(self._standing)
        return self._standing

    def _with_evidence(self, standing: Standing) -> Standing:
        """The same with what is known by now of the grant, or the value itself where nothing has changed."""
        evidence = self._evidence
        if standing.grant is None or standing.key != evidence.key:
            return standing
        grant, record = evidence.grant, evidence.record
        if (grant, record) == (standing.grant, standing.record):
            return standing
        workspace = standing.workspace
        if standing.trouble is None and workspace is None:
            workspace = self._workspace(record)
        return replace(standing, grant=grant, record=record, workspace=workspace)

    @property
    def needs_a_look(self) -> bool:
        """Whether nothing is told or declared, so that only a harmless read can show whether the key has Read."""
        standing = self.standing
        return standing.trouble is None and standing.key == self._evidence.key and self._evidence.needs_a_look

    def show(self, key: Key | None, permissions: Permissions) -> None:
        """Note that a call with this key, which needs these permissions, has succeeded."""
        if key is not None and key == self._evidence.key:
            self._evidence.show(permissions)

    def refuse(self, key: Key | None, missing: Permissions, granted: Permissions | None) -> None:
        """Note that Uru refused a call with this key for missing permissions, and what it said that the key has."""
        if key is not None and key == self._evidence.key:
            self._evidence.refuse(missing, granted)

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
        if self._evidence.key != key:
            self._evidence = Evidence(key, self._declared, self._clock)
        self.on_question(key)
        evidence, told_before = self._evidence, self._evidence.told_times
        try:
            await self._introspection.look(evidence, self._tasks, suffices=self._suffices)
        except KeyRefused as error:
            return Standing(trouble=error)
        except WorkspaceProblem as error:
            return Standing(grant=evidence.grant, record=evidence.record, trouble=error)
        except UruError as error:
            is_told = evidence.told_times > told_before
            refusal = self._ended(evidence.record) if is_told else None
            if refusal is not None or not is_told:
                return Standing(trouble=refusal) if refusal is not None else self._unanswered(error)
        self._answered = self._clock()
        record = evidence.record
        return Standing(
            grant=evidence.grant,
            record=record,
            workspace=self._workspace(record),
            contradiction=self._ended(record),
        )

    def _suffices(self, record: KeyRecord | None) -> bool:
        """Whether a record shows that the key is accepted, in the workspace that is meant."""
        named = record.workspace.id if record is not None and record.workspace is not None else None
        return named is not None and self._workspace_id in (None, named) and self._ended(record) is None

    def _ended(self, record: KeyRecord | None) -> KeyRefused | None:
        return ended(record, self._keyring.source.steps)

    def _workspace(self, record: KeyRecord | None) -> Workspace | None:
        """The one that the record names, unless the user fixed another one."""
        named = record.workspace if record is not None else None
        if named is not None and named.id is not None and self._workspace_id in (None, named.id):
            return named
        return None if self._workspace_id is None else Workspace(self._workspace_id, None)

    def _unknown(self) -> Standing:
        if self._keyring.in_use is not None:
            return Standing(trouble=_silence())
        message = messages.KEY_HAS_NOT_COME.format(name=self._keyring.source.name)
        return Standing(trouble=NoAnswer(message, fix=messages.WAITING_FOR_SOURCE))

    def _unanswered(self, error: UruError) -> Standing:
        """The last grant for as long as it may hold, then none."""
        last = self.standing
        if last.trouble is None:
            return replace(last, doubt=error)
        return Standing(record=last.record, trouble=error)


def _silence() -> NoAnswer:
    return NoAnswer(messages.NOT_ANSWERED_YET, fix=messages.TRY_IN_A_MOMENT)
