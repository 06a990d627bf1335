"""On every system each client's configuration gets the server in the client's own format, and loses it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.client_configs.test_locations import PLACES, STORE
from uru_mcp.commands.client_configs.entry import entry
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.launch import command_of
from uru_mcp.commands.client_configs.locations import configuration
from uru_mcp.commands.client_configs.planned_change import addition, removal
from uru_mcp.errors import ConfigurationError

PYTHON = {"darwin": "/Users/you/.uru-mcp/bin/python", "linux": "/opt/é/python", "win32": r"C:\uru-mcp\python.exe"}
WRITTEN = {"darwin": "/Users/you/.uru-mcp/bin/python", "linux": "/opt/é/python", "win32": r"C:\\uru-mcp\\python.exe"}
PLAIN = """\
      "command": "COMMAND",
      "args": [
        "-P",
        "-m",
        "uru_mcp"
      ],
      "env": {
        "URU_API_KEY": "uru_test_0123"
      }
"""
TYPED = '      "type": "stdio",\n' + PLAIN
OPENCODE = """\
      "type": "local",
      "command": [
        "COMMAND",
        "-P",
        "-m",
        "uru_mcp"
      ],
      "enabled": true,
      "timeout": 60000,
      "environment": {
        "URU_API_KEY": "uru_test_0123"
      }
"""
CODEX = """\
[mcp_servers.uru]
command = "COMMAND"
args = ["-P", "-m", "uru_mcp"]
startup_timeout_sec = 30

[mcp_servers.uru.env]
URU_API_KEY = "uru_test_0123"
"""
GOOSE = """\
extensions:
  uru:
    type: "stdio"
    cmd: "COMMAND"
    args: ["-P", "-m", "uru_mcp"]
    name: "uru"
    description: "Your Uru workspace"
    timeout: 300
    enabled: true
    envs:
      URU_API_KEY: "uru_test_0123"
"""


def in_json(member: str, entry: str) -> str:
    return f'{{\n  "{member}": {{\n    "uru": {{\n{entry}    }}\n  }}\n}}\n'


KNOWN_GOOD = {
    "claude-desktop": in_json("mcpServers", PLAIN),
    "claude-code": in_json("mcpServers", TYPED),
    "cursor": in_json("mcpServers", PLAIN),
    "vscode": in_json("servers", TYPED),
    "windsurf": in_json("mcpServers", PLAIN),
    "zed": in_json("context_servers", PLAIN),
    "codex": CODEX,
    "gemini-cli": in_json("mcpServers", PLAIN),
    "opencode": in_json("mcp", OPENCODE),
    "cline": in_json("mcpServers", PLAIN),
    "goose": GOOSE,
    "lm-studio": in_json("mcpServers", PLAIN),
}
WHERE = [*((platform, name, place) for (platform, name), place in PLACES.items()), ("win32", "claude-desktop", STORE)]


@pytest.mark.parametrize(("platform", "name", "place"), WHERE)
def test_the_server_comes_and_goes(platform: str, name: str, place: str, tmp_path: Path) -> None:
    if place == STORE:
        (tmp_path / STORE).parents[3].mkdir(parents=True)
    client = CLIENTS[name]
    found = configuration(client, platform, tmp_path, {})
    env = {"URU_API_KEY": "uru_test_0123"}
    server = client.shape.entry(command_of(PYTHON[platform]), env, None, "uru")
    addition(found, "uru", server).make()

    expected = KNOWN_GOOD[name].replace("COMMAND", WRITTEN[platform])
    assert (tmp_path / place).read_text(encoding="utf-8") == expected
    removal(found, "uru").make()
    assert not (tmp_path / place).exists()


def test_an_empty_file_is_an_empty_file_again_and_not_gone(tmp_path: Path) -> None:
    found = configuration(CLIENTS["cursor"], "linux", tmp_path, {})
    found.path.parent.mkdir()
    found.path.touch()
    found.path.with_name("mcp.json.uru-mcp-backup").touch()
    addition(found, "uru", entry(env={})).make()
    removal(found, "uru").make()
    assert found.path.read_bytes() == b""


@pytest.mark.parametrize(
    ("before", "meanwhile"), [(None, b"{}"), (b"{}", b'{"theme": "dark"}'), (b'{"mcpServers": {}}', None)]
)
def test_what_another_program_writes_meanwhile_is_left_to_it(
    before: bytes | None, meanwhile: bytes | None, tmp_path: Path
) -> None:
    found = configuration(CLIENTS["claude-code"], "linux", tmp_path, {})
    put(found.path, before)
    change = addition(found, "uru", entry(env={}))
    with pytest.raises(ConfigurationError, match="changed by another program"), change.making():
        put(found.path, meanwhile)
    assert [one.read_bytes() for one in tmp_path.iterdir()] == ([] if meanwhile is None else [meanwhile])


def test_a_file_that_was_changed_meanwhile_is_not_removed(tmp_path: Path) -> None:
    found = configuration(CLIENTS["claude-code"], "linux", tmp_path, {})
    addition(found, "uru", entry(env={})).make()
    change = removal(found, "uru")
    assert change.after is None
    put(found.path, b"{}")
    with pytest.raises(ConfigurationError, match="changed by another program"):
        change.make()
    assert found.path.read_bytes() == b"{}"


def put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(data)
