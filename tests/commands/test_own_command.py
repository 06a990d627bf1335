"""What a terminal is told to run is there: this installation by its path, or by its name where the PATH finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.commands.test_install import SCRIPT, install
from uru_mcp.cli import main
from uru_mcp.commands.own_command import as_told_here, as_typed, own_command

BIN = str(Path(SCRIPT).parent)
TEMPORARY = {
    "uvx": "/home/me/.cache/uv/archive-v0/4fssk3/bin/python",
    "uvx on Windows": r"C:\Users\me\AppData\Local\uv\cache\builds-v0\.tmpx\Scripts\python.exe",
    "pipx run": "/home/me/.local/pipx/.cache/0a1b2c3d4e5f678/bin/python",
    "pipx run on macOS": "/Users/me/Library/Caches/pipx/0a1b2c3d4e5f678/bin/python",
    "pipx run on Windows": r"C:\Users\me\AppData\Local\pipx\pipx\Cache\0a1b2c3d4e5f678\Scripts\python.exe",
}
PERMANENT = [
    "/home/me/.local/share/uv/tools/uru-mcp/bin/python",
    "/home/me/.local/share/pipx/venvs/uru-mcp/bin/python",
    "/home/me/.cache/pypoetry/virtualenvs/uru-mcp-0a1b2c3d/bin/python",
    "/home/me/.uru-mcp/bin/python",
]


def test_a_script_on_the_path_is_told_by_its_name_and_any_other_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert own_command("doctor") == f"{SCRIPT} doctor"
    assert as_told_here("Try uru-mcp tools NAME.") == f"Try {SCRIPT} tools NAME."
    assert as_told_here("uru-mcp is a server of uru-mcp; see ~/.uru-mcp tools") == (
        "uru-mcp is a server of uru-mcp; see ~/.uru-mcp tools"
    )
    (tmp_path / "uru-mcp").write_text("#!/bin/sh\n")
    (tmp_path / "uru-mcp").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{BIN}")
    assert own_command("doctor") == f"{SCRIPT} doctor", "the first on the PATH is another program"
    monkeypatch.setenv("PATH", BIN)
    assert own_command("doctor") == "uru-mcp doctor"


@pytest.mark.skipif(sys.platform == "win32", reason="it needs a POSIX shell")
def test_a_path_with_blanks_and_signs_is_one_that_a_shell_runs(tmp_path: Path) -> None:
    program = tmp_path / "Zoë's $HOME & co" / "uru-mcp"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    told = as_typed([str(program), "install", "zed"], windows=False)
    assert subprocess.run(["/bin/sh", "-c", told], capture_output=True, check=True).stdout == b"install zed\n"


def test_powershell_is_told_with_an_ampersand_where_the_path_has_blanks() -> None:
    script = r"C:\Users\me\.uru-mcp\Scripts\uru-mcp.exe"
    assert as_typed([script, "demo"], windows=True) == f"{script} demo"
    assert as_typed([r"C:\My files\uru-mcp.exe"], windows=True) == r'& "C:\My files\uru-mcp.exe"'


def test_a_misspelt_command_is_answered_with_one_that_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert f"Did you mean {SCRIPT} doctor?" in CliRunner().invoke(main, ["docter"]).output


@pytest.mark.parametrize("runner", TEMPORARY)
def test_a_temporary_copy_is_refused_before_anything_is_asked_or_written(
    runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", TEMPORARY[runner])
    for words in ([], ["--sandbox"], ["--sandbox", "--dry-run"]):
        ran = install(tmp_path, "claude-desktop", *words)
        assert ran.exit_code == 2
        assert f"was made by {runner.partition(' on ')[0]}, which may delete it" in ran.output
        assert "Install it permanently" in ran.output
        assert "install uru-mcp" not in ran.output, "that name is not published"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("python", PERMANENT)
def test_an_environment_that_stays_is_taken(python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", python)
    assert install(tmp_path, "claude-desktop", "--sandbox").exit_code == 0
