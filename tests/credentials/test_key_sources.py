"""Where the key comes from: a file or a command, what is told when it gives none, and that this can be mended."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest

from tests.access.test_identity import OWN_AND_SELECTION, Clock
from tests.process import served
from tests.world import Connect, Uru, until
from uru_mcp.credentials.key_sources import KeyCommand, KeyFile
from uru_mcp.errors import KeyUnavailable
from uru_mcp.sandbox.serve import serving

NOBODY = 65534
KEY = "uru_test_0123456789abcdef"
LOG_NOTE = {"text": "hi"}
NOTE = "company_demo__LOG_NOTE"


def command(program: str, *arguments: str) -> str:
    """A command that runs this Python program."""
    return shlex.join([sys.executable, "-c", program, *arguments])


def printing(path: Path) -> str:
    """A command that prints a file, as a password manager prints what it keeps."""
    return command("import sys; print(open(sys.argv[1]).read())", str(path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "uru key"


def write(file: Path, text: str) -> Path:
    """Write it as a secret is written."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("form", ["{}", "{}\n", "  {} \r\nand a second line\n", "\ufeff{}\r\n"])
async def test_the_first_line_of_a_file_is_the_key(connect_once: Connect, uru: Uru, file: Path, form: str) -> None:
    made = uru.key()
    write(file, form.format(made.text))
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        report = await claude.whoami()
        await claude.data(NOTE, LOG_NOTE)

    assert report["state"] == "ready"
    assert report["key"]["last4"] == made.record.last4
    assert report["key"]["source"] == "URU_API_KEY_FILE"
    assert (report["problems"], report["warnings"]) == ([], [])
    assert uru.notes == ["hi"]


async def test_a_file_as_powershell_writes_it_holds_a_key_too(connect_once: Connect, uru: Uru, file: Path) -> None:
    file.touch(mode=0o600)
    file.write_bytes(f"{uru.key().text}\r\n".encode("utf-16"))
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        assert (await claude.whoami())["state"] == "ready"


async def test_the_first_line_that_a_command_prints_is_the_key(connect: Connect, uru: Uru, file: Path) -> None:
    made = uru.key()
    write(file, f"{made.text}\nuser: claude\n")
    async with connect(key="", API_KEY_COMMAND=printing(file)) as claude:
        report = await claude.whoami()
        await claude.data(NOTE, LOG_NOTE)

    assert report["state"] == "ready"
    assert report["key"]["last4"] == made.record.last4
    assert report["key"]["source"] == "URU_API_KEY_COMMAND"
    assert uru.notes == ["hi"]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, "key_unavailable", "does not exist"),
        ("", "key_unavailable", "has no key in its first line"),
        ("\nuru_test_in_the_second_line", "key_unavailable", "has no key in its first line"),
        ("secret-words-and-no-key", "malformed_key", "it does not start with uru_"),
        ('URU_API_KEY="uru_test"', "malformed_key", "it is too short"),
    ],
)
async def test_a_file_without_a_key_is_told_with_its_path_and_mended_without_a_restart(
    connect: Connect, uru: Uru, file: Path, content: str | None, code: str, said: str
) -> None:
    if content is not None:
        write(file, content)
    async with connect(key="", API_KEY_FILE=str(file)) as claude:
        listed = await claude.tools()
        report = await claude.whoami()
        refused = await claude.error("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        searched = await claude.error("uru_search_tools", {"query": "note"})
        sent = list(uru.sandbox.requests)
        write(file, uru.key().text)
        await claude.data("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        assert (await claude.whoami())["state"] == "ready"

    assert set(listed) == OWN_AND_SELECTION, "a first list is final for some clients, and this can be mended"
    assert report["state"] == refused["code"] == searched["code"] == code
    assert str(file) in refused["message"]
    assert said in refused["message"]
    assert "the next call reads it" in refused["fix"]
    assert report["key"]["last4"] is None
    assert sent == []
    assert uru.notes == ["hi"]
    for secret in ("secret-words", "second_line", "0123456789abcdef"):
        assert secret not in f"{report}{refused}"


async def test_a_directory_is_no_key_file_and_neither_is_a_pipe_that_nobody_writes_to(
    connect_once: Connect, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        async with connect_once(key="", API_KEY_FILE=str(path)) as claude:
            error = await claude.error("uru_read", {"tool": "platform__context_query"})
        assert error["message"] == f"The key file {path} is not a file."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is hidden from root")
async def test_a_file_that_may_not_be_read_is_called_that(connect_once: Connect, uru: Uru, file: Path) -> None:
    write(file, uru.key().text).chmod(0)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        problem = (await claude.whoami())["problems"][0]
    assert "is not readable by the user" in problem["message"]
    assert problem["fix"].endswith(f"chmod 600 {shlex.quote(str(file))}")


async def test_a_file_that_is_emptied_at_work_closes_the_gate(connect_once: Connect, uru: Uru, file: Path) -> None:
    write(file, uru.key().text)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.data(NOTE, {"text": "before"})
        write(file, "")
        error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "after"}})
    assert error["code"] == "key_unavailable"
    assert uru.notes == ["before"]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
