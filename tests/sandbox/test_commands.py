"""Serving from a terminal, and what all commands have in common."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import httpx2
import pytest
from click.testing import CliRunner

import uru_mcp.sandbox as sandbox_package
from tests.time_limits import WITHIN
from uru_mcp.sandbox.cli.commands import sandbox as group
from uru_mcp.sandbox.cli.key_commands import keys


def below(command: click.Command) -> list[click.Command]:
    """The command and all under it."""
    if not isinstance(command, click.Group):
        return [command]
    context = click.Context(command)
    under = [command.get_command(context, name) for name in command.list_commands(context)]
    return [command, *(one for sub in under if sub is not None for one in below(sub))]


def test_every_option_has_help() -> None:
    options = [one for command in below(group) for one in command.params if isinstance(one, click.Option)]
    assert len(options) > 10
    assert all(option.help for option in options)


@pytest.mark.parametrize("words", [[], ["serve"], ["keys"], *(["keys", name] for name in keys.commands)])
def test_every_command_takes_a_short_h_and_lists_what_is_below_it_in_whole_sentences(words: list[str]) -> None:
    short, long = (CliRunner().invoke(group, [*words, flag], terminal_width=80) for flag in ("-h", "--help"))
    assert (short.exit_code, short.output) == (0, long.output)
    assert not [line for line in short.output.splitlines()[1:] if line.endswith("...")]


def test_a_port_in_use_is_said_with_the_way_out_and_no_file_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(group, ["serve", "--port", str(port), "--db", str(tmp_path / "x.db")])
    assert (result.exit_code, result.output) == (1, f"Error: Port {port} is in use; --port 0 takes any free one.\n")
    assert [*tmp_path.iterdir()] == []


def test_serving_a_file_in_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["serve", "--db", str(tmp_path / "nodir" / "x.db")])
    assert (result.exit_code, result.output) == (1, f"Error: The directory {tmp_path / 'nodir'} does not exist.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_tells_how_to_use_it_and_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    code = "from uru_mcp.sandbox.cli.commands import sandbox; sandbox()"
    arguments = ["serve", "--port", "0", "--tools", "3", "--db", str(tmp_path / "sandbox.db")]
    with subprocess.Popen(
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
        answer = httpx2.get(
            f"{url}/keys/self", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=WITHIN
        )
        process.send_signal(number)
        rest, errors = process.communicate(timeout=WITHIN)
    assert answer.json()["permissions"] == ["read", "write", "execute"]
    assert "only for this sandbox" in told
    assert (process.returncode, rest.strip(), errors) == (0, "", "")


@pytest.mark.parametrize("name", sandbox_package.__all__)
def test_each_name_of_the_sandbox_is_there(name: str) -> None:
    assert getattr(sandbox_package, name).__name__ == name


def test_importing_the_sandbox_imports_neither_server_nor_command_line() -> None:
    late = ["click", "jsonschema", "uvicorn"]
    code = f"import sys, uru_mcp.sandbox; print([name for name in {late} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.stdout.strip() == "[]"
