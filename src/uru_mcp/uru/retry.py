"""Whether a read is tried again, and how long to wait before it and between looks; pure, so that it can be tabled.

Runs and writes are never tried again: a lost answer may hide work that was done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 4
LONGEST = 86_400.0  # seconds; what asks for more asks for a day
LONGEST_PAUSE = 900.0  # seconds; the ceiling of a pause after looks that failed
SHORTEST_TRY = 0.5  # seconds; in less, the answer would only be worse than the one that is there
FIRST_WAIT = 0.25  # seconds; the ceiling of the first wait, doubled for each later one

RETRYABLE_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})


def wait_before(attempt: int, *, retry_after: float | None, left: float, random: Callable[[], float]) -> float | None:
    """Seconds to wait before try number `attempt` (2 is the first repetition), or None to give up.

    Full jitter, never less than the `retry_after` seconds that Uru asked for, and never a wait after which the
    `left` seconds of the call hold no other try.
    """
    if attempt > ATTEMPTS:
        return None
    wait = random() * FIRST_WAIT * 2 ** (attempt - 2)
    wait = max(wait, retry_after or 0.0)
    return wait if wait + SHORTEST_TRY < left else None


def pause_after(failures: int, *, interval: float, retry_after: float | None, random: Callable[[], float]) -> float:
    """Seconds until the next look, when the last `failures` looks failed: the `interval`, or full jitter.

    Never less than the `retry_after` seconds that Uru asked for. Source: the Node client.
    """
    if not failures:
        return interval
    longest = min(LONGEST_PAUSE, interval * 2.0 ** min(failures, 30))  # whose power no float could hold otherwise
    return max(random() * longest, retry_after or 0.0)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds from a `Retry-After` header, which is a number of seconds or an HTTP date; None when it is neither."""
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
