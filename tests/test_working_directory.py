"""Nothing is imported or run from the directory that a client starts a server in, however it is started.

The directory is a project that a stranger wrote: modules by the names of those that uru-mcp, its dependencies and
Python import, and programs by the names of those that it runs. Each leaves a mark when it runs.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from bundle.pack import MANIFEST, ROOT

from tests.commands.test_install import entry_of, file_of, install
from tests.process import SYSTEM, served_in
from tests.world import Uru
from uru_mcp.commands.client_configs.entry import configuration
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.launch import command_of
from uru_mcp.commands.client_configs.locations import configuration as configuration_of
from uru_mcp.commands.client_configs.reading import read_servers
from uru_mcp.commands.own_command import own_command
from uru_mcp.sandbox.serve import serving

SCRIPT = str(Path(sys.executable).with_name("uru-mcp"))
BY_US = (
    "anyio.py",
    "click.py",
    "email/__init__.py",
    "httpx2.py",
    "jsonschema.py",
    "mcp.py",
    "pydantic.py",
)
BY_PYTHON = ("contextlib.py", "functools.py", "re.py", "sitecustomize.py", "types.py", "usercustomize.py", "uru_mcp.py")
PROGRAMS = ("git", "uru-mcp", "give-key")
TRIED = {"HOME": "/dev/null/none", "XDG_CACHE_HOME": "/dev/null/none"}  # which not even root can make


@dataclass(frozen=True)
class Project:
    """A stranger's: whatever of it has run is named by `ran`."""

    path: Path
    marks: Path

    @property
    def ran(self) -> list[str]:
        return sorted(mark.name for mark in self.marks.iterdir())

    def add_modules(self, *names: str) -> None:
        for name in names:
            file = self.path / name
            file.parent.mkdir(exist_ok=True)
            mark = self.marks / name.replace("/", "-")
            file.write_text(f"open({str(mark)!r}, 'w').close()\n")

    def add_programs(self) -> None:
        for name in PROGRAMS:
            (self.path / name).write_text(f"#!/bin/sh\necho > {shlex.quote(str(self.marks / name))}\necho stolen\n")
            (self.path / name).chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "project", tmp_path / "marks")
    found.path.mkdir()
    found.marks.mkdir()
    found.add_modules(*BY_US, *BY_PYTHON)
    found.add_programs()
    return found


def written_entries(home: Path) -> dict[str, list[str]]:
    """The command lines of the entries that `install` writes, each once."""
    found = {}
    for client in CLIENTS:
        assert install(home, client, "--sandbox").exit_code == 0
        (server,) = read_servers(configuration_of(CLIENTS[client], sys.platform, home, {}))
        found[client] = [server.command or "", *server.args]
    assert len({tuple(words) for words in found.values()}) == 1
    return {"install": found["claude-desktop"]}


def shown_entry(*arguments: str) -> list[str]:
    """What `demo` prints at its end, and `uru-mcp` in a terminal."""
    server = json.loads(configuration(*arguments))["mcpServers"]["uru"]
    return [server["command"], *server["args"]]


def of_bundle() -> list[str]:
    """The extension's, with this Python in the place of uv's."""
    config = json.loads((ROOT / MANIFEST).read_bytes())["server"]["mcp_config"]
    assert config["args"][:4] == ["run", "--directory", "${__dirname}", "python"]
    return [sys.executable, *config["args"][4:], "--sandbox"]


def of_example() -> list[str]:
    server = json.loads((ROOT / "examples" / "claude_desktop_config.json").read_bytes())["mcpServers"]["uru-sandbox"]
    assert server["command"] == "uru-mcp"
    return [SCRIPT, *server["args"]]


WAYS = {
    "shown": shown_entry("--sandbox"),
    "without a script": [*command_of("/without/a/script/python"), "--sandbox"],
    "bundle": of_bundle(),
    "example": of_example(),
    "by hand": [SCRIPT, "--sandbox"],
}


@pytest.mark.parametrize("way", [*WAYS, "install"])
async def test_no_entry_that_is_written_or_documented_imports_from_the_working_directory(
    way: str, project: Project, tmp_path: Path
) -> None:
    command, *words = (WAYS | (written_entries(tmp_path / "home") if way == "install" else {}))[way]
    command = sys.executable if command == "/without/a/script/python" else command
    async with served_in(project.path, command, *words, **TRIED) as claude:
        await claude.initialize("2025-11-25")
        assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"
    assert project.ran == []


