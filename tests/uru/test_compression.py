"""Bodies in a coding: read in one that is common, refused in others, and decoded within limits."""

from __future__ import annotations

import gzip
import json
import math
import time
import zlib
from itertools import count

import pytest

from tests.hostile import coded, empty_blocks, raw_deflate
from tests.world import Connect, Uru
from uru_mcp.sandbox.serve import serving
from uru_mcp.uru.compression import TooLong, UnknownCoding, coding_of, decoded

RUN = {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}}
ANSWER = json.dumps({"data": "done" * 5_000, "successful": True}).encode()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(ANSWER)),
        ("GZIP", gzip.compress(ANSWER, 0)),
        ("x-gzip", gzip.compress(ANSWER)),
        ("identity, gzip", gzip.compress(ANSWER)),
        ("deflate", zlib.compress(ANSWER)),
        ("deflate", raw_deflate(ANSWER)),
        ("identity", ANSWER),
        ("", ANSWER),
        ("gzip", gzip.compress(ANSWER) + b"garbage behind it"),
    ],
    ids=count(),
)
async def test_an_answer_in_a_common_coding_is_read(connect_once: Connect, uru: Uru, coding: str, body: bytes) -> None:
    uru.faults.status("/execute/", 200, body=body, headers=coded(coding))
    async with serving(uru.sandbox) as url, connect_once({"execute"}, url=url) as claude:
        assert (await claude.data("uru_execute", RUN))["data"] == "done" * 5_000


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(ANSWER))),
        ("deflate, gzip", gzip.compress(zlib.compress(ANSWER))),
        ("br", b"\x0b\x02\x80[1]\x03"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("gzip2", ANSWER),
        ("gzip", gzip.compress(ANSWER)[:-10]),
        ("gzip", ANSWER),
        ("gzip", gzip.compress(ANSWER)[:40] + b"\xff" * 40),
        ("gzip", b""),
        ("gzip", gzip.compress(b"") + gzip.compress(ANSWER)),
        ("deflate", b"\x78\x9c" + b"\xff" * 50),
        ("gzip", empty_blocks(1_000)),
    ],
    ids=count(),
)
async def test_an_answer_that_cannot_be_decoded_is_unconfirmed_or_unreadable(
    connect_once: Connect, uru: Uru, coding: str, body: bytes
) -> None:
    uru.faults.status("/execute/", 200, body=body, headers=coded(coding))
    async with serving(uru.sandbox) as url, connect_once(url=url, CALL_DEADLINE="20") as claude:
        assert (await claude.error("uru_execute", RUN))["code"] == "unconfirmed"
        assert (await claude.error("platform__context_query", {"op": "list"}))["code"] == "upstream_failed"
    assert uru.sent("/execute/company_demo") == 1


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br"])
async def test_an_error_in_a_coding_keeps_its_status_and_its_words_where_they_can_be_read(
    connect_once: Connect, uru: Uru, coding: str
) -> None:
    body = gzip.compress(json.dumps({"message": "the mailbox is full"}).encode())
    uru.faults.status("/execute/", 422, body=body, headers=coded(coding))
    async with serving(uru.sandbox) as url, connect_once({"execute"}, url=url) as claude:
        error = await claude.error("uru_execute", RUN)
    assert error["code"] == "upstream_failed"
    assert "(422)" in error["message"]
    assert ("the mailbox is full" in error["message"]) == (coding == "gzip")


async def test_uru_is_asked_for_no_coding_but_one_that_is_read(connect_once: Connect, uru: Uru) -> None:
    async with connect_once() as claude:
        await claude.tools()
    assert {request.headers.get("accept-encoding") for request in uru.sandbox.requests} == {"gzip"}


def test_what_comes_out_and_how_long_it_takes_have_limits() -> None:
    body = gzip.compress(b" " * 1_000_001)
    assert len(decoded(body, "gzip", at_most=1_000_001, until=math.inf)) == 1_000_001
    with pytest.raises(TooLong):
        decoded(body, "gzip", at_most=1_000_000, until=math.inf)
    with pytest.raises(TimeoutError):
        decoded(empty_blocks(100_000), "gzip", at_most=10, until=time.monotonic() - 1)


@pytest.mark.parametrize("stated", ["gzip,gzip", "gzip , deflate", "br", "*", "identity;q=1", "x" * 100_000])
def test_other_codings_are_refused(stated: str) -> None:
    with pytest.raises(UnknownCoding):
        coding_of(stated)
