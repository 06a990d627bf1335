"""Decides whether to retry a read, and computes backoff delays and polling intervals; pure.

Runs and writes are never retried: they may have taken effect although the response was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 4
LONGEST = 86_400.0  # seconds; the maximum of a `Retry-After`
LONGEST_PAUSE = 900.0  # seconds; the maximum pause after failed polls
SHORTEST_TRY = 0.5  # seconds; with less time left, a retry would probably end in a timeout
FIRST_WAIT = 0.25  # seconds; the maximum of the first wait, doubled for each later one

RETRYABLE_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})


def wait_before(attempt: int, *, retry_after: float | None, left: float, random: Callable[[], float]) -> float | None:
    """Seconds to wait before attempt number `attempt` (2 is the first retry), or None to give up.

    The wait has full jitter and is at least the `retry_after` seconds that Uru asked for. It is None if the `left`
    seconds of the call would not allow another attempt.
    """
    if attempt > ATTEMPTS:
        return None
    wait = random() * FIRST_WAIT * 2 ** (attempt - 2)
    wait = max(wait, retry_after or 0.0)
    return wait if wait + SHORTEST_TRY < left else None


def pause_after(failures: int, *, interval: float, retry_after: float | None, random: Callable[[], float]) -> float:
    """Seconds until the next poll: the `interval`, or full jitter after `failures` failed polls in a row.

    Never less than the `retry_after` seconds that Uru asked for. Source: the Node client.
    """
    if not failures:
        return interval
    longest = min(LONGEST_PAUSE, interval * 2.0 ** min(failures, 30))  # a larger exponent could overflow a float
    return max(random() * longest, retry_after or 0.0)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Parse a `Retry-After` header, a number of seconds or an HTTP date, into seconds; None if it is neither."""
    if not value:
        return None
    if value.strip().isdecimal():
        return min(float(value.strip()[:9]), LONGEST)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST)
