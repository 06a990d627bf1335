"""The commands, as people type them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import httpx2
import pytest
from click.testing import CliRunner, Result

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.commands import sandbox as group

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
        (["usage", "key_0"], "no key 'key_0'"),
        (["rotate", "key_0"], "no key 'key_0'"),
        (["rotate", "key_0", "--overlap", "1"], "24h"),
        (["delete", "key_0"], "no key 'key_0'"),
    ],
)
def test_mistakes_are_explained(run: Run, words: list[str], said: str) -> None:
    create(run)
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_or_not_ours_is_left_alone(run: Run, db: Path) -> None:
    assert "There is no file" in run("list").output
    assert not db.exists()
    db.write_text("precious " * 1000)
    assert "not a SQLite database" in run("create", "--name", "x", "--permissions", "read").output
    assert db.read_text() == "precious " * 1000


def test_every_option_has_help() -> None:
    def options(command: click.Command) -> list[click.Option]:
        own = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        below = command.commands.values() if isinstance(command, click.Group) else []
        return own + [option for sub in below for option in options(sub)]

    assert len(options(group)) > 10
    assert all(option.help for option in options(group))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_tells_how_to_use_it_and_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    code = "from uru_mcp.sandbox.commands import sandbox; sandbox()"
    arguments = ["serve", "--port", "0", "--tools", "3", "--db", str(tmp_path / "sandbox.db")]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = ""
        while "URU_API_KEY=" not in told:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            told += line
        url, key = re.findall(r"URU_PROXY_URL=(\S+)", told)[0], re.findall(r"URU_API_KEY=(\S+)", told)[0]
        answer = httpx2.get(f"{url}/keys/self", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=5)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=5)
    assert answer.json()["permissions"] == ["read", "write", "execute"]
    assert "only for this sandbox" in told
    assert (process.returncode, rest.strip(), errors) == (0, "", "")


def test_importing_the_sandbox_imports_neither_server_nor_command_line() -> None:
    late = ["click", "jsonschema", "uvicorn"]
    code = f"import sys, uru_mcp.sandbox; print([name for name in {late} if name in sys.modules])"
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.stdout.strip() == "[]"
