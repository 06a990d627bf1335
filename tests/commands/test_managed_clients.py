"""Where an administrator has configured a client's servers, the client ignores those that users add."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from tests.commands.test_install import SCRIPT, STRANGER, UNSET, file_of, put
from tests.world import Uru
from uru_mcp.cli import main
from uru_mcp.commands.client_configs.client_files import claude_code_managed
from uru_mcp.commands.client_configs.machine import Machine, SystemFiles
from uru_mcp.sandbox.serve import serving

CONFIGURATION = "Claude Code (managed)"


def managed_file(root: Path, platform: str = sys.platform) -> Path:
    return claude_code_managed(Machine(platform, root, {}, SystemFiles(root=root)))


def manage(root: Path, **servers: Any) -> Path:
    file = managed_file(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"mcpServers": servers}))
    return file


def run(home: Path, *words: str, **environ: str) -> Result:
    there = {**UNSET, "URU_PROXY_URL": None, "XDG_CONFIG_HOME": None, "HOME": str(home), "USERPROFILE": str(home)}
    return CliRunner().invoke(main, [*words], env={**there, **environ}, obj=SystemFiles(root=home))


async def doctor(home: Path, **environ: str) -> tuple[bool, dict[str, dict[str, Any]]]:
    ran = await anyio.to_thread.run_sync(partial(run, home, "doctor", "--json", **environ))
    said = json.loads(ran.stdout)
    assert (ran.exit_code == 0) == said["ok"]
    return said["ok"], {check["name"]: check for check in said["checks"]}


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", "etc/claude-code/managed-mcp.json"),
        ("darwin", "Library/Application Support/ClaudeCode/managed-mcp.json"),
        ("win32", "Program Files/ClaudeCode/managed-mcp.json"),
    ],
)
def test_each_system_has_its_place_for_it(platform: str, place: str, tmp_path: Path) -> None:
    assert managed_file(tmp_path, platform) == tmp_path / place


@pytest.mark.parametrize("words", [[], ["--yes"], ["--sandbox"], ["--dry-run"]])
def test_install_writes_nothing_that_claude_code_would_ignore(words: list[str], tmp_path: Path) -> None:
    managed = manage(tmp_path)
    ran = run(tmp_path, "install", "claude-code", *words, URU_API_KEY=STRANGER)
    assert ran.exit_code == 8, ran.output
    assert f"Claude Code uses only the servers in {managed}" in ran.stderr
    assert "Nothing was written." in ran.stderr
    assert not file_of(tmp_path, "claude-code").exists()
    assert run(tmp_path, "install", "cursor", "--sandbox").exit_code == 0


async def test_doctor_checks_the_managed_server_as_its_client_starts_it(uru: Uru, tmp_path: Path) -> None:
    key = tmp_path / ".config" / "uru" / "key"
    key.parent.mkdir(parents=True)
    key.touch(mode=0o600)
    key.write_text(uru.key().text)
    async with serving(uru.sandbox) as url:
        env = {"URU_API_KEY_FILE": "~/.config/uru/key", "URU_PROXY_URL": url, "URU_DIRECT_TOOLS": "none"}
        manage(tmp_path, uru={"type": "stdio", "command": SCRIPT, "args": [], "env": env})
        is_well, checks = await doctor(tmp_path)
    assert is_well, checks
    seen = checks["configuration"]["seen"]
    assert seen.startswith(f"in {CONFIGURATION} “uru”, since no key is set in this terminal: URU_API_KEY_FILE")
    assert checks[f"{CONFIGURATION} “uru” start"]["verdict"] == "ok"
    assert f"used by {CONFIGURATION} “uru”" in checks[f"key …{key.read_text()[-4:]}"]["seen"]


async def test_doctor_checks_no_entry_of_the_user_s_own_and_says_that_it_is_ignored(tmp_path: Path) -> None:
    put(tmp_path, json.dumps({"mcpServers": {}}), "claude-code")
    run(tmp_path, "install", "claude-code", "--sandbox")
    own = file_of(tmp_path, "claude-code")
    managed = manage(tmp_path, uru={"command": "/gone/uru-mcp", "args": ["--sandbox"]})
    is_well, checks = await doctor(tmp_path)
    assert not is_well
    assert not [name for name in checks if name.startswith("Claude Code “")]
    ignored = checks["Claude Code"]
    assert (ignored["verdict"], f"ignores the servers in {own}, since {managed}" in ignored["seen"]) == (
        "warning",
        True,
    )
    assert "install claude-code --uninstall" in ignored["remedy"]
    gone = checks[f"{CONFIGURATION} “uru” command"]
    assert (gone["verdict"], gone["seen"]) == ("failed", "/gone/uru-mcp does not exist.")
    assert gone["remedy"].startswith("Ask the administrator of this machine to write ")
    assert run(tmp_path, "install", "claude-code", "--uninstall").exit_code == 0
    assert (await doctor(tmp_path))[1]["Claude Code"]["verdict"] == "skipped"


async def test_a_managed_file_that_claude_code_cannot_read_is_a_failure(tmp_path: Path) -> None:
    manage(tmp_path).write_text("{,}")
    _, checks = await doctor(tmp_path)
    assert checks[CONFIGURATION]["verdict"] == "failed"
    assert run(tmp_path, "install", "claude-code", "--sandbox").exit_code == 8


async def test_the_terminal_needs_no_key_where_a_client_fills_one_in(tmp_path: Path) -> None:
    manage(tmp_path, uru={"command": SCRIPT, "args": [], "env": {"URU_API_KEY": "${URU_KEY}"}})
    is_well, checks = await doctor(tmp_path)
    assert (is_well, checks["configuration"]["verdict"]) == (True, "skipped"), checks
    assert f"{CONFIGURATION} “uru” has a placeholder" in checks["configuration"]["seen"]
