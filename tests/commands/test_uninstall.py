"""`--uninstall` gives back what was replaced, leaves other programs alone, and install names what else is about Uru."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.test_install import SANDBOX, entry_of, file_of, install, install_with, put
from tests.world import Uru
from uru_mcp.sandbox.serve import serving

NODE = {"command": "npx", "args": ["-y", "uru-mcp@latest"], "env": {"URU_API_KEY": "uru_test_0123456789abcdef"}}
REMOTE = {"type": "http", "url": "https://mcp.example.com/mcp"}
TABBED = '{\n\t"theme": "dark",\n\t"mcpServers": {"uru": %s}\n}\n'


@pytest.mark.parametrize(("entry", "what"), [(NODE, "Uru's Node client"), (REMOTE, "another server")])
def test_an_entry_of_another_program_is_given_back_byte_for_byte(entry: Any, what: str, tmp_path: Path) -> None:
    before = TABBED % json.dumps(entry)
    file = put(tmp_path, before)
    first = install(tmp_path, "claude-desktop", "--sandbox")
    assert f"It replaces {what}; --uninstall gives that back." in first.output
    assert entry_of(tmp_path)["args"] == ["--sandbox"]
    again = install(tmp_path, "claude-desktop", "--sandbox", "--permissions", "read")
    assert (again.exit_code, "It replaces" in again.output) == (0, False)

    removed = install(tmp_path, "claude-desktop", "--uninstall")
    assert "Given back: the server “uru” that was there before" in removed.output
    assert file.read_text() == before
    left = install(tmp_path, "claude-desktop", "--uninstall")
    assert (left.exit_code, "Nothing to change: the server “uru”" in left.output) == (0, True)
    assert file.read_text() == before


def test_it_is_given_back_too_after_another_hand_has_been_in_the_file(tmp_path: Path) -> None:
    file = put(tmp_path, TABBED % json.dumps(NODE))
    install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text(file.read_text().replace("dark", "light"))
    install(tmp_path, "claude-desktop", "--uninstall")
    assert json.loads(file.read_text()) == {"theme": "light", "mcpServers": {"uru": NODE}}


def test_what_somebody_removed_in_between_does_not_come_back(tmp_path: Path) -> None:
    file = put(tmp_path, TABBED % json.dumps(NODE))
    install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text('{"mcpServers": {"mine": {"command": "x"}}}')
    install(tmp_path, "claude-desktop", "--sandbox")
    install(tmp_path, "claude-desktop", "--uninstall")
    assert file.read_text() == '{"mcpServers": {"mine": {"command": "x"}}}'


def test_a_node_client_under_another_name_is_named(tmp_path: Path) -> None:
    put(tmp_path, json.dumps({"mcpServers": {"uru-old": NODE, "files": {"command": "npx", "args": ["files"]}}}))
    ran = install(tmp_path, "claude-desktop", "--sandbox")
    assert "Claude Desktop also has Uru's Node client, as the server “uru-old”" in ran.output
    assert "“files”" not in ran.output


def test_a_server_in_the_local_scope_of_claude_code_is_named_with_the_command_that_removes_it(tmp_path: Path) -> None:
    servers = {"/home/me/my project": {"mcpServers": {"uru": SANDBOX, "node": NODE, "x": {"command": "x"}}}, "/odd": 1}
    put(tmp_path, json.dumps({"projects": servers}), "claude-code")
    ran = install(tmp_path, "claude-code", "--sandbox")
    assert ran.exit_code == 0, ran.output
    assert "another server “uru”, which is used there instead" in ran.output
    assert "cd '/home/me/my project' && claude mcp remove uru --scope local" in ran.output
    assert "has Uru's Node client as the server “node”. Remove it: cd " in ran.output
    assert "“x”" not in ran.output


@pytest.mark.parametrize("client", ["claude-desktop", "claude-code", "zed"])
def test_a_client_that_is_not_on_the_machine_is_said(client: str, tmp_path: Path) -> None:
    first = install(tmp_path, client, "--sandbox", PATH=str(tmp_path))
    assert first.exit_code == 0
    assert "was not found on this machine" in first.output
    assert "was not found" not in install(tmp_path, client, "--sandbox", PATH=str(tmp_path)).output
    file_of(tmp_path, client).unlink()
    (tmp_path / {"claude-code": "claude"}.get(client, client)).write_text("#!/bin/sh\n")
    (tmp_path / {"claude-code": "claude"}.get(client, client)).chmod(0o755)
    assert "was not found" not in install(tmp_path, client, "--sandbox", PATH=str(tmp_path)).output


def keyed(name: str = "uru", key: str = "uru_test_0123456789abcdef") -> str:
    return json.dumps({"mcpServers": {"mine": {"command": "x"}, name: {**SANDBOX, "env": {"URU_API_KEY": key}}}})


def backups(home: Path) -> list[str]:
    return sorted(one.name.partition(".uru-mcp-backup")[2] for one in file_of(home).parent.glob("*.uru-mcp-backup*"))


def test_the_last_uninstall_takes_along_the_backups_of_which_only_a_key_is_lost(tmp_path: Path) -> None:
    before = '{"mcpServers": {"mine": {"command": "x"}}}'
    file = put(tmp_path, before)
    install(tmp_path, "claude-desktop", "--sandbox")
    for name, key in (("uru", "uru_test_1"), ("uru", "uru_test_2"), ("uru-two", "uru_test_3")):
        file.write_text(keyed(name, key))
        install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text(json.dumps({"mcpServers": {"mine": {"command": "x"}, "uru": SANDBOX, "uru-two": SANDBOX}}))

    first = install(tmp_path, "claude-desktop", "--uninstall")
    assert "These backups still contain a key: " in first.output
    assert backups(tmp_path) == ["", "-2", "-3", "-4"]
    shown = install(tmp_path, "claude-desktop", "--uninstall", "--name", "uru-two", "--dry-run")
    assert (shown.exit_code, backups(tmp_path)) == (0, ["", "-2", "-3", "-4"])
    last = install(tmp_path, "claude-desktop", "--uninstall", "--name", "uru-two")
    assert f"Removed: the backup {file}.uru-mcp-backup-4, which contained a key\n" in last.output
    assert (file.read_text(), backups(tmp_path)) == (before, [])


def test_a_backup_with_anything_else_is_named_with_the_command_each_time(tmp_path: Path) -> None:
    file = put(tmp_path, keyed().replace('"x"', '"of yesterday"'))
    install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text(keyed())
    backup = f"{file}.uru-mcp-backup"
    for _ in range(2):
        removed = install(tmp_path, "claude-desktop", "--uninstall")
        assert f"Not removed: the backup {backup}, which contains a key. Remove it: rm {backup}\n" in removed.output
        assert json.loads(file.read_text()) == {"mcpServers": {"mine": {"command": "x"}}}
    file.unlink()
    assert f"Remove it: rm {backup}" in install(tmp_path, "claude-desktop", "--uninstall").output
    file.write_text("{")
    assert install(tmp_path, "claude-desktop", "--uninstall").exit_code == 6
    assert backups(tmp_path) == [""]


def test_an_entry_that_was_removed_by_hand_leaves_no_key_either(tmp_path: Path) -> None:
    file = put(tmp_path, keyed())
    install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text('{"mcpServers": {"mine": {"command": "x"}}}')
    shown = install(tmp_path, "claude-desktop", "--uninstall", "--dry-run")
    assert f"Would remove: the backup {file}.uru-mcp-backup, which contained a key" in shown.output
    install(tmp_path, "claude-desktop", "--uninstall")
    assert backups(tmp_path) == []


@pytest.mark.parametrize("client", ["claude-desktop", "codex", "goose", "opencode"])
async def test_where_there_was_no_file_there_is_none_after_two_installs(client: str, uru: Uru, tmp_path: Path) -> None:
    async with serving(uru.sandbox) as url:
        assert (await install_with(url, tmp_path, client, URU_API_KEY=uru.key().text)).exit_code == 0
    install(tmp_path, client, "--sandbox")
    removed = install(tmp_path, client, "--uninstall")
    file = file_of(tmp_path, client)
    assert f"Removed: {file}, which contained nothing else" in removed.output
    assert [*file.parent.iterdir()] == []
