"""`uru-mcp install` brings a person from a key to a working configuration, and back to where he was."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from tests.commands.client_configs.formats.test_json_text import EXAMPLES, RELAXED
from tests.commands.client_configs.test_locations import VARIABLES as ELSEWHERE
from tests.commands.terminal import talk_with
from tests.process import served
from tests.world import Uru
from uru_mcp.cli import main
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import configuration
from uru_mcp.commands.client_configs.machine import SystemFiles
from uru_mcp.commands.client_configs.network_environment import NAMES
from uru_mcp.commands.own_command import own_command
from uru_mcp.sandbox.serve import serving

UNSET = dict.fromkeys([*ELSEWHERE, *NAMES, "URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND", "URU_PERMISSIONS"])
STRANGER = "uru_test_0123456789abcdef"
SCRIPT = str(Path(sys.executable).with_name("uru-mcp"))
STDIO: dict[str, Any] = {"command": SCRIPT, "args": []}
SANDBOX = {"command": SCRIPT, "args": ["--sandbox"]}


def install(home: Path, *words: str, typed: str = "", **environ: str) -> Result:
    there = {**UNSET, "HOME": str(home), "USERPROFILE": str(home), **environ}
    return CliRunner().invoke(main, ["install", *words], env=there, input=typed, obj=SystemFiles(root=home))


async def install_with(url: str, home: Path, *words: str, typed: str = "", **environ: str) -> Result:
    """The same while the Uru behind this address goes on answering."""
    run = partial(install, home, *words, typed=typed, URU_PROXY_URL=url, **environ)
    return await anyio.to_thread.run_sync(run)


def file_of(home: Path, client: str = "claude-desktop") -> Path:
    return configuration(CLIENTS[client], sys.platform, home, {}).path


def put(home: Path, data: str | bytes, client: str = "claude-desktop") -> Path:
    file = file_of(home, client)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


def entry_of(home: Path, name: str = "uru") -> Any:
    return json.loads(file_of(home).read_bytes())["mcpServers"][name]


@pytest.mark.parametrize(
    ("client", "data"),
    [
        *(("claude-desktop", before) for before, _ in EXAMPLES.values()),
        *(("zed", before) for before, _ in RELAXED.values()),
        ("claude-desktop", None),
    ],
)
def test_install_and_uninstall_leave_every_byte_as_it_was(
    client: str, data: str | bytes | None, tmp_path: Path
) -> None:
    file = file_of(tmp_path, client) if data is None else put(tmp_path, data, client)
    before = file.read_bytes() if data is not None else None
    for words in (["--sandbox"], ["--sandbox", "--permissions", "read"], ["--uninstall"]):
        ran = install(tmp_path, client, *words)
        assert ran.exit_code == 0, ran.output
    assert (file.read_bytes() if file.exists() else None) == before


async def test_a_key_is_written_once_uru_has_accepted_it(uru: Uru, tmp_path: Path) -> None:
    key = uru.key({"read", "execute"}).text
    async with serving(uru.sandbox) as url:
        words = ("claude-desktop", "--permissions", "read")
        ran = await install_with(url, tmp_path, *words, URU_API_KEY=key, URU_TOOL_TOKENS="500")
    assert ran.exit_code == 0, ran.output
    assert f"Key: …{key[-4:]}, accepted by {url}\nWorkspace: Acme\nPermissions: Read\n" in ran.output
    assert key not in ran.output
    assert "Set in this terminal but not saved for the client: URU_TOOL_TOKENS" in ran.output
    assert entry_of(tmp_path) == {
        **STDIO,
        "env": {"URU_API_KEY": key, "URU_PROXY_URL": url, "URU_PERMISSIONS": "read"},
    }


@pytest.mark.parametrize("words", [[], ["--key-file", "key"]])
async def test_of_a_key_that_uru_refuses_nothing_is_written(words: list[str], uru: Uru, tmp_path: Path) -> None:
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, "claude-desktop", *words, URU_API_KEY=STRANGER)
    assert ran.exit_code == 4
    assert "Uru does not know this API key." in ran.output
    assert f"Create a key in Uru → Settings → API Keys, and run {own_command('install')} again with it." in ran.output
    assert [*tmp_path.iterdir()] == []


async def test_a_key_goes_into_a_file_of_its_own(uru: Uru, tmp_path: Path) -> None:
    key, other = uru.key().text, uru.key().text
    words = ("claude-desktop", "--key-file", str(tmp_path / "uru" / "key"))
    file = tmp_path / "uru" / "key"
    async with serving(uru.sandbox) as url:
        first = await install_with(url, tmp_path, *words, URU_API_KEY=key)
        assert first.exit_code == 0, first.output
        assert entry_of(tmp_path)["env"] == {"URU_API_KEY_FILE": str(file), "URU_PROXY_URL": url}
        assert file.read_text() == f"{key}\n"
        assert sys.platform == "win32" or file.stat().st_mode & 0o777 == 0o600

        again = await install_with(url, tmp_path, *words)
        assert (again.exit_code, "Nothing to change" in again.output) == (0, True), again.output

        refused = await install_with(url, tmp_path, *words, URU_API_KEY=other)
        assert (refused.exit_code, file.read_text()) == (1, f"{key}\n")
        assert f"contains another key, …{key[-4:]}. Replace it with …{other[-4:]}?" in refused.output
        assert "Nothing was written." in refused.output

        replaced = await install_with(url, tmp_path, *words, "--yes", URU_API_KEY=other)
        assert (replaced.exit_code, file.read_text()) == (0, f"{other}\n"), replaced.output
    removed = install(tmp_path, "claude-desktop", "--uninstall")
    assert f"Not removed: the key file {file}" in removed.output
    assert file.exists()


async def test_a_backup_that_keeps_the_key_which_went_into_a_file_is_told_of(uru: Uru, tmp_path: Path) -> None:
    key = uru.key().text
    backup = file_of(tmp_path).with_name("claude_desktop_config.json.uru-mcp-backup")
    async with serving(uru.sandbox) as url:
        first = await install_with(url, tmp_path, "claude-desktop", URU_API_KEY=key)
        second = await install_with(url, tmp_path, "claude-desktop", "--key-file", str(tmp_path / "k"), URU_API_KEY=key)
    assert (key in backup.read_text(), key in file_of(tmp_path).read_text()) == (True, False)
    assert f"These backups still contain a key: {backup}\n" in second.output
    assert "still hold a key" not in first.output


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX's")
async def test_a_key_file_is_written_only_where_the_configuration_can_be(uru: Uru, tmp_path: Path) -> None:
    key, other = uru.key().text, uru.key().text
    (tmp_path / "key").write_text(key)
    link = file_of(tmp_path, "claude-code")
    link.symlink_to("x" * 250)  # which is too long for a name to be written under first
    words = ("claude-code", "--key-file", str(tmp_path / "key"))
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, *words, "--yes", URU_API_KEY=other)
    assert (ran.exit_code, f"{link} cannot be written" in ran.output) == (6, True), ran.output
    assert (tmp_path / "key").read_text() == key
    assert {*tmp_path.iterdir()} == {link, tmp_path / "key"}


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX's")
async def test_a_key_file_that_cannot_be_looked_at_is_told_and_the_configuration_is_left(
    uru: Uru, tmp_path: Path
) -> None:
    file, words = tmp_path / "key", ("--key-file", str(tmp_path / "key"))
    file.symlink_to("x" * 300)
    yes = [("Replace it?", "y\n")]
    async with serving(uru.sandbox) as url:
        code, seen = await talk_with(url, tmp_path, yes, *words, client="claude-code", URU_API_KEY=uru.key().text)
    assert (code, f"Error: {file} cannot be written" in seen) == (6, True), seen
    assert [*tmp_path.iterdir()] == [file]


async def test_where_the_key_comes_from_here_it_comes_from_there(uru: Uru, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(uru.key().text)
    key.chmod(0o600)
    async with serving(uru.sandbox) as url:
        for name, value in (
            ("URU_API_KEY_FILE", str(key)),
            ("URU_API_KEY_COMMAND", f'"{sys.executable}" -c "print(open(r\'{key}\').read())"'),
        ):
            ran = await install_with(url, tmp_path, "claude-desktop", **{name: value})
            assert ran.exit_code == 0, ran.output
            assert entry_of(tmp_path)["env"] == {name: value, "URU_PROXY_URL": url}


async def test_installing_again_brings_a_new_key_and_leaves_what_the_person_set(uru: Uru, tmp_path: Path) -> None:
    env = {"URU_API_KEY": STRANGER, "URU_PERMISSIONS": "read", "TZ": "UTC"}
    put(tmp_path, json.dumps({"mcpServers": {"uru": {"command": "/old/uru-mcp", "disabled": False, "env": env}}}))
    key = uru.key().text
    async with serving(uru.sandbox) as url:
        ran = await install_with(url, tmp_path, "claude-desktop", URU_API_KEY=key)
    assert "Permissions: Read\n" in ran.output
    assert entry_of(tmp_path) == {
        "disabled": False,
        **STDIO,
        "env": {"URU_API_KEY": key, "URU_PERMISSIONS": "read", "TZ": "UTC", "URU_PROXY_URL": url},
    }
    removed = install(tmp_path, "claude-desktop", "--uninstall")
    assert json.loads(file_of(tmp_path).read_bytes()) == {"mcpServers": {}}
    assert f"Removed: the backup {file_of(tmp_path)}.uru-mcp-backup, which contained a key" in removed.output


@pytest.mark.parametrize(
    ("variables", "words", "code", "said"),
    [
        ({"URU_API_KEY": "sk-1"}, [], 4, "URU_API_KEY cannot be used: it does not start with uru_."),
        ({"URU_API_KEY": STRANGER, "URU_PERMISSION": "read"}, [], 2, "Did you mean URU_PERMISSIONS?"),
        ({"URU_API_KEY": STRANGER, "URU_API_KEY_FILE": "/key"}, [], 2, "are set at the same time"),
        ({"URU_API_KEY_FILE": "/there/is/none"}, [], 4, "The key file /there/is/none does not exist."),
        ({}, ["--permissions", "red"], 2, "--permissions cannot be used: “red” is none of read, write and execute."),
        ({}, ["--sandbox", "--key-file", "key"], 2, "--sandbox cannot be combined with --key-file"),
        ({}, ["--sandbox", "--uninstall"], 2, "--uninstall can be combined only with --name, --yes and --dry-run"),
        ({}, ["--sandbox", "--name", "my uru"], 2, "--name may contain only letters, digits, - and _"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_written(
    variables: dict[str, str], words: list[str], code: int, said: str, tmp_path: Path
) -> None:
    ran = install(tmp_path, "claude-desktop", *words, **variables)
    assert ran.exit_code == code
    assert said in ran.output
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("data", ['{\n  "mcpServers": {,}\n}', '{\n  "mcpServers": []}', b"\xff\xfe{\x00}\x00"])
@pytest.mark.parametrize("words", [["--sandbox"], ["--uninstall"], []])
def test_a_file_that_is_not_what_the_client_reads_is_left_alone(
    words: list[str], data: str | bytes, tmp_path: Path
) -> None:
    file = put(tmp_path, data)
    before = file.read_bytes()
    ran = install(tmp_path, "claude-desktop", *words)
    assert ran.exit_code == 6
    assert f"Error: {file}, line " in ran.output
    assert file.read_bytes() == before
    assert [*file.parent.iterdir()] == [file]


def test_a_dry_run_shows_the_entry_and_changes_nothing(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    made = install(tmp_path, "claude-desktop", "--dry-run", URU_API_KEY=STRANGER)
    assert made.output == (
        f"{file}: the file would be created, with the server “uru”\n"
        f'+{{\n+  "command": {json.dumps(SCRIPT)},\n+  "args": [],\n'
        '+  "env": {\n+    "URU_API_KEY": "uru_…cdef"\n+  }\n+}\n'
    )
    assert "paste your uru_ key here" in install(tmp_path, "claude-desktop", "--dry-run").output
    assert [*tmp_path.iterdir()] == []

    install(tmp_path, "claude-desktop", "--sandbox")
    before = file.read_bytes()
    assert install(tmp_path, "--sandbox", "--dry-run").output == "Nothing would change.\n"
    changed = install(tmp_path, "--sandbox", "--permissions", "read", "--dry-run").output
    assert f"{file}: the server “uru” would be changed\n" in changed
    assert '+    "URU_PERMISSIONS": "read"\n' in changed
    removed = install(tmp_path, "--uninstall", "--dry-run").output
    assert f"{file}: the file would be removed, since it contains only the server “uru”\n-{{\n" in removed
    assert file.read_bytes() == before


def test_a_dry_run_shows_nothing_of_what_else_the_file_holds(tmp_path: Path) -> None:
    put(tmp_path, '{"oauthAccount": {"accessToken": "hush"}, "mcpServers": {"a": {"args": ["--token", "hush"]}}}')
    added = install(tmp_path, "claude-desktop", "--dry-run", URU_API_KEY=STRANGER).output
    assert added.startswith(f"{file_of(tmp_path)}: the server “uru” would be added\n+{{\n")
    install(tmp_path, "claude-desktop", "--sandbox")
    removed = install(tmp_path, "claude-desktop", "--uninstall", "--dry-run").output
    assert removed.startswith(f"{file_of(tmp_path)}: the server “uru” would be removed\n-{{\n")
    assert not any(word in added + removed for word in ("hush", "oauthAccount", "--token", STRANGER))


@pytest.mark.parametrize(
    "old",
    [
        {"command": "npx", "args": ["mcp-remote", "--header", "Authorization: Bearer hush"]},
        {"command": "npx mcp-remote --header hush"},
        {"command": {"path": "npx", "args": ["hush"]}},
        {
            "type": "hush",
            "url": "https://uru.example/?token=hush",
            "headers": {"Authorization": "hush"},
            "disabled": True,
        },
        {
            "command": "npx",
            "env": {"TOKEN": "hush", "URU_APIKEY": "hush", "URU_API_KEY": "hush", "URU_TOOLS": ["hush"]},
        },
        {"command": "npx", "env": "hush"},
        "hush",
    ],
)
def test_a_dry_run_shows_no_secret_of_an_entry_that_is_replaced(old: Any, tmp_path: Path) -> None:
    put(tmp_path, json.dumps({"mcpServers": {"uru": old}}))
    ran = install(tmp_path, "claude-desktop", "--dry-run", "--sandbox")
    assert ran.exit_code == 0, ran.output
    assert "would be changed\n" in ran.output
    assert "\n-" in ran.output
    assert "…" in ran.output
    assert "hush" not in ran.output


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("URU_API_KEY_COMMAND", "/opt/bin/op read op://hush/hush", "/opt/bin/op …"),
        ("URU_API_KEY_COMMAND", "env TOKEN=hush op", "env …"),
        ("URU_API_KEY_COMMAND", "'/opt/my bin/op' --token=hush", "/opt/my bin/op …"),
        ("URU_API_KEY_COMMAND", "pass", "pass"),
        ("URU_API_KEY_COMMAND", "'hush", "…"),
        ("URU_API_KEY_FILE", "uru_hush0hush", "…"),
        ("URU_PROXY_URL", "https://me:hush@uru.example", "…"),
        ("URU_PROXY_URL", "https://uru.example/?token=hush", "…"),
    ],
)
def test_a_dry_run_shows_no_argument_of_the_key_command_and_no_other_secret(
    variable: str, value: str, shown: str, tmp_path: Path
) -> None:
    put(tmp_path, json.dumps({"mcpServers": {"uru": {"command": "uru-mcp", "env": {variable: value}}}}))
    ran = install(tmp_path, "claude-desktop", "--uninstall", "--dry-run")
    assert f'"{variable}": "{shown}"' in ran.output
    here = install(tmp_path, "cursor", "--dry-run", **{variable: value})
    assert "hush" not in ran.output + here.output


def test_after_another_hand_has_been_in_the_file_only_the_entry_goes(tmp_path: Path) -> None:
    file = put(tmp_path, "{}")
    install(tmp_path, "claude-desktop", "--sandbox")
    file.write_text(file.read_text().replace('"mcpServers"', '"theme": "dark",\n  "mcpServers"'))
    ran = install(tmp_path, "claude-desktop", "--uninstall")
    assert file.read_text() == '{\n  "theme": "dark",\n  "mcpServers": {}\n}'
    assert "Removed: the server “uru” of Claude Desktop" in ran.output
    assert "Nothing to change" in install(tmp_path, "claude-desktop", "--uninstall").output


def test_several_servers_stand_side_by_side(tmp_path: Path) -> None:
    install(tmp_path, "claude-desktop", "--sandbox")
    install(tmp_path, "claude-desktop", "--sandbox", "--name", "uru-two")
    assert entry_of(tmp_path) == entry_of(tmp_path, "uru-two") == SANDBOX
    install(tmp_path, "claude-desktop", "--uninstall")
    assert json.loads(file_of(tmp_path).read_bytes()) == {"mcpServers": {"uru-two": SANDBOX}}


def test_without_a_client_the_only_one_on_the_machine_is_meant(tmp_path: Path) -> None:
    none = install(tmp_path, "--sandbox")
    assert (none.exit_code, "No client configuration was found." in none.output) == (2, True)
    put(tmp_path, "{}", "cursor")
    assert "of Cursor" in install(tmp_path, "--sandbox").output
    put(tmp_path, "{}", "zed")
    several = install(tmp_path, "--sandbox")
    assert (several.exit_code, "Found on this machine: cursor, zed." in several.output) == (2, True)


async def test_what_was_written_starts_a_server_that_answers(tmp_path: Path) -> None:
    assert install(tmp_path, "claude-desktop", "--sandbox").exit_code == 0
    entry = entry_of(tmp_path)
    assert entry["command"] == SCRIPT
    async with served(*entry["args"], command=(entry["command"],), HOME=str(tmp_path)) as claude:
        answer = await claude.initialize("2025-11-25")
        assert answer["serverInfo"]["name"] == "uru-mcp"
        assert "uru_whoami" in {tool["name"] for tool in (await claude.result("tools/list"))["tools"]}


def test_the_help_names_every_client(tmp_path: Path) -> None:
    text = install(tmp_path, "--help").output
    assert all(name in text for name in CLIENTS)
