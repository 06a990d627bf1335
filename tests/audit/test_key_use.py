"""The use of a key by day, and the count of requests, from files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.entry import Entry
from uru_mcp.audit.key_use import DAYS, first_day, use_by_day
from uru_mcp.audit.request_count import RequestCount
from uru_mcp.untrusted_input.redaction import Redaction

NOW = datetime(2026, 7, 14, 9, 30, tzinfo=UTC)


def test_calls_are_counted_by_day_and_kind_for_the_key_in_use_alone() -> None:
    yesterday = NOW - timedelta(days=1)
    entries = [
        Entry(NOW, "uru_whoami", "ok", key="cdef"),
        Entry(NOW, "uru_whoami", "ok", key="other"),
        Entry(yesterday, "platform__context_edit", "insufficient_permission", key="cdef"),
        Entry(yesterday, "platform__context_query", "timed_out", key="cdef"),
        Entry(NOW - timedelta(days=40), "uru_whoami", "ok", key="cdef"),
        None,
    ]
    use = use_by_day(entries, "cdef", NOW)
    assert len(use["days"]) == DAYS
    assert use["days"][0]["day"] == first_day(NOW).date().isoformat() == "2026-06-15"
    assert use["days"][-1] == {"day": "2026-07-14", "done": 1, "refused": 0, "failed": 0}
    assert use["days"][-2] == {"day": "2026-07-13", "done": 0, "refused": 1, "failed": 1}
    assert (use["calls"], use["first"]) == (3, "2026-07-13")


def test_a_log_is_read_from_its_newest_files_and_torn_lines_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    log = AuditLog(file, Redaction(), limit=1_000)
    now = datetime.now(UTC)
    for number in range(12):
        log.append(Entry(now, f"tool_{number}", "ok", key="cdef"))
    with file.open("a") as opened:
        opened.write('{"time": "torn')
    found = [entry.tool for entry in log.since(first_day(now)) if entry is not None]
    assert len(list(tmp_path.iterdir())) > 1
    assert found == sorted(found, key=lambda name: int(name.removeprefix("tool_")))
    assert found[-1] == "tool_11"
    assert list(log.since(now + timedelta(days=1))) == []
    assert list(AuditLog(tmp_path / "none", Redaction()).since(now)) == []


def test_what_uru_counts_beyond_what_was_sent_here_was_sent_elsewhere(tmp_path: Path) -> None:
    here, also_here = (RequestCount(tmp_path / "audit.log") for _ in range(2))
    here.sent("cdef")  # before anything is known
    assert here.elsewhere("cdef", 100) is None
    here.begin("cdef", 100)
    also_here.begin("cdef", 500)  # it has begun
    for count in (here, also_here, also_here):
        count.sent("cdef")
    assert here.elsewhere("cdef", 103) is None
    assert here.elsewhere("cdef", 104) is None, "the first request may have come after the count"
    stolen = also_here.elsewhere("cdef", 116)
    assert stolen is not None
    assert stolen["requests"] == 12
    assert here.elsewhere("another", 116) is None


@pytest.mark.parametrize("content", ["", "{}", "nonsense", '{"since": "never", "total": 1}\n...', "[1]\n"])
def test_a_count_that_cannot_be_read_begins_anew_and_accuses_nobody(tmp_path: Path, content: str) -> None:
    file = tmp_path / "audit.log.requests-cdef"
    file.write_text(content)
    count = RequestCount(tmp_path / "audit.log")
    assert count.elsewhere("cdef", 1_000) is None
    count.begin("cdef", 1_000)
    assert json.loads(file.read_text().splitlines()[0])["total"] == 1_000


def test_a_count_of_uru_that_begins_anew_is_followed(tmp_path: Path) -> None:
    count = RequestCount(tmp_path / "audit.log")
    count.begin("cdef", 1_000)
    assert count.elsewhere("cdef", 3) is None
    count.begin("cdef", 3)
    stolen = count.elsewhere("cdef", 10)
    assert stolen is not None
    assert stolen["requests"] == 7


@pytest.mark.parametrize("refused", ["link", "directory"])
def test_nothing_is_created_beside_a_log_that_is_refused(tmp_path: Path, refused: str) -> None:
    log = tmp_path / "audit.log"
    if refused == "link":
        log.symlink_to(tmp_path / "foreign.log")
    else:
        log.mkdir()
    count = RequestCount(log)
    count.sent("cdef")
    count.begin("cdef", 1_000)
    assert set(tmp_path.iterdir()) <= {log, tmp_path / "foreign.log"}
    (log.rmdir if log.is_dir() else log.unlink)()
    count.begin("cdef", 1_000)
    assert (tmp_path / "audit.log.requests-cdef").exists(), "it begins once the log can be written"


def test_a_key_with_signs_of_a_path_in_it_names_a_file_beside_the_log(tmp_path: Path) -> None:
    count = RequestCount(tmp_path / "audit.log")
    count.begin("/../", 1)
    assert [one.name for one in tmp_path.iterdir()] == ["audit.log.requests-____"]
