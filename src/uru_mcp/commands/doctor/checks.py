"""Checks, one after another: each has a verdict, and when something is wrong, a remedy."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from uru_mcp.errors import UruError, unforeseen
from uru_mcp.untrusted_input.redaction import Redaction

LONGEST = 40.0  # seconds for one check; what it asks has shorter limits of its own

Verdict = Literal["ok", "warning", "failed", "skipped"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen, and how it is to be mended where it is wrong."""

    verdict: Verdict
    seen: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A finding, and the name of what was looked at."""

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
    """The finding that an error is, in its own words."""
    return Finding("failed", error.message, error.fix)


class Examination:
    """Makes checks and tells each as soon as it is made; `begin` hears the name before that.

    What rests on a check that failed is skipped and names it, so that a fault is told once.
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
        """Make a check, which ends in time and raises nothing, unless one that it comes `after` has not been passed."""
        reason = next((self._reasons[one] for one in after if one in self._reasons), None)
        if reason is not None:
            self.skip(name, reason)
            return
        self._begin(name)
        self.tell(name, await _found(look))

    def skip(self, name: str, reason: str | None = None) -> None:
        """Tell that it was not looked at, because a check failed: that one, or the first that did."""
        reason = reason or next(iter(self._reasons), None)
        if reason is not None:
            self._reasons[name] = reason
        self.tell(name, skipped(f"because this failed: {reason}" if reason else "there is no Uru to look at"))

    def tell(self, name: str, finding: Finding) -> None:
        """Tell what was found. Several findings may have one name."""
        if finding.verdict == "failed":
            self._reasons[name] = name
        text = self._redaction.text
        check = Check(name, finding.verdict, text(finding.seen), finding.remedy and text(finding.remedy))
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
    except Exception as error:  # boundary: the other checks are made all the same
        log.exception("a check failed inside")
        return failed(unforeseen(error))
