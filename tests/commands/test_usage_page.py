"""`uru-mcp usage --html` writes the sums of a log as one page, which needs no server and trusts no name."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.sandbox.web.browsing import NARROW, NEEDS_CHROMIUM, WIDE, chromium, person_at
from tests.sandbox.web.test_pages import check
from uru_mcp.access.policy import EXECUTE, READ
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.entry import Entry
from uru_mcp.cli import main
from uru_mcp.permissions import EVERYTHING
from uru_mcp.untrusted_input.redaction import Redaction

CALL = Entry(
    datetime(2026, 7, 3, 9, tzinfo=UTC),
    "platform__context_query",
    "ok",
    needs=READ,
    granted=EVERYTHING,
    ms=1234,
    chars_out=3_000,
    key="cdef",
)
LATER = CALL._replace(time=CALL.time + timedelta(days=9), tool="company_demo__LOG_NOTE", needs=EXECUTE)
REFUSED = LATER._replace(outcome="insufficient_permission")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "audit.jsonl"
    audit = AuditLog(file, Redaction())
    for entry in (CALL, CALL, LATER, REFUSED, CALL._replace(tool=SCRIPT), CALL._replace(tool="W" * 200)):
        audit.append(entry)
    return file


def write(log: Path, page: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["usage", str(log), "--html", str(page), *words], env={"URU_AUDIT_LOG": None})


def test_the_page_has_the_sums_the_advice_and_a_column_for_each_day(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "usage.html"
    assert write(log, page).output == f"{page} has the sums of 6 calls, to read in a browser.\n"
    html = page.read_text("utf-8")
    assert "6 calls, 1 failed" in html
    assert "In these 10 days, no call needed Write; a key with Read and Execute is enough." in html
    columns = re.findall(r'<rect class="bar-(\w+)" x="([\d.]+)"', html[: html.index("</figure>")])
    assert columns == [("base", "0"), ("succeeded", "1.25"), ("succeeded", "91.25"), ("failed", "91.25")]
    assert "1,234" in html
    assert page.stat().st_mode & 0o077 == 0


def test_names_are_text_and_nothing_is_loaded(log: Path, tmp_path: Path) -> None:
    write(log, tmp_path / "usage.html")
    html = (tmp_path / "usage.html").read_text("utf-8")
    assert "&lt;script&gt;" in html
    assert not re.search(r"<script|https?:|url\(|@import|src=|href=", html)


def test_a_key_that_somebody_wrote_into_the_log_is_not_on_the_page(log: Path, tmp_path: Path) -> None:
    with log.open("a") as opened:
        opened.write(json.dumps({"time": "2026-07-03T09:00:00Z", "tool": "uru_test_" + "0" * 40, "outcome": "ok"}))
    write(log, tmp_path / "usage.html")
    assert "0" * 9 not in (tmp_path / "usage.html").read_text("utf-8")


def test_a_log_without_a_call_makes_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").touch()
    assert write(tmp_path / "audit.jsonl", tmp_path / "usage.html").exit_code == 0
    assert "It holds no call yet." in (tmp_path / "usage.html").read_text("utf-8")


def test_the_log_itself_is_not_written_over(log: Path) -> None:
    older = log.with_name("audit.jsonl.1")
    older.write_bytes(log.read_bytes())
    for file in (log, older):
        before = file.read_bytes()
        ran = write(log, file)
        assert (ran.exit_code, "stays as it is" in ran.output) == (2, True)
        assert file.read_bytes() == before


def test_a_file_that_exists_is_replaced_only_with_force(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "notes.html"
    page.write_text("mine")
    ran = write(log, page)
    assert (ran.exit_code, page.read_text()) == (1, "mine")
    assert "exists" in ran.output
    assert "--force" in ran.output
    assert write(log, page, "--force").exit_code == 0
    assert "6 calls, 1 failed" in page.read_text("utf-8")


def test_what_cannot_be_done_is_said(log: Path, tmp_path: Path) -> None:
    assert "cannot be written" in write(log, log / "usage.html").output
    assert "choose one" in write(log, tmp_path / "usage.html", "--json").output


@NEEDS_CHROMIUM
@pytest.mark.timeout(120)
async def test_the_page_reads_well_on_a_desk_and_in_a_hand(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "usage.html"
    write(log, page)
    async with chromium() as browser, person_at(browser) as person:
        await person.page.goto(page.as_uri())
        for viewport in (WIDE, NARROW):
            await person.page.set_viewport_size(viewport)
            await check(person.page)
        assert await person.page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px"
        assert person.complaints == []
