"""The audit log has a line for each call, and in it nothing that was said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import anyio.lowlevel
import pytest
from mcp.shared.exceptions import MCPError

from tests.audit.recorded import ENTRY
from tests.process import SYSTEM, served
from tests.test_leaks import spellings
from tests.world import Connect, Uru, text_of
from uru_mcp.audit.audit_log import LIMIT, AuditLog, with_older
from uru_mcp.audit.call_recorder import CallContext, CallRecorder
from uru_mcp.audit.entry import read_entry
from uru_mcp.permissions import NOTHING
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction

LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


async def test_each_call_is_a_line_refusals_included(connect: Connect, uru: Uru, file: Path) -> None:
    made = uru.key({"read"})
    query = {"op": "search", "query": "refund"}
    before = datetime.now(UTC)
    async with connect(key=made.text, AUDIT_LOG=str(file)) as claude:
        read = await claude.call("uru_read", {"tool": "platform__context_query", "input": query})
        await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        await claude.error("uru_write", {"tool": "platform__context_query", "input": query})
        await claude.error("uru_read", {"input": query})
        with pytest.raises(MCPError):
            await claude.call("company_demo__NOTHING")
        await claude.whoami()

    found = lines(file)
    assert [(one["tool"], one["via"], one["needs"], one["outcome"]) for one in found] == [
        ("platform__context_query", "uru_read", ["read"], "ok"),
        ("company_demo__LOG_NOTE", None, ["execute"], "insufficient_permission"),
        ("platform__context_query", "uru_write", ["read"], "wrong_dispatcher"),
        ("uru_read", None, ["read"], "invalid_arguments"),
        ("company_demo__NOTHING", None, None, "unknown_tool"),
        ("uru_whoami", None, [], "ok"),
    ]
    assert {one["key"] for one in found} == {made.record.last4}
    assert {tuple(one["granted"]) for one in found} == {("read",)}
    first = found[0]
    assert before.timestamp() - 1 < datetime.fromisoformat(first["time"]).timestamp() < datetime.now(UTC).timestamp()
    assert 0 <= first["ms"] < 20_000
    assert first["chars_in"] == len('{"tool":"platform__context_query","input":{"op":"search","query":"refund"}}')
    assert first["chars_out"] == len(text_of(read))
    assert first["log_id"] == (read.structured_content or {})["log_id"]


async def test_how_a_call_failed_in_uru_is_told(connect: Connect, uru: Uru, file: Path) -> None:
    async with connect({"execute"}, AUDIT_LOG=str(file)) as claude:
        failed = await claude.error("gmail_demo__GMAIL_GET_EMAIL", {"message_id": "no-such-mail"})
        uru.faults.lose_answer("/execute/")
        await claude.error("uru_execute", LOG_NOTE)

    assert [one["outcome"] for one in lines(file)] == ["upstream_failed", "unconfirmed"]
    assert lines(file)[0]["log_id"] == failed["log_id"]


async def test_what_the_key_has_is_told_apart_from_what_the_user_allows(connect_once: Connect, file: Path) -> None:
    async with connect_once({"read", "execute"}, PERMISSIONS="read", AUDIT_LOG=str(file)) as claude:
        await claude.error("uru_execute", LOG_NOTE)

    assert lines(file)[0]["granted"] == ["read", "execute"]


async def test_no_argument_and_no_result_and_no_key_is_in_the_file(connect: Connect, uru: Uru, file: Path) -> None:
    key = uru.key().text
    async with connect(key=key, AUDIT_LOG=str(file)) as claude:
        await claude.call("company_demo__LOG_NOTE", {"text": "a whispered word"})
        await claude.call("company_demo__LIST_NOTES")
        await claude.call("company_demo__LOG_NOTE", {"whispered": 1})
        for name in (key, quote(key, safe=""), b64encode(key.encode()).decode()):
            await claude.call("uru_execute", {"tool": name, "input": {"text": key}})
        uru.faults.echo_key("/execute/")
        await claude.call("company_demo__LIST_NOTES")

    assert len(lines(file)) == 7
    assert "[key removed]" in file.read_text()
    for text in ("whispered", *spellings(key)):
        assert text not in file.read_text()


async def test_what_a_model_invents_instead_of_a_name_is_not_written(connect: Connect, file: Path) -> None:
    async with connect(AUDIT_LOG=str(file)) as claude:
        for name in ("mail bob@example.org: whispered\n", "whispered" * 10):
            await claude.error("uru_execute", {"tool": name})
            with pytest.raises(MCPError):
                await claude.call(name)

    assert {one["tool"] for one in lines(file)} == {"(no tool's name)"}
    assert "whispered" not in file.read_text()


async def test_without_the_setting_nothing_is_written(
    connect_once: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with connect_once() as claude:
        await claude.whoami()

    assert list(tmp_path.iterdir()) == []


async def test_the_file_is_made_for_its_owner_alone(connect_once: Connect, file: Path) -> None:
    with umask(0):
        async with connect_once(AUDIT_LOG=str(file)) as claude:
            await claude.whoami()

    assert mode(file) == 0o600


async def test_that_a_file_is_open_to_others_is_said_and_its_mode_left_alone(
    connect_once: Connect, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.touch()
    file.chmod(0o640)
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        (warning,) = (await claude.whoami())["warnings"]
        await claude.whoami()

    assert warning["message"] == f"Other users of this machine can access the audit log {file} (its mode is 0640)."
    assert warning["fix"] == f"Run chmod 600 {file}"
    assert [message.partition(" Run")[0] for message in caplog.messages] == [warning["message"]]
    assert (len(lines(file)), mode(file)) == (2, 0o640)


async def test_a_file_that_cannot_be_written_fails_no_call_and_is_said_once_until_it_works_again(
    connect_once: Connect, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.mkdir()
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        assert (await claude.whoami())["state"] == "ready"
        await claude.whoami()
        assert len(caplog.messages) == 1
        file.rmdir()
        await claude.whoami()
        file.unlink()
        file.mkdir()
        await claude.whoami()

    assert [f"{file} cannot be written: is a directory" in message for message in caplog.messages] == [True, True]


@pytest.mark.parametrize("read", [False, True])
async def test_a_pipe_is_refused_and_blocks_nothing(
    connect_once: Connect, file: Path, caplog: pytest.LogCaptureFixture, read: bool
) -> None:
    os.mkfifo(file)
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK) if read else None
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        await claude.whoami()
    assert len(caplog.messages) == 1
    if reader is not None:
        assert os.read(reader, 1) == b""
        os.close(reader)


async def test_a_process_that_logs_to_its_stdout_speaks_the_protocol_all_the_same(uru: Uru) -> None:
    key = uru.key().text
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY=key, URU_PROXY_URL=url, URU_AUDIT_LOG="/dev/stdout") as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.call("uru_whoami")
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in claude.lines)
    assert "Calls are not recorded" in claude.stderr


async def test_at_ten_megabytes_a_new_file_is_begun_and_three_older_ones_are_kept(
    connect_once: Connect, file: Path
) -> None:
    full = json.dumps({"age": 0}) + "\n" + " " * (LIMIT - 100)
    file.write_text(full)
    for age in (1, 2, 3):
        file.with_name(f"audit.jsonl.{age}").write_text(json.dumps({"age": age}))
    file.chmod(0o600)
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        await claude.whoami()
        await claude.whoami()

    assert [one["tool"] for one in lines(file)] == ["uru_whoami", "uru_whoami"]
    assert mode(file) == 0o600
    older = [path for path in with_older(file) if path != file]
    assert [path.name for path in older] == ["audit.jsonl.3", "audit.jsonl.2", "audit.jsonl.1"]
    assert [json.loads(path.read_text())["age"] for path in older] == [2, 1, 0]


async def test_a_file_that_cannot_be_rotated_grows_and_that_is_said_once(
    connect_once: Connect, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(" " * LIMIT)
    file.chmod(0o600)
    file.with_name("audit.jsonl.3").mkdir()
    for age in (1, 2):
        file.with_name(f"audit.jsonl.{age}").touch()
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        await claude.whoami()
        await claude.whoami()

    assert file.read_text().count("uru_whoami") == 2
    assert [f"{file} cannot be rotated" in message for message in caplog.messages] == [True]


WRITER = """
import sys
from pathlib import Path
from tests.audit.recorded import ENTRY
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.untrusted_input.redaction import Redaction

