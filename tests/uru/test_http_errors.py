"""What a status means for a run that was sent: either it proves that nothing was begun, or nobody knows."""

from __future__ import annotations

import pytest

from tests.world import Uru, connector
from uru_mcp.uru.error_body import read_error_body
from uru_mcp.uru.http_errors import refusal

NOT_BEGUN = [
    *(301, 302, 307, 308, 400, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417),
    *(421, 422, 423, 426, 428, 429, 431, 451, 494, 495, 496, 497),
]
UNKNOWN = [
    *(303, 408, 418, 419, 420, 424, 425, 444, 460, 463, 498, 499, 500, 501, 502, 503, 504, 505, 507, 508, 509, 511),
    *(*range(520, 531), 540, 561, 598, 599, 600, 999),
]


def judged(status: int, *, is_run: bool, body: str = "") -> tuple[str, bool]:
    """The code of its error, and whether it is tried again."""
    error_body = read_error_body(body)
    error = refusal(status, error_body, retry_after=None, is_call=True, is_run=is_run, steps="there")
    return error.code, error.retryable


@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", '{"error": {"message": "no"}}'])
def test_a_run_is_unconfirmed_unless_its_status_proves_that_it_was_not_begun(body: str) -> None:
    assert [status for status in NOT_BEGUN if judged(status, is_run=True, body=body)[0] == "unconfirmed"] == []
    assert [status for status in UNKNOWN if judged(status, is_run=True, body=body)[0] != "unconfirmed"] == []


def test_a_status_that_nobody_thought_of_is_unconfirmed() -> None:
    for status in range(400, 1000):
        if status != 401 and status not in NOT_BEGUN:
            assert judged(status, is_run=True)[0] == "unconfirmed", status


def test_a_read_is_tried_again_where_that_may_help() -> None:
    for status in (408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530):
        assert judged(status, is_run=False)[1], status
    for status in (400, 403, 404, 409, 422):
        assert not judged(status, is_run=False)[1], status


@pytest.mark.parametrize("status", [408, 425, 499, 520, 524, 530, 444])
async def test_a_run_that_a_gateway_gave_up_is_sent_once_and_said_to_be_unconfirmed(uru: Uru, status: int) -> None:
    async with connector(uru, "legacy")({"execute"}) as claude:
        await claude.tools()
        uru.faults.status("/execute/", status)
        error = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
    assert error["code"] == "unconfirmed"
    assert uru.sent("/execute/") == 1
