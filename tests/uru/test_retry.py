from __future__ import annotations

from datetime import UTC, datetime

import pytest

from uru_mcp.uru.retry import ATTEMPTS, SHORTEST_TRY, parse_retry_after, wait_before

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_waits_grow_with_full_jitter_and_end_after_the_last_try() -> None:
    longest = [wait_before(n, retry_after=None, left=60, random=lambda: 1.0) for n in range(2, ATTEMPTS + 2)]
    assert longest == [0.25, 0.5, 1.0, None]
    assert wait_before(4, retry_after=None, left=60, random=lambda: 0.0) == 0.0


def test_uru_s_own_word_is_the_least_that_is_waited() -> None:
    assert wait_before(2, retry_after=3.0, left=60, random=lambda: 0.5) == 3.0


def test_a_wait_that_the_deadline_cannot_hold_is_not_begun() -> None:
    assert wait_before(2, retry_after=30.0, left=10, random=lambda: 0.5) is None
    assert wait_before(2, retry_after=None, left=0.0, random=lambda: 0.0) is None


def test_what_is_left_must_hold_the_next_try_too() -> None:
    assert wait_before(2, retry_after=None, left=SHORTEST_TRY + 0.1, random=lambda: 0.0) == 0.0
    assert wait_before(2, retry_after=None, left=SHORTEST_TRY - 0.1, random=lambda: 0.0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 86_400.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", 3.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=NOW) == seconds