@pytest.mark.parametrize("words", [["--version"], ["--sandbox", "whoami"], ["demo"], ["doctor"], ["install", "--help"]])
def test_no_command_imports_from_the_working_directory(words: list[str], project: Project, tmp_path: Path) -> None:
    environ = {**SYSTEM, "HOME": str(tmp_path / "home"), "PATH": f".:{SYSTEM['PATH']}:"}
    ran = subprocess.run([SCRIPT, *words], cwd=project.path, env=environ, capture_output=True, timeout=50, check=False)
    assert ran.returncode in (0, 1), ran.stderr  # doctor has no key to look at
    assert project.ran == []


async def test_an_old_entry_imports_nothing_of_ours_from_the_working_directory(tmp_path: Path) -> None:
    """What Python imports before any of our code runs cannot be kept from it; `doctor` names such an entry."""
    project = Project(tmp_path / "project", tmp_path / "marks")
    project.path.mkdir()
    project.marks.mkdir()
    project.add_modules(*BY_US)
    async with served_in(project.path, sys.executable, "-m", "uru_mcp", "--sandbox", **TRIED) as claude:
        await claude.initialize("2025-11-25")
        assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"
    assert project.ran == []


@pytest.mark.parametrize("path", [".:{bin}", ":{bin}", "{bin}:", "bin:.:{bin}"])
async def test_the_key_command_is_neither_found_nor_run_in_the_working_directory(
    path: str, project: Project, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key()
    programs = tmp_path / "bin"
    programs.mkdir()
    code = f"import click, json; print({key.text!r})"  # whose own modules are not the project's either
    (programs / "give-key").write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)}\n")
    (programs / "give-key").chmod(0o755)
    (project.path / "bin").symlink_to(".")
    async with serving(uru.sandbox) as url:
        settings = {"URU_API_KEY_COMMAND": "give-key", "URU_PROXY_URL": url, "PATH": path.format(bin=programs)}
        async with served_in(project.path, SCRIPT, **TRIED, **settings) as claude:
            await claude.initialize("2025-11-25")
            report = (await claude.call("uru_whoami"))["structuredContent"]
    assert (report["state"], report["key"]["last4"]) == ("ready", key.text[-4:])
    assert project.ran == []


async def test_a_key_command_that_is_in_the_working_directory_alone_is_not_found(project: Project) -> None:
    settings = {"URU_API_KEY_COMMAND": "give-key", "URU_PROXY_URL": "http://127.0.0.1:9", "PATH": ".:"}
    async with served_in(project.path, SCRIPT, **TRIED, **settings) as claude:
        await claude.initialize("2025-11-25")
        report = (await claude.call("uru_whoami"))["structuredContent"]
    assert report["state"] == "key_unavailable"
    assert project.ran == []


def test_what_doctor_starts_is_not_started_in_the_working_directory(project: Project, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert install(home, "claude-desktop", "--sandbox").exit_code == 0
    file = file_of(home)
    servers = {
        "uru": entry_of(home),
        "old": {"command": sys.executable, "args": ["-m", "uru_mcp", "--sandbox"]},
        "bare": {"command": "uru-mcp", "args": ["--sandbox"], "env": {"URU_API_KEY": "uru_test_0123456789abcdef"}},
    }
    file.write_text(json.dumps({"mcpServers": servers}))
    environ = {**SYSTEM, "HOME": str(home), "PATH": f".::{os.path.dirname(SCRIPT)}:{SYSTEM['PATH']}"}  # noqa: PTH120
    ran = subprocess.run(
        [SCRIPT, "doctor", "--json"], cwd=project.path, env=environ, capture_output=True, timeout=50, check=False
    )
    checks = {check["name"]: check for check in json.loads(ran.stdout)["checks"]}
    starts = {name: checks[f"Claude Desktop “{name}” start"]["verdict"] for name in servers}
    assert starts == dict.fromkeys(servers, "ok"), checks
    assert project.ran == []


def test_an_old_entry_is_a_fault_and_install_replaces_it(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.parent.mkdir(parents=True)
    old = {"command": sys.executable, "args": ["-m", "uru_mcp", "--sandbox"], "disabled": False}
    file.write_text(json.dumps({"mcpServers": {"uru": old}}))
    environ = {**SYSTEM, "HOME": str(tmp_path)}

    def doctor() -> str:
        return subprocess.run([SCRIPT, "doctor"], env=environ, capture_output=True, text=True, timeout=50).stdout

    seen = doctor()
    assert "✗ Claude Desktop “uru” imports  it imports from the client's working directory first" in seen
    assert (
        f'"command": "{SCRIPT}", "args": ["--sandbox"]; or run {own_command("install", "claude-desktop")} again.'
        in seen
    )
    assert install(tmp_path, "claude-desktop", "--sandbox").exit_code == 0
    assert entry_of(tmp_path) == {"command": SCRIPT, "args": ["--sandbox"], "disabled": False}
    assert "imports" not in doctor()