async def test_a_file_that_others_may_read_is_warned_of_until_it_is_mended(
    connect_once: Connect, uru: Uru, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(file, uru.key().text).chmod(0o644)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        warnings = (await claude.whoami())["warnings"]
        await claude.whoami()
        logged = [message for message in caplog.messages if "can access the key file" in message]
        file.chmod(0o600)
        await claude.data(NOTE, LOG_NOTE)
        assert (await claude.whoami())["warnings"] == []

    assert [warning["message"] for warning in warnings] == [
        f"Other users of this machine can access the key file {file} (its mode is 0644)."
    ]
    assert warnings[0]["fix"] == f"Run chmod 600 {shlex.quote(str(file))}"
    assert len(logged) == 1, "once, not at every call"


FAILURES = [
    ("import sys; print('uru_test_told_and_taken_back'); sys.exit(3)", "key_unavailable", "exited with code 3"),
    ("import os; os.kill(os.getpid(), 9)", "key_unavailable", "was killed by signal 9"),
    ("print()", "key_unavailable", "printed nothing in its first line"),
    ("pass", "key_unavailable", "printed nothing in its first line"),
    ("print('words-of-its-own')", "malformed_key", "printed no key: it does not start with uru_"),
    ("import sys; sys.stderr.write('words-of-its-own'); sys.exit(1)", "key_unavailable", "exited with code 1"),
]


@pytest.mark.parametrize(("program", "code", "said"), FAILURES)
async def test_a_command_that_gives_no_key_is_told_by_name_and_end_alone(
    connect_once: Connect, uru: Uru, caplog: pytest.LogCaptureFixture, program: str, code: str, said: str
) -> None:
    async with connect_once(key="", API_KEY_COMMAND=command(program, "op://vault/its-argument")) as claude:
        report = await claude.whoami()
        refused = await claude.error("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        assert set(await claude.tools()) == OWN_AND_SELECTION

    name = Path(sys.executable).name
    assert report["state"] == refused["code"] == code
    assert refused["message"] == f"The command {name} in URU_API_KEY_COMMAND returned no key: it {said}."
    assert list(uru.sandbox.requests) == []
    for secret in ("its-argument", "taken_back", "words-of-its-own", "import", str(Path(sys.executable).parent)):
        assert secret not in f"{report}{refused}{caplog.text}"


@pytest.mark.parametrize("program", ["no-such-program-for-uru", "/nowhere/no-such-program-for-uru"])
async def test_a_command_that_is_not_there_is_told_with_the_reason_that_is_likely(
    connect_once: Connect, program: str
) -> None:
    async with connect_once(key="", API_KEY_COMMAND=f"{program} --vault its-argument") as claude:
        problem = (await claude.whoami())["problems"][0]
    assert problem["code"] == "key_unavailable"
    assert "no-such-program-for-uru in URU_API_KEY_COMMAND returned no key: it was not found" in problem["message"]
    assert "its-argument" not in str(problem)


async def test_a_command_that_failed_is_run_again_after_ten_seconds_and_only_when_somebody_calls(
    connect_once: Connect, uru: Uru, file: Path, tmp_path: Path
) -> None:
    clock = Clock()
    runs = tmp_path / "runs"
    counting = command(
        "import sys; open(sys.argv[1], 'a').write('x'); print(open(sys.argv[2]).read())", str(runs), str(file)
    )
    async with connect_once(key="", API_KEY_COMMAND=counting, clock=clock) as claude:
        await claude.error("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        write(file, uru.key().text)
        clock.now += 9
        await claude.error("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        assert runs.read_text() == "x"
        clock.now += 1
        await claude.data("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        assert runs.read_text() == "xx"
        clock.now += 3600
        await claude.data("uru_execute", {"tool": NOTE, "input": LOG_NOTE})
        assert runs.read_text() == "xx", "a key that Uru accepts is not fetched again"


async def test_a_command_is_run_once_however_many_wait_and_holds_nobody_up(
    connect_once: Connect, uru: Uru, file: Path, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    waiting = """
import os, sys, time
runs, gate, key = sys.argv[1:]
open(runs, "a").write("x")
while not os.path.exists(gate):
    time.sleep(0.01)
print(open(key).read())
"""
    write(file, uru.key().text)
    async with connect_once(key="", API_KEY_COMMAND=command(waiting, str(runs), str(gate), str(file))) as claude:
        done: list[Any] = []

        async def call() -> None:
            done.append(await claude.data("uru_execute", {"tool": NOTE, "input": LOG_NOTE}))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(call)
            await until(runs.exists)
            assert list(uru.sandbox.requests) == []
            gate.touch()  # which only a free event loop gets to
        assert len(done) == 20
    assert runs.read_text() == "x"
    assert uru.notes == ["hi"] * 20


async def test_while_the_command_is_at_it_whoami_says_what_is_waited_for(connect_once: Connect) -> None:
    hanging = command("import time; time.sleep(60)")
    async with connect_once(key="", API_KEY_COMMAND=hanging, CALL_DEADLINE="1.5") as claude:
        report = await claude.whoami()
    assert report["state"] == "unavailable"
    assert "The key from URU_API_KEY_COMMAND is not available yet." in report["problems"][0]["message"]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[2]])"
SLEEPER = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid()) + chr(10)); time.sleep(60)"


async def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    source = KeyCommand((sys.executable, "-c", PARENT, SLEEPER, str(started)), within=3)
    with pytest.raises(KeyUnavailable, match=r"it did not finish within 3 seconds"):
        await source.read()
    await until(lambda: not is_running(int(started.read_text())))


async def test_a_command_that_never_stops_writing_is_ended_too() -> None:
    source = KeyCommand((sys.executable, "-c", "while True: print('x' * 1000, end='')"), within=0.7)
    with pytest.raises(KeyUnavailable, match="and was stopped"):
        await source.read()


@pytest.mark.parametrize("end", ["eof", "signal"])
async def test_a_command_ends_with_the_server_which_answers_initialize_meanwhile(
    uru: Uru, tmp_path: Path, end: str
) -> None:
    started = tmp_path / "started"
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY_COMMAND=command(PARENT, SLEEPER, str(started)), URU_PROXY_URL=url) as claude,
    ):
        await claude.initialize("2025-11-25")
        await until(lambda: started.exists() and started.read_text().endswith("\n"))
        assert is_running(int(started.read_text()))
        if end == "signal":
            claude.process.terminate()
            await claude.process.wait()
    await until(lambda: not is_running(int(started.read_text())))
    assert list(uru.sandbox.requests) == []


