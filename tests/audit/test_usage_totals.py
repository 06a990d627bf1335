"""`uru-mcp usage` adds an audit log up, for people and for machines."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.process import SYSTEM, URU_MCP
from tests.world import Connect
from uru_mcp.access.policy import EXECUTE, READ, WRITE
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.entry import Entry
from uru_mcp.cli import main
from uru_mcp.permissions import EVERYTHING, NOTHING, Permissions
from uru_mcp.untrusted_input.redaction import Redaction

READ_CALL = Entry(
    datetime(2026, 7, 3, 9, tzinfo=UTC),
    "platform__context_query",
    "ok",
    via="uru_read",
    needs=READ,
    granted=EVERYTHING,
    ms=100,
    chars_in=40,
    chars_out=3_000,
    key="cdef",
)
RUN = READ_CALL._replace(time=datetime(2026, 7, 14, 23, 59, tzinfo=UTC), tool="company_demo__LOG_NOTE", needs=EXECUTE)
REFUSED = RUN._replace(outcome="insufficient_permission", ms=1, chars_out=300)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def write(file: Path, *entries: Entry) -> None:
    audit = AuditLog(file, Redaction())
    for entry in entries:
        audit.append(entry)


def usage(*words: str, **environ: str) -> Result:
    ran = CliRunner().invoke(main, ["usage", *words], env={"URU_AUDIT_LOG": None, **environ})
    assert ran.exit_code == 0, ran.output
    return ran


def as_json(file: Path) -> Any:
    return json.loads(usage(str(file), "--json").stdout)


def flat(text: str) -> str:
    """The text as if no line had been wrapped or padded."""
    return " ".join(text.split())


def advice(file: Path) -> list[str]:
    return [use["advice"] for use in as_json(file)["keys"]]


def test_calls_are_added_up_by_tool_day_outcome_and_permission(file: Path) -> None:
    write(file, READ_CALL, READ_CALL._replace(ms=301, chars_out=1_000), RUN, REFUSED)

    assert usage(str(file)).stdout == (
        "Calls from 2026-07-03 to 2026-07-14: 4, of which 1 failed.\n"
        "\n"
        "TOOL                     CALLS  FAILED   MS  CHARS\n"
        "company_demo__LOG_NOTE       2       1   50   1650\n"
        "platform__context_query      2       0  200   2000\n"
        "\n"
        "DAY (UTC)   CALLS  FAILED   MS  CHARS\n"
        "2026-07-03      2       0  200   2000\n"
        "2026-07-14      2       1   50   1650\n"
        "\n"
        "OUTCOME                  CALLS  FAILED   MS  CHARS\n"
        "ok                           3       0  167   2333\n"
        "insufficient_permission      1       1    1    300\n"
        "\n"
        "PERMISSION  CALLS  FAILED   MS  CHARS\n"
        "read            2       0  200   2000\n"
        "execute         2       1   50   1650\n"
        "\n"
        "The key …cdef has Read, Write and Execute. In these 12 days, no call needed\n"
        "Write; a key with Read and Execute is enough.\n"
    )


def test_machines_get_the_sums_as_json(file: Path) -> None:
    write(file, READ_CALL, RUN, REFUSED)
    found = as_json(file)

    assert (found["calls"], found["failed"], found["unread"]) == (3, 1, 0)
    assert found["days"] == ["2026-07-03", "2026-07-14"]
    assert found["by_tool"][0] == {
        "name": "company_demo__LOG_NOTE",
        "calls": 2,
        "failed": 1,
        "ms": 101,
        "chars_in": 80,
        "chars_out": 3_300,
    }
    assert [one["name"] for one in found["by_outcome"]] == ["ok", "insufficient_permission"]
    assert found["keys"] == [
        {
            "key": "cdef",
            "days": ["2026-07-03", "2026-07-14"],
            "granted": ["read", "write", "execute"],
            "needed": ["read", "execute"],
            "unused": ["write"],
            "advice": "In these 12 days, no call needed Write; a key with Read and Execute is enough.",
        }
    ]


@pytest.mark.parametrize(
    ("granted", "needed", "said"),
    [
        (EVERYTHING, [READ], "On this day, no call needed Write or Execute; a key with Read is enough."),
        (READ | EXECUTE, [READ, EXECUTE], "On this day, calls needed every permission of the key."),
        (READ, [READ, WRITE], "On this day, calls needed every permission of the key."),
        (EVERYTHING, [NOTHING, None], "On this day, no call needed Read or Write or Execute."),
        (None, [READ, READ | WRITE], "On this day, no call needed Execute; a key with Read and Write is enough."),
    ],
)
def test_the_advice_is_a_key_with_what_was_needed(
    file: Path, granted: Permissions | None, needed: list[Permissions | None], said: str
) -> None:
    write(file, *(READ_CALL._replace(granted=granted, needs=needs) for needs in needed))
    assert advice(file) == [said]


def test_a_call_that_was_refused_needed_its_permission_all_the_same(file: Path) -> None:
    write(file, READ_CALL, RUN, REFUSED._replace(needs=WRITE))
    assert advice(file) == ["In these 12 days, calls needed every permission of the key."]


def test_what_the_key_had_when_it_was_last_known_counts(file: Path) -> None:
    write(file, READ_CALL._replace(granted=READ), READ_CALL._replace(granted=READ | WRITE))
    write(file, READ_CALL._replace(granted=None))
    assert as_json(file)["keys"][0]["granted"] == ["read", "write"]


def test_each_key_has_its_own_days_and_advice(file: Path) -> None:
    write(file, RUN, READ_CALL, RUN._replace(key="89ab", granted=EXECUTE))
    assert advice(file) == [
        "In these 12 days, no call needed Write; a key with Read and Execute is enough.",
        "On this day, calls needed every permission of the key.",
    ]


def test_what_is_no_entry_is_counted_and_passed_over(file: Path) -> None:
    write(file, READ_CALL)
    foreign = [
        '{"time": "2026-07-03T09:00:00+00:00", "tool": "platform__con',
        "[1]",
        '"text"',
        "{}",
        "[" * 100_000,
        "9" * 5_000,
        '{"time": "yesterday", "tool": "a", "outcome": "ok"}',
        '{"time": "2026-07-03T09:00:00Z", "tool": "a", "outcome": "\\u001b[31m"}',
        '{"time": "2026-07-03T09:00:00Z", "tool": 5, "outcome": "ok"}',
    ]
    with file.open("ab") as opened:
        opened.write("\n".join(foreign).encode() + b"\n\xff\xfe\n\n  \n")

    found = as_json(file)
    assert (found["calls"], found["unread"]) == (1, len(foreign) + 1)
    assert "Lines that are not entries: 10." in usage(str(file)).stdout


def test_a_line_of_another_version_counts_with_what_it_has(file: Path) -> None:
    file.write_text(
        '{"time": "2026-07-03T09:00:00Z", "tool": "a", "outcome": "later_code", "new": [1]}\n'
        '{"time": "2026-07-03T09:00:00Z", "tool": "a", "outcome": "ok", "ms": -5, "chars_out": 1e400, "needs": ["fly"]}'
    )
    found = as_json(file)
    assert found["by_tool"] == [{"name": "a", "calls": 2, "failed": 1, "ms": 0, "chars_in": 0, "chars_out": 0}]
    assert [one["name"] for one in found["by_permission"]] == ["not known"]
    assert (found["unread"], found["keys"]) == (0, [])


def test_a_key_that_somebody_wrote_into_the_file_is_not_shown(file: Path) -> None:
    file.write_text(json.dumps({"time": "2026-07-03T09:00:00Z", "tool": "uru_test_" + "0" * 40, "outcome": "ok"}))
    for shown in (usage(str(file)).stdout, usage(str(file), "--json").stdout):
        assert "[key removed]" in shown
        assert "0000" not in shown


def test_older_files_are_read_too(file: Path) -> None:
    for age in (3, 1):
        write(file.with_name(f"audit.jsonl.{age}"), READ_CALL)
    write(file, RUN)
    assert as_json(file)["calls"] == 3
    file.unlink()
    assert as_json(file)["calls"] == 2


def test_the_file_is_by_default_the_one_of_the_environment(file: Path) -> None:
    write(file, READ_CALL)
    home = {"HOME": str(file.parent), "USERPROFILE": str(file.parent)}
    assert "Calls from" in usage(URU_AUDIT_LOG=str(file)).stdout
    assert "Calls from" in usage(URU_AUDIT_LOG="~/audit.jsonl", **home).stdout


def test_a_log_without_a_call_is_said_to_hold_none(file: Path) -> None:
    file.touch()
    assert usage(str(file)).stdout == f"{file} contains no calls yet.\n"
    assert as_json(file)["days"] == []
    write(file, READ_CALL._replace(origin="terminal"))
    assert usage(str(file)).stdout.startswith(f"{file} contains no calls of an MCP client yet.\nNot counted: 1 calls")


@pytest.mark.parametrize(
    ("words", "variable", "status", "said"),
    [
        ([], "", 2, "Name the audit log"),
        ([], "audit.jsonl", 2, "URU_AUDIT_LOG cannot be used: it is not an absolute path"),
        (["nowhere.jsonl"], "", 1, "There is no file nowhere.jsonl"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_to_do(words: list[str], variable: str, status: int, said: str) -> None:
    ran = CliRunner().invoke(main, ["usage", *words], env={"URU_AUDIT_LOG": variable})
    assert ran.exit_code == status
    assert said in flat(ran.stderr)


@pytest.mark.parametrize("columns", [60, 80])
def test_the_tables_fit_the_terminal(file: Path, columns: int) -> None:
    ends = ("a" * 60, "b" * 60)
    for end in ends:
        write(file, READ_CALL._replace(tool="gmail" + end[5:-5] + "tail1", ms=123_456, chars_out=10_000_000))
    lines = usage(str(file), COLUMNS=str(columns)).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert sum(line.startswith("gmail") and "tail1 " in line for line in lines) == len(ends)


async def test_what_the_server_writes_is_added_up_by_a_process_of_its_own(connect_once: Connect, file: Path) -> None:
    async with connect_once({"read", "write"}, AUDIT_LOG=str(file)) as claude:
        await claude.data("platform__context_query", {"op": "list"})
        await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        await claude.whoami()
    ran = subprocess.run(  # noqa: ASYNC221  # the server has ended
        [*URU_MCP, "usage"],
        capture_output=True,
        text=True,
        timeout=20,
        env={**SYSTEM, "URU_AUDIT_LOG": str(file)},
        check=True,
    )
    assert "3, of which 1 failed." in ran.stdout
    assert "has Read and Write. On this day, no call needed Write; a key with Read is enough." in flat(ran.stdout)
    assert ran.stderr == ""


def test_calls_of_our_own_commands_are_counted_apart_and_a_call_with_two_lines_once(tmp_path: Path) -> None:
    started = RUN._replace(outcome="started", call="a")
    log = AuditLog(tmp_path / "audit.jsonl", Redaction())
    for entry in (
        READ_CALL._replace(origin="terminal", needs=WRITE),
        started,
        RUN._replace(call="a"),
        started._replace(call="b"),
    ):
        log.append(entry)
    ran = CliRunner().invoke(main, ["usage", str(log.path)])
    assert ran.stdout.startswith(
        "Calls from 2026-07-14 to 2026-07-14: 2, of which 1 failed.\n"
        "Not counted: 1 calls from a terminal (uru-mcp call, tools and whoami).\n"
    )
    found = json.loads(CliRunner().invoke(main, ["usage", "--json", str(log.path)]).stdout)
    assert (found["calls"], found["from_terminal"], found["keys"][0]["needed"]) == (2, 1, ["execute"])
    assert {one["name"]: one["calls"] for one in found["by_outcome"]} == {"ok": 1, "started": 1}
