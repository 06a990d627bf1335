"""`uru-mcp install` on a machine with an administrator's policy, and where the administrator has decided already."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from tests.commands.test_install import UNSET, entry_of, file_of
from tests.config.policies import written
from tests.world import Uru
from uru_mcp.cli import main
from uru_mcp.commands.client_configs.machine import SystemFiles
from uru_mcp.sandbox.serve import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are POSIX's")


async def install(home: Path, policy: str, *words: str, **environ: str) -> Result:
    system = SystemFiles(written(home, policy))
    there = {**UNSET, "HOME": str(home), "URU_PROXY_URL": None, "URU_AUDIT_LOG": None, **environ}
    run = partial(CliRunner().invoke, main, ["install", "claude-desktop", *words], env=there, obj=system)
    return await anyio.to_thread.run_sync(run)


async def test_the_address_of_the_terminal_is_taken_within_a_policy_and_any_other_is_named(
    uru: Uru, tmp_path: Path
) -> None:
    key = uru.key().text
    async with serving(uru.sandbox) as url:
        policy = f'base_urls = ["{url}"]'
        for words in ([], ["--permissions", "read"], ["--set", "URU_CONFIRM=never"]):
            ran = await install(tmp_path, policy, *words, URU_API_KEY=key, URU_PROXY_URL=url)
            assert (ran.exit_code, entry_of(tmp_path)["env"]["URU_PROXY_URL"]) == (0, url), ran.output
        file_of(tmp_path).unlink()
        elsewhere = "http://127.0.0.1:9"
        asked = len(uru.sandbox.requests)
        for words, address in (
            ([], "https://mcp.uruintelligence.com"),
            (["--dry-run"], "https://mcp.uruintelligence.com"),
            (["--set", f"URU_PROXY_URL={elsewhere}"], elsewhere),
        ):
            ran = await install(tmp_path, policy, *words, URU_API_KEY=key)
            assert ran.exit_code == 2
            assert f"does not allow the address {address}." in ran.stderr
            assert f"Set URU_PROXY_URL to an address that it allows: {url}" in ran.stderr
            assert "--set cannot be used" not in ran.stderr
        assert (len(uru.sandbox.requests), file_of(tmp_path).exists()) == (asked, False)


async def test_an_entry_gets_the_audit_log_that_a_policy_requires(uru: Uru, tmp_path: Path) -> None:
    key, own = uru.key().text, str(tmp_path / "own.jsonl")
    policy = "audit_log_required = true"
    async with serving(uru.sandbox) as url:
        there = {"URU_API_KEY": key, "URU_PROXY_URL": url}
        ran = await install(tmp_path, policy, **there)
        log = str(tmp_path / "uru-audit.jsonl")
        assert (ran.exit_code, entry_of(tmp_path)["env"]["URU_AUDIT_LOG"]) == (0, log), ran.output
        assert f"An audit log is required on this machine: calls are logged in {log}" in ran.output
        kept = await install(tmp_path, policy, **there, URU_AUDIT_LOG=own)
        assert (kept.exit_code, entry_of(tmp_path)["env"]["URU_AUDIT_LOG"]) == (0, log), kept.output
        file_of(tmp_path).unlink()
        taken = await install(tmp_path, policy, **there, URU_AUDIT_LOG=own)
        assert (taken.exit_code, entry_of(tmp_path)["env"]["URU_AUDIT_LOG"]) == (0, own), taken.output
    sandbox = await install(tmp_path, policy, "--sandbox", "--yes")
    assert (sandbox.exit_code, entry_of(tmp_path)["env"]) == (0, {"URU_AUDIT_LOG": own}), sandbox.output


async def test_a_required_log_that_cannot_be_written_has_a_code_of_its_own(uru: Uru, tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "log"
    async with serving(uru.sandbox) as url:
        there = {"URU_API_KEY": uru.key().text, "URU_PROXY_URL": url}
        ran = await install(tmp_path, "audit_log_required = true", "--set", f"URU_AUDIT_LOG={gone}", **there)
        assert (ran.exit_code, entry_of(tmp_path)["env"]["URU_AUDIT_LOG"]) == (7, str(gone)), ran.output
        assert f"The audit log is required, but {gone} cannot be written: its directory does not exist." in ran.output
        assert f"Fix: Create the directory {gone.parent}" in ran.output
        without = await install(tmp_path, 'approvals = "person"', **there)
        assert (without.exit_code, "audit log is required" in without.output) == (0, False), without.output


async def test_a_policy_that_cannot_be_used_is_told_before_anything_is_written(tmp_path: Path) -> None:
    for words in ([], ["--sandbox"], ["--sandbox", "--set", "URU_TOOLS=*"]):
        ran = await install(tmp_path, "permissions = []", *words)
        assert (ran.exit_code, "cannot be used, and without it nothing is allowed" in ran.stderr) == (2, True)
        assert "--set" not in ran.stderr
    assert not file_of(tmp_path).exists()