log = AuditLog(Path(sys.argv[1]), Redaction(), limit=600, kept=1_200)
print("ready", flush=True)
sys.stdin.read(1)
for number in range(400):
    log.append(ENTRY._replace(log_id=f"{sys.argv[2]}-{number}"))
"""


def test_of_processes_that_write_and_rotate_one_file_at_once_every_line_is_kept_whole(file: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env=SYSTEM,
        )
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"!")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=30)
        assert writer.returncode == 0

    files = with_older(file, kept=1_200)
    assert len(files) > 10
    assert all(path.stat().st_size > 300 for path in files[:-1]), "none was full before it was rotated"
    found = [one["log_id"] for path in files for one in lines(path)]
    assert sorted(found) == sorted(f"{name}-{number}" for name in "abc" for number in range(400))


TORN = """
import resource, sys
from contextlib import suppress
from pathlib import Path
from tests.audit.recorded import ENTRY
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.errors import AuditUnavailable
from uru_mcp.untrusted_input.redaction import Redaction

log = AuditLog(Path(sys.argv[1]), Redaction())
log.append(ENTRY)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
for _ in range(2):
    with suppress(AuditUnavailable):
        log.append(ENTRY)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.append(ENTRY)
"""


def test_a_line_that_a_full_disk_tore_spoils_no_later_one(file: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TORN, str(file)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        cwd=Path(__file__).parents[2],
        env=SYSTEM,
    )
    read = [read_entry(line, Redaction()) for line in file.read_text().splitlines()]
    assert read == [ENTRY, None, ENTRY]
    assert ran.stderr.count("only part of a line could be written") == 1


def test_a_line_is_read_as_it_was_written(file: Path) -> None:
    AuditLog(file, Redaction()).append(ENTRY)
    assert read_entry(file.read_text(), Redaction()) == ENTRY


async def test_a_call_that_is_cancelled_or_breaks_is_recorded_as_that(file: Path) -> None:
    recorder = CallRecorder(AuditLog(file, Redaction()), lambda _: CallContext(NOTHING, None, "cdef"))
    with pytest.raises(ZeroDivisionError), recorder.recording("uru_whoami", {}):
        _ = 1 / 0
    with anyio.CancelScope() as scope, recorder.recording("uru_whoami", {}):
        scope.cancel()
        await anyio.lowlevel.checkpoint()

    assert [(one["outcome"], one["chars_out"]) for one in lines(file)] == [("internal", 0), ("cancelled", 0)]


def test_a_call_does_not_fail_for_its_record(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    def nobody_knows(_: str) -> CallContext:
        raise LookupError

    with CallRecorder(AuditLog(file, Redaction()), nobody_knows).recording("uru_whoami", {}):
        pass
    assert caplog.messages == ["a call was not recorded"]