async def test_a_command_reads_nothing_of_what_the_client_says(uru: Uru, file: Path) -> None:
    write(file, uru.key().text)
    reading = command("import sys; sys.stdin.read(); print(open(sys.argv[1]).read())", str(file))
    async with serving(uru.sandbox) as url, served(URU_API_KEY_COMMAND=reading, URU_PROXY_URL=url) as claude:
        await claude.initialize("2025-11-25")
        assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"


def test_a_source_prints_nothing_of_what_it_holds(file: Path) -> None:
    assert "secret" not in repr(KeyCommand(("op", "read", "op://secret")))
    assert "op" in KeyCommand(("/usr/bin/op", "read", "op://secret")).steps
    assert "secret" not in KeyCommand(("/usr/bin/op", "read", "op://secret")).steps
    assert str(file) in KeyFile(file).steps


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("owner", "mode", "directory", "fix"),
    [
        (0, 0o600, 0o755, "Set URU_API_KEY_FILE to a file that belongs to the user that"),
        (0, 0o600, 0o700, "Set URU_API_KEY_FILE to a file that belongs to the user that"),
        (NOBODY, 0o000, 0o755, "Run chmod 600 "),
    ],
)
async def test_who_may_not_read_the_file_is_told_what_he_can_do(
    owner: int, mode: int, directory: int, fix: str
) -> None:
    with TemporaryDirectory() as place:
        file = Path(place) / "key"
        file.write_text(KEY)
        os.chown(file, owner, -1)
        file.chmod(mode)
        Path(place).chmod(directory)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(KeyUnavailable, match="is not readable by the user that uru-mcp runs as") as caught:
                await KeyFile(file).read()
        finally:
            os.seteuid(0)
    assert caught.value.fix.startswith(fix)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can become another user")
async def test_a_file_of_another_user_that_all_can_read_is_not_one_to_change_the_mode_of() -> None:
    with TemporaryDirectory() as place:
        file = Path(place) / "key"
        file.write_text(KEY)
        file.chmod(0o644)
        Path(place).chmod(0o755)
        os.seteuid(NOBODY)
        try:
            reading = await KeyFile(file).read()
        finally:
            os.seteuid(0)
        assert reading.exposure is not None
        assert reading.exposure.fix.startswith("Set URU_API_KEY_FILE to a file that belongs to the user that")
        exposed = (await KeyFile(file).read()).exposure
    assert exposed is not None
    assert exposed.fix == f"Run chmod 600 {file}"
