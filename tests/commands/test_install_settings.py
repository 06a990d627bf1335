"""What an entry gets besides the key: the way to it, other settings, and what the network of this machine needs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.commands.test_install import SCRIPT, STRANGER, entry_of, file_of, install, install_with, put
from tests.process import served
from tests.world import Uru
from uru_mcp.commands.client_configs.network_environment import network_variables, unneeded, with_password
from uru_mcp.sandbox.serve import serving

URU = "https://mcp.uruintelligence.com"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")


@pytest.fixture
def vault(uru: Uru, tmp_path: Path) -> Path:
    """A directory with a password manager, which is on the PATH of nothing but a test."""
    program = tmp_path / "my vault" / "vault"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "show uru key" ] && echo {uru.key().text}\n')
    program.chmod(0o755)
    return program


async def test_a_key_command_is_saved_with_the_path_of_its_program_and_starts_from_a_short_path(
    uru: Uru, vault: Path, tmp_path: Path
) -> None:
    path = f"{vault.parent}:/usr/bin:/bin"
    async with serving(uru.sandbox) as url:
        words = ("claude-desktop", "--key-command", "vault show 'uru key'")
        ran = await install_with(url, tmp_path, *words, PATH=path, URU_API_KEY=STRANGER)
        assert ran.exit_code == 0, ran.output
        assert (
            "Not used, since the entry gets its key from the command in URU_API_KEY_COMMAND: URU_API_KEY" in ran.output
        )
        env = entry_of(tmp_path)["env"]
        assert env["URU_API_KEY_COMMAND"] == f"'{vault}' show 'uru key'"
        async with served(command=(SCRIPT,), HOME=str(tmp_path), **{**env, "PATH": "/usr/bin:/bin"}) as claude:
            await claude.initialize("2025-11-25")
            assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"

        again = await install_with(url, tmp_path, "claude-desktop", "--permissions", "read", URU_API_KEY=STRANGER)
        assert again.exit_code == 0, again.output
        assert entry_of(tmp_path)["env"] == {**env, "URU_PERMISSIONS": "read"}


async def test_a_command_of_the_terminal_and_of_an_old_entry_get_the_path_of_their_program_too(
    uru: Uru, vault: Path, tmp_path: Path
) -> None:
    path = f"{vault.parent}:/usr/bin:/bin"
    command = "vault show 'uru key'"
    async with serving(uru.sandbox) as url:
        await install_with(url, tmp_path, "claude-desktop", PATH=path, URU_API_KEY_COMMAND=command)
        assert entry_of(tmp_path)["env"]["URU_API_KEY_COMMAND"].startswith(f"'{vault}'")
        old = {"command": "/old/uru-mcp", "env": {"URU_API_KEY_COMMAND": command}}
        put(tmp_path, json.dumps({"mcpServers": {"uru": old}}))
        await install_with(url, tmp_path, "claude-desktop", PATH=path)
    assert entry_of(tmp_path)["env"]["URU_API_KEY_COMMAND"] == f"'{vault}' show 'uru key'"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--key-command", "vault-of-nobody read"], "there is no program vault-of-nobody that you may run"),
        (["--key-command", "bin/vault"], "it is not an absolute path"),
        (["--key-command", "'vault"], "--key-command cannot be used"),
        (["--key-command", "vault", "--sandbox"], "--sandbox cannot be combined with --key-command"),
        (["--key-command", "vault", "--key-file", "key"], "use --key-file or --key-command"),
        (["--set", "URU_TOLS=*"], "URU_TOLS is not a setting. Did you mean URU_TOOLS?"),
        (["--set", "PATH=/x"], "PATH is not a setting."),
        (["--set", "URU_TOOL_TOKENS"], "URU_TOOL_TOKENS is not set in this terminal; write URU_TOOL_TOKENS=VALUE."),
        (["--set", "URU_TOOL_TOKENS=many"], "--set cannot be used: URU_TOOL_TOKENS"),
        (["--set", "URU_PERMISSIONS=read"], "URU_PERMISSIONS has an option of its own, --permissions."),
        (["--set", "URU_API_KEY_FILE=/key"], "URU_API_KEY_FILE has an option of its own, --key-file."),
    ],
)
def test_an_option_that_cannot_be_used_is_said_before_anything_else(
    words: list[str], said: str, tmp_path: Path
) -> None:
    ran = install(tmp_path, "claude-desktop", *words)
    assert (ran.exit_code, said in ran.output) == (2, True), ran.output
    assert not file_of(tmp_path).exists()


async def test_a_key_file_of_the_entry_is_where_the_next_key_goes(uru: Uru, tmp_path: Path) -> None:
    old, new, file = uru.key().text, uru.key().text, tmp_path / "key"
    async with serving(uru.sandbox) as url:
        await install_with(url, tmp_path, "claude-desktop", "--key-file", str(file), URU_API_KEY=old)
        env = entry_of(tmp_path)["env"]
        same = await install_with(url, tmp_path, "claude-desktop")
        assert (same.exit_code, "Nothing to change" in same.output) == (0, True), same.output
        ran = await install_with(url, tmp_path, "claude-desktop", "--yes", URU_API_KEY=new)
    assert ran.exit_code == 0, ran.output
    assert (file.read_text(), entry_of(tmp_path)["env"]) == (f"{new}\n", env)


async def test_settings_that_are_asked_for_are_saved_and_the_others_are_named_with_the_option(
    uru: Uru, tmp_path: Path
) -> None:
    here = {"URU_API_KEY": uru.key().text, "URU_TOOL_TOKENS": "500", "URU_CONFIRM": "destructive"}
    words = ("claude-desktop", "--set", "URU_CONFIRM", "--set", f"URU_AUDIT_LOG={tmp_path}/log")
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, *words, **here)
    assert ran.exit_code == 0, ran.output
    env = entry_of(tmp_path)["env"]
    assert (env["URU_CONFIRM"], env["URU_AUDIT_LOG"]) == ("destructive", f"{tmp_path}/log")
    assert "not saved for the client: URU_TOOL_TOKENS\nTo save them, add --set URU_TOOL_TOKENS\n" in ran.output


def test_the_network_of_this_terminal_goes_into_the_entry_but_no_password(tmp_path: Path) -> None:
    here = {"https_proxy": "http://proxy.example:3128", "NO_PROXY": "localhost", "SSL_CERT_FILE": "/company.pem"}
    shown = install(tmp_path, "claude-desktop", "--dry-run", URU_API_KEY=STRANGER, **here).output
    assert all(f'"{name}": "{value}"' in shown for name, value in here.items())
    assert network_variables(here, URU) == here
    secret = {"HTTPS_PROXY": "http://me:hush@proxy.example:3128", "SSL_CERT_FILE": "/company.pem"}
    assert network_variables(secret, URU) == {"SSL_CERT_FILE": "/company.pem"}
    assert with_password(secret, URU) == ["HTTPS_PROXY"]
    told = install(tmp_path, "claude-desktop", "--dry-run", URU_API_KEY=STRANGER, **secret).output
    assert ("hush" in told, "contains a user name or password: HTTPS_PROXY." in told) == (False, True), told
    assert network_variables(here, "http://127.0.0.1:3001") == {}
    assert unneeded(here, "http://127.0.0.1:3001") == [*here]
    assert unneeded(here, URU) == []
    assert network_variables({"NO_PROXY": "localhost", "SSL_CERT_FILE": " "}, URU) == {}
