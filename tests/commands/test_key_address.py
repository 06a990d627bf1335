"""A key goes to the address of an old entry, or of the terminal, only with a word about it."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import anyio.to_thread
import pytest

from tests.commands.terminal import KEY_PROMPT, talk
from tests.commands.test_install import STRANGER, entry_of, file_of, install, install_with, put
from tests.world import Uru
from uru_mcp.sandbox.serve import serving


def put_entry(home: Path, **env: str) -> None:
    put(home, json.dumps({"mcpServers": {"uru": {"command": "/old/uru-mcp", "args": [], "env": env}}}))


async def test_a_script_is_told_before_and_after_where_the_old_entry_sends_the_key(uru: Uru, tmp_path: Path) -> None:
    async with serving(uru.sandbox) as url:
        put_entry(tmp_path, URU_PROXY_URL=url)
        run = partial(install, tmp_path, "claude-desktop", "--yes", URU_API_KEY=STRANGER)
        refused = await anyio.to_thread.run_sync(run)
        run = partial(install, tmp_path, "claude-desktop", "--yes", URU_API_KEY=uru.key().text)
        accepted = await anyio.to_thread.run_sync(run)
    before, _, after = refused.stderr.partition("Error: ")
    where = f"{url}, the URU_PROXY_URL in {file_of(tmp_path)}."
    assert refused.exit_code == 4
    assert f"The key is sent to {where}" in before
    assert f"The key was checked with {where}" in after
    assert all("install claude-desktop --set URU_PROXY_URL=\n" in part for part in (before, after))
    assert (accepted.exit_code, f"The key is sent to {where}" in accepted.stderr) == (0, True), accepted.output


def test_an_address_where_nobody_answers_is_named(tmp_path: Path) -> None:
    put_entry(tmp_path, URU_PROXY_URL="http://127.0.0.1:1")
    ran = install(tmp_path, "claude-desktop", "--name", "uru", "--yes", URU_API_KEY=STRANGER)
    assert ran.exit_code == 5
    assert "The key was checked with http://127.0.0.1:1, the URU_PROXY_URL in " in ran.stderr
    here = install(tmp_path, "cursor", "--yes", URU_API_KEY=STRANGER, URU_PROXY_URL="http://127.0.0.1:1/")
    assert "The key was checked with http://127.0.0.1:1, the URU_PROXY_URL of this terminal." in here.stderr
    assert "The key is sent to" not in here.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
async def test_a_person_is_told_before_he_pastes_a_key_and_when_it_is_refused(uru: Uru, tmp_path: Path) -> None:
    dialogue = [(KEY_PROMPT, f"{STRANGER}\n"), (KEY_PROMPT, f"{uru.key().text}\n")]
    async with serving(uru.sandbox) as url:
        put_entry(tmp_path, URU_PROXY_URL=url)
        run = partial(talk, tmp_path, dialogue, "install", "claude-desktop")
        code, seen = await anyio.to_thread.run_sync(run)
    assert code == 0, seen
    first, refused, _ = seen.split(KEY_PROMPT)
    assert all(
        f"The key is sent to {url}, the URU_PROXY_URL in {file_of(tmp_path)}." in one for one in (first, refused)
    )


async def test_a_setting_without_a_value_is_removed_and_the_dry_run_shows_it(uru: Uru, tmp_path: Path) -> None:
    words = ("claude-desktop", "--set", "URU_AUDIT_LOG=", "--set", "URU_CONFIRM=")
    async with serving(uru.sandbox) as url:
        key = uru.key().text
        put_entry(tmp_path, URU_API_KEY=key, URU_CONFIRM="never", URU_AUDIT_LOG="/log", OTHER="")
        ran = await install_with(url, tmp_path, *words)
    assert ran.exit_code == 0, ran.output
    assert entry_of(tmp_path)["env"] == {"URU_API_KEY": key, "URU_PROXY_URL": url, "OTHER": ""}
    shown = install(tmp_path, "claude-desktop", "--set", "URU_PROXY_URL=", "--dry-run").output
    assert f'-    "URU_PROXY_URL": "{url}"' in shown
    assert '+    "URU_PROXY_URL"' not in shown
