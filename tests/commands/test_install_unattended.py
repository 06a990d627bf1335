"""`uru-mcp install` in a script: nothing is asked without a terminal, and each exit code says what to do next."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.commands.terminal import talk_with
from tests.commands.test_install import STRANGER, entry_of, file_of, install, install_with, put
from tests.documents import DOCUMENTS
from tests.world import Uru
from uru_mcp.commands.install_errors import MEANINGS
from uru_mcp.commands.own_command import own_command
from uru_mcp.sandbox.serve import serving


def test_without_a_key_nothing_is_asked_and_each_way_to_give_one_is_named(tmp_path: Path) -> None:
    ran = install(tmp_path, "claude-desktop")
    assert ran.exit_code == 4
    assert "No API key was given" in ran.stderr
    for way in ("URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND", "--key-file", "--key-command"):
        assert way in ran.stderr
    assert not any(word in ran.output for word in ("Warning", "API key:"))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("content", "said"), [(None, "does not exist"), ("", "has no key"), ("hush", "has no key")])
def test_a_key_file_that_gives_no_key_is_named_with_the_reason(content: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "nokey"
    if content is not None:
        file.write_text(content)
    ran = install(tmp_path, "claude-desktop", "--yes", "--key-file", str(file))
    assert (ran.exit_code, f"Error: The key file {file} {said}" in ran.stderr) == (4, True), ran.output
    assert "hush" not in ran.output
    assert not file_of(tmp_path).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX's")
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("cat /nowhere/key | head -1", "so it was given | as written."),
        ("cat ~/key", "so it was given ~ as written."),
        ("echo $(cat /key)", "so it was given $ as written."),
        ("sh -c 'cat /nowhere/~ | head -1'", "it printed nothing in its first line. Nothing was written."),
    ],
)
def test_a_key_command_that_needs_a_shell_is_said_to_run_without_one(command: str, said: str, tmp_path: Path) -> None:
    for words, given in ((["--key-command", command], {}), ([], {"URU_API_KEY_COMMAND": command})):
        ran = install(tmp_path, "claude-desktop", "--yes", *words, PATH=os.defpath, **given)
        assert (ran.exit_code, ran.output.count("returned no key")) == (4, 1), ran.output
        assert said in ran.stderr
        assert ("of --key-command" in ran.stderr) == bool(words)
        assert (f"run {own_command('install')} again." in ran.stderr, "restart" in ran.stderr) == (True, False)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
async def test_with_yes_nothing_is_asked_at_a_terminal_either(uru: Uru, tmp_path: Path) -> None:
    async with serving(uru.sandbox) as url:
        code, seen = await talk_with(url, tmp_path, [], "--yes")
    assert (code, "No API key was given" in seen) == (4, True), seen


async def test_a_key_that_could_not_be_checked_is_not_written_even_with_yes(uru: Uru, tmp_path: Path) -> None:
    uru.faults.status("/", 429, headers={"retry-after": "60"})
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, "claude-desktop", "--yes", URU_API_KEY=uru.key().text)
    assert ran.exit_code == 5, ran.output
    assert "could not be checked" in ran.stderr
    assert not file_of(tmp_path).exists()


async def test_yes_replaces_a_key_in_a_key_file_but_nothing_else(uru: Uru, tmp_path: Path) -> None:
    file, key = tmp_path / "key", uru.key().text
    words = ("claude-desktop", "--yes", "--key-file", str(file))
    async with serving(uru.sandbox) as url:
        file.write_text("my other secret\n")
        kept = await install_with(url, tmp_path, *words, URU_API_KEY=key)
        assert (kept.exit_code, file.read_text()) == (1, "my other secret\n"), kept.output
        assert "contains something other than a key" in kept.stderr
        file.write_text(STRANGER)
        replaced = await install_with(url, tmp_path, *words, URU_API_KEY=key)
        assert (replaced.exit_code, file.read_text()) == (0, f"{key}\n"), replaced.output


async def test_the_key_of_the_entry_is_used_again_by_a_script_that_gives_none(uru: Uru, tmp_path: Path) -> None:
    key = uru.key()
    async with serving(uru.sandbox) as url:
        await install_with(url, tmp_path, "claude-desktop", URU_API_KEY=f"Bearer {key.text}")
        again = await install_with(url, tmp_path, "claude-desktop", "--permissions", "read")
        assert again.exit_code == 0, again.output
        expected = {"URU_API_KEY": key.text, "URU_PROXY_URL": url, "URU_PERMISSIONS": "read"}
        assert entry_of(tmp_path)["env"] == expected
        uru.sandbox.keys.delete(key.record.id)
        refused = await install_with(url, tmp_path, "claude-desktop")
    assert (refused.exit_code, "deleted in Uru" in refused.stderr) == (4, True), refused.output
    assert entry_of(tmp_path)["env"] == expected


async def test_an_old_key_in_a_key_file_ends_with_where_to_write_the_new_one(uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(STRANGER)
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, "claude-desktop", "--key-file", str(file))
    assert ran.exit_code == 4
    assert f"write it to the first line of {file}, and run " in ran.stderr


@pytest.mark.parametrize(
    ("held", "said", "command"),
    [
        ({"read"}, "the key has Read, which --permissions or URU_PERMISSIONS leaves out.", " --permissions read\n"),
        (set(), "the key has no permission.", f"  {own_command('install', 'claude-desktop')}\n"),
    ],
)
async def test_a_key_that_has_none_of_the_permissions_ends_with_a_code_and_what_to_run(
    held: set[str], said: str, command: str, uru: Uru, tmp_path: Path
) -> None:
    words = ("claude-desktop", "--permissions", "write")
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, *words, URU_API_KEY=uru.key(held).text)
    assert (ran.exit_code, f"Nothing will work: {said}" in ran.output) == (3, True), ran.output
    assert ran.output.endswith(command)
    assert "Then ask" not in ran.output


def test_a_configuration_that_cannot_be_read_has_a_code_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "{,}")
    assert install(tmp_path, "claude-desktop", "--sandbox").exit_code == 6


def test_the_codes_are_told_in_the_help_and_in_the_documents(tmp_path: Path) -> None:
    told = install(tmp_path, "--help").output.partition("Exit codes:\n")[2]
    assert [line.split(maxsplit=1)[0] for line in told.splitlines() if line.strip()] == [str(code) for code in MEANINGS]
    table = DOCUMENTS["docs/install.md"].partition("| code |")[2]
    assert re.findall(r"^\| (\d) \| (.+?) \|$", table, re.MULTILINE) == [
        (str(int(code)), meaning) for code, meaning in MEANINGS.items()
    ]
