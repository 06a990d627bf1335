"""A short run of `proofs/fuzz.py`, and what it demands."""

from __future__ import annotations

from typing import Any

import pytest
from proofs.fuzz import ERAS, feed_lines, read_bodies, wanted


@pytest.mark.parametrize("era", ERAS)
async def test_a_process_bears_spoilt_lines_and_answers_every_request(era: str) -> None:
    await feed_lines(200, 7, era)


def test_the_readers_bear_spoilt_bodies() -> None:
    read_bodies(3_000, 7)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b'{"jsonrpc": "2.0", "id": 1001, "method": "ping"}', 1001),
        (b'{"jsonrpc": "2.0", "id": "id 1001", "method": "x", "params": {}}', "id 1001"),
        (b'{"jsonrpc": "2.0", "id": 1001, "method": "ping", "params": 7}', None),
        (b'{"jsonrpc": "2.0", "method": "ping"}', None),
        (b'{"jsonrpc": "2.0", "id": 1001, "result": {}}', None),
        (b'{"jsonrpc": "2.0", "id": 1001, "method": "ping"', None),
    ],
)
def test_what_must_be_answered_is_known(line: bytes, number: Any) -> None:
    assert wanted(line) == number
