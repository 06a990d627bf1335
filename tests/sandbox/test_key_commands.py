"""The keys of a sandbox file, looked after from a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.cli.commands import sandbox as group
from uru_mcp.sandbox.data import clock
from uru_mcp.text_layout import width_of

from .callers import connected

Run = Callable[..., Result]
KEY = re.compile(r"uru_sandbox_[0-9a-f]{40}")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.db"


@pytest.fixture
def run(db: Path) -> Run:
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(group, ["keys", words[0], "--db", str(db), *words[1:]])

    return invoke


def create(run: Run, *more: str) -> tuple[str, str]:
    """Id and text of a new key."""
    made = run("create", "--name", "Claude Desktop", "--workspace", "Acme", "--permissions", "read,execute", *more)
    assert made.exit_code == 0, made.output
    return made.output.split(":")[0], KEY.findall(made.output)[0]


async def test_a_created_key_works_and_is_shown_only_then(run: Run, db: Path) -> None:
    _, text = create(run)
    listed = run("list").output
    assert text not in listed
    assert text[-4:] in listed
    opened = Sandbox.open(db)
    async with connected(opened) as somebody:
        answer = await somebody.get("/keys/self", Authorization=f"Bearer {text}")
    opened.close()
    assert answer.body["permissions"] == ["read", "execute"]


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_list_fits_the_terminal_as_a_table_or_as_blocks(db: Path, columns: int) -> None:
    words = ["keys", "create", "--db", str(db), "--name", "東京の営業チーム", "--permissions", "read,write,execute"]
    CliRunner().invoke(group, words)
    lines = (
        CliRunner().invoke(group, ["keys", "list", "--db", str(db)], env={"COLUMNS": str(columns)}).output.split("\n")
    )
    assert [line for line in lines if width_of(line) > columns] == []
    if columns == 160:
        assert lines[0].split()[:2] == ["ID", "NAME"]
        assert lines[0].index("LAST 4") == lines[1].index(lines[1].split()[2]) + len("東京の営業チーム")
    else:
        assert "  name         東京の営業チーム" in lines
        assert "  permissions  read,write,execute" in lines


async def test_list_and_usage_tell_what_a_key_did(run: Run, db: Path) -> None:
    opened = Sandbox.open(db)
    async with connected(opened, permissions={"read"}) as somebody:
        await somebody.use("platform__context_query", op="list")
        await somebody.call("company_demo__LOG_NOTE", text="hi")
    opened.close()
    heading, row = run("list").output.splitlines()
    assert heading.index("STATUS") == row.index("active")
    assert re.search(r" 2 +active$", row)
    usage = run("usage", somebody.key.id).output
    assert re.search(r"refused +1", usage)
    assert re.search(r"execute +1", usage)
    assert "2 requests" in usage


def test_rotate_and_delete_end_keys(run: Run) -> None:
    first, text = create(run, "--expires", "30d")
    rotated = run("rotate", first, "--overlap", "24h")
    assert KEY.findall(rotated.output)[0] != text
    second = rotated.output.split(":")[0]
    assert run("rotate", second).exit_code == 0
    assert run("delete", first).exit_code == 0
    states = {line.split()[0]: line.split()[-1] for line in run("list").output.splitlines()[1:]}
    assert sorted(states.values()) == ["active", "revoked", "revoked"]
    assert states[first] == states[second] == "revoked"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "--name", "x", "--permissions", "reed"], "reed: no such permission"),
        (["create", "--name", "x", "--permissions", "read", "--workspace", "Nowhere"], "There are Acme, Globex."),
        (["create", "--name", "x", "--permissions", "read", "--expires", "soon"], "2026-12-31"),
        (["create", "--name", "x", "--permissions", "read", "--expires", "2020-01-01"], "not in the future"),
        (["create", "--name", "x", "--permissions", "read", "--expires", "0d"], "not in the future"),
        (["create", "--name", "x", "--permissions", ""], "may do nothing"),
        (["create", "--name", "x", "--permissions", " , "], "may do nothing"),
        (["create", "--name", "", "--permissions", "read"], "needs a name"),
        (["create", "--name", "  ", "--permissions", "read"], "needs a name"),
        (["create", "--name", "a\nb", "--permissions", "read"], "one line"),
        (["create", "--name", "a\x1b[31mb", "--permissions", "read"], "without control characters"),
        (["usage", "key_0"], "no key 'key_0'"),
        (["rotate", "key_0"], "no key 'key_0'"),
        (["rotate", "key_0", "--overlap", "1"], "24h"),
        (["delete", "key_0"], "no key 'key_0'"),
    ],
)
def test_mistakes_are_explained(run: Run, words: list[str], said: str) -> None:
    create(run)
    before = run("list").output
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert run("list").output == before


def test_a_file_that_is_not_there_or_not_ours_is_left_alone(run: Run, db: Path) -> None:
    assert "There is no file" in run("list").output
    assert not db.exists()
    db.write_text("precious " * 1000)
    assert "not a SQLite database" in run("create", "--name", "x", "--permissions", "read").output
    assert db.read_text() == "precious " * 1000


def test_a_name_that_is_refused_makes_no_file(run: Run, db: Path) -> None:
    assert run("create", "--name", "\x07", "--permissions", "read").exit_code == 2
    assert not db.exists()


def test_a_directory_that_is_not_there_is_called_that(tmp_path: Path) -> None:
    directory = tmp_path / "nodir"
    for words in (["create", "--name", "x", "--permissions", "read"], ["list"], ["delete", "key_0"]):
        result = CliRunner().invoke(group, ["keys", words[0], "--db", str(directory / "x.db"), *words[1:]])
        assert (result.exit_code, result.output) == (1, f"Error: The directory {directory} does not exist.\n")


@pytest.mark.parametrize(
    ("permissions", "said"),
    [
        ("read", "may read."),
        ("execute,read", "may read and execute."),
        ("execute write,READ", "may read, write and execute."),
    ],
)
def test_create_says_in_words_what_the_key_may_do(run: Run, permissions: str, said: str) -> None:
    made = run("create", "--name", "Claude Desktop", "--permissions", permissions)
    assert made.output.splitlines()[0].endswith(f": Claude Desktop, which {said}")


def test_the_name_of_a_workspace_matches_in_any_case(run: Run) -> None:
    assert run("create", "--name", "x", "--workspace", "gLOBEX", "--permissions", "read").exit_code == 0
    assert "Globex" in run("list").output


def test_create_rotate_and_list_say_when_a_key_expires(run: Run) -> None:
    first = run("create", "--name", "a", "--permissions", "read", "--expires", "2999-12-31").output
    forever = run("create", "--name", "b", "--permissions", "read").output
    rotated = run("rotate", first.split(":")[0], "--overlap", "24h").output
    assert "It expires 2999-12-31T23:59:59Z." in first
    assert "It never expires." in forever
    assert "It expires 2999-12-31T23:59:59Z." in rotated
    tomorrow = clock.stamp(clock.now() + timedelta(hours=24))[:10]
    assert f"The old key {first.split(':')[0]} expires {tomorrow}" in rotated
    heading, *rows = run("list").output.splitlines()
    at = heading.index("EXPIRES")
    assert [row[at:].split()[0][:10] for row in rows] == [tomorrow, "never", "2999-12-31"]


def test_a_deleted_key_is_called_deleted_by_delete_and_by_rotate(run: Run) -> None:
    first, _ = create(run)
    rotated = run("rotate", first).output
    second = rotated.split(":")[0]
    deleted = "is deleted; whoever still uses it is told that it was revoked."
    assert rotated.splitlines()[-1] == f"{first} {deleted}"
    assert run("delete", second).output == f"{second} {deleted}\n"
    for word in ("delete", "rotate"):
        again = run(word, second)
        assert (again.exit_code, again.output) == (1, f"Error: The key '{second}' is deleted already.\n")


@contextmanager
def opened(db: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox.open(db)
    yield sandbox
    sandbox.close()


async def test_usage_of_a_key_that_called_no_tool_says_so(run: Run, db: Path) -> None:
    with opened(db) as sandbox:
        unused = sandbox.keys.create(name="Unused", workspace="Acme", permissions={"read"})
        async with connected(sandbox) as somebody:
            await somebody.get("/keys/self")
    told = run("usage", somebody.key.id).output
    assert "Requests by day" in told
    assert told.endswith("\nNo tool was called.\n")
    assert "Calls by" not in told
    assert run("usage", unused.record.id).output == (
        "0 requests, 0 of them in the last 24 hours.\n\nNo tool was called.\n"
    )


def test_an_expired_key_is_listed_and_can_be_deleted(run: Run, db: Path) -> None:
    past = clock.now() - timedelta(hours=1)
    with opened(db) as sandbox:
        old = sandbox.keys.create(name="Old", workspace="Acme", permissions=(), expires_at=past).record
    row = run("list").output.splitlines()[1]
    assert clock.stamp(past) in row
    assert row.endswith("expired")
    assert run("delete", old.id).exit_code == 0
    assert run("list").output.splitlines()[1].endswith("revoked")


def test_rotating_an_expired_key_says_of_both_that_they_expired(run: Run, db: Path) -> None:
    past = clock.now() - timedelta(hours=1)
    with opened(db) as sandbox:
        old = sandbox.keys.create(name="Old", workspace="Acme", permissions=(), expires_at=past).record
    told = run("rotate", old.id, "--overlap", "1d").output
    assert "Old, which may do nothing." in told
    assert f"It expired {clock.stamp(past)}." in told
    assert f"The old key {old.id} expired {clock.stamp(past)}." in told


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_key_is_shown_whatever_the_terminal_can_print(db: Path, encoding: str) -> None:
    def keys(*words: str) -> str:
        code = "from uru_mcp.sandbox.cli.commands import sandbox; sandbox()"
        result = subprocess.run(
            [sys.executable, "-X", "utf8", "-W", "error", "-c", code, "keys", words[0], "--db", str(db), *words[1:]],
            capture_output=True,
            timeout=20,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding},
        )
        assert (result.returncode, result.stderr) == (0, b"")
        return result.stdout.decode(encoding)

    name = "Büro 日本" if encoding == "utf-8" else "B?ro ??" if encoding == "ascii" else "Büro ??"
    made = keys("create", "--name", "Büro 日本", "--permissions", "read")
    assert KEY.search(made)
    assert f": {name}, which" in made
    assert f" {name} " in keys("list")
