"""An installation is written and told by the path that an update keeps: as it was called, or below its link."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.commands.test_install import SCRIPT, UNSET, entry_of, install, put
from uru_mcp import __version__
from uru_mcp.cli import main
from uru_mcp.commands.own_command import own_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX's")


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The link `uru-mcp` to an installation in a directory of its version, which is the one that runs."""
    environment = tmp_path / "opt" / f"uru-mcp-{__version__}"
    (environment / "lib/python3.11/site-packages/uru_mcp-9.dist-info").mkdir(parents=True)
    python, script = environment / "bin/python", environment / "bin/uru-mcp"
    script.parent.mkdir()
    python.symlink_to(sys.executable)
    script.write_text(f"#!{python}\nfrom uru_mcp.__main__ import main\nmain()\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", "/nowhere")
    link = environment.with_name("uru-mcp")
    link.symlink_to(environment.name)
    return link


@pytest.mark.parametrize("name", ["uru-mcp", f"uru-mcp-{__version__}"])
def test_an_entry_names_the_link_however_it_was_called_and_replaces_the_path_of_a_version(
    name: str, link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = str(link.resolve() / "bin/uru-mcp")
    put(tmp_path, json.dumps({"mcpServers": {"uru": {"command": old, "args": ["--sandbox"]}}}))
    monkeypatch.setattr(sys, "argv", [str(link.with_name(name) / "bin/uru-mcp")])
    ran = install(tmp_path, "claude-desktop", "--sandbox")
    assert (ran.exit_code, "It replaces" in ran.output) == (0, False), ran.output
    assert entry_of(tmp_path)["command"] == str(link / "bin/uru-mcp")
    assert own_command("doctor") == f"{link}/bin/uru-mcp doctor"


def test_doctor_warns_of_the_path_of_a_version_and_names_the_link(
    link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = str(link.resolve() / "bin/uru-mcp")
    put(tmp_path, json.dumps({"mcpServers": {"uru": {"command": old, "args": ["--sandbox"]}}}))
    monkeypatch.setattr(sys, "argv", [str(link / "bin/uru-mcp")])
    here = {**UNSET, "HOME": str(tmp_path), "XDG_CONFIG_HOME": None}
    checks = json.loads(CliRunner().invoke(main, ["doctor", "--json"], env=here).stdout)["checks"]
    (found,) = [check for check in checks if check["name"] == "Claude Desktop “uru” command"]
    assert (found["verdict"], f"{old} is the path of this version alone" in found["seen"]) == ("warning", True), found
    assert f'write "command": "{link}/bin/uru-mcp"' in found["remedy"]
    assert f"or run {link}/bin/uru-mcp install claude-desktop again" in found["remedy"]


def test_a_relative_call_is_below_the_directory_that_the_shell_names(
    link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = link.with_name("current")
    other.symlink_to(link.resolve())
    monkeypatch.chdir(other)
    monkeypatch.setattr(sys, "argv", ["bin/uru-mcp"])
    install(tmp_path, "claude-desktop", "--sandbox", PWD=str(other))
    assert entry_of(tmp_path)["command"] == str(other / "bin/uru-mcp")
    install(tmp_path, "claude-desktop", "--sandbox", PWD=str(tmp_path))
    assert entry_of(tmp_path)["command"] == str(link / "bin/uru-mcp"), "the shell is in another directory"


def test_a_script_of_another_installation_or_of_another_name_is_not_taken(
    link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = tmp_path / "uru"
    renamed.symlink_to(link / "bin/uru-mcp")
    for called in (SCRIPT, str(renamed), "-c", "", str(tmp_path / "gone" / "uru-mcp")):
        monkeypatch.setattr(sys, "argv", [called])
        assert own_command("doctor") == f"{link}/bin/uru-mcp doctor"


def test_a_link_that_leads_to_another_version_is_not_taken(link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = link.resolve()
    link.unlink()
    link.symlink_to("uru-mcp-9.9.9")
    monkeypatch.setattr(sys, "argv", [str(own / "bin/uru-mcp")])
    assert own_command("doctor") == f"{own}/bin/uru-mcp doctor"
    link.unlink()
    link.symlink_to(link.name)
    assert own_command("doctor") == f"{own}/bin/uru-mcp doctor"
