"""Runs checks in order and collects their findings, each with a verdict and, if needed, a fix."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from uru_mcp.errors import UruError, unforeseen
from uru_mcp.messages.person_wording import about_client
from uru_mcp.untrusted_input.redaction import Redaction

NO_URU = "there is no Uru to check"
LONGEST = 40.0  # seconds for one check; its requests have shorter timeouts

Verdict = Literal["ok", "warning", "failed", "skipped"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and the fix if something is wrong."""

    verdict: Verdict
    seen: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A finding, and the name of the check."""

    name: str
    verdict: Verdict
    seen: str
    remedy: str | None


Look = Callable[[], Awaitable[Finding]]


def ok(seen: str) -> Finding:
    return Finding("ok", seen)


def skipped(seen: str) -> Finding:
    return Finding("skipped", seen)


def failed(error: UruError) -> Finding:
    """A failed finding with an error's message and fix."""
    return Finding("failed", error.message, error.fix)


class Examination:
    """Runs checks and reports each through `tell` as soon as it is done; `begin` gets its name before it starts.

    A check that depends on a failed one is skipped and names it, so that each problem is reported once.
    """

    def __init__(
        self, redaction: Redaction, *, begin: Callable[[str], object], tell: Callable[[Check], object]
    ) -> None:
        self.checks: list[Check] = []
        self._redaction = redaction
        self._begin = begin
        self._tell = tell
        self._reasons: dict[str, str] = {}

    @property
    def is_well(self) -> bool:
        """Whether nothing failed."""
        return all(check.verdict != "failed" for check in self.checks)

    async def look(self, name: str, look: Look, *, after: tuple[str, ...] = ()) -> None:
        """Run a check with a timeout, without raising, or skip it if one of those in `after` has failed."""
        reason = next((self._reasons[one] for one in after if one in self._reasons), None)
        if reason is not None:
            self.skip(name, reason)
            return
        self.begin(name)
        self.tell(name, await _found(look))

    def begin(self, name: str) -> None:
        """Show that a check has begun."""
        self._begin(name)

    def skip(self, name: str, reason: str | None = None) -> None:
        """Report that a check was skipped because another failed: the given one, or the first that did."""
        reason = reason or next(iter(self._reasons), None)
        if reason is not None:
            self._reasons[name] = reason
        self.tell(name, skipped(f"because this failed: {reason}" if reason else NO_URU))

    def tell(self, name: str, finding: Finding) -> None:
        """Report a finding. Several findings may have the same name."""
        if finding.verdict == "failed":
            self._reasons[name] = name
        seen, remedy = (about_client(self._redaction.text(text or "")) for text in (finding.seen, finding.remedy))
        check = Check(name, finding.verdict, seen, remedy or None)
        self.checks.append(check)
        self._tell(check)


async def _found(look: Look) -> Finding:
    try:
        with anyio.fail_after(LONGEST):
            return await look()
    except UruError as error:
        return failed(error)
    except TimeoutError:
        return Finding("failed", f"There was no answer within {LONGEST:g} seconds.", "Try again in a minute.")
    except Exception as error:  # boundary: the other checks must still run
        log.exception("a check failed inside")
        return failed(unforeseen(error))
