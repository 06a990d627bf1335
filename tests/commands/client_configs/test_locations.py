"""Every client's configuration is found where the client reads it, on every system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import configuration, configurations
from uru_mcp.commands.client_configs.reading import read_servers
from uru_mcp.errors import ConfigurationError

VARIABLES = (
    *("APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME"),
    *("CLINE_MCP_SETTINGS_PATH", "CLINE_DATA_DIR", "CLINE_DIR", "GOOSE_PATH_ROOT"),
)
PLACES = {
    ("darwin", "claude-desktop"): "Library/Application Support/Claude/claude_desktop_config.json",
    ("darwin", "claude-code"): ".claude.json",
    ("darwin", "cursor"): ".cursor/mcp.json",
    ("darwin", "vscode"): "Library/Application Support/Code/User/mcp.json",
    ("darwin", "windsurf"): ".codeium/windsurf/mcp_config.json",
    ("darwin", "zed"): ".config/zed/settings.json",
    ("darwin", "codex"): ".codex/config.toml",
    ("darwin", "gemini-cli"): ".gemini/settings.json",
    ("darwin", "opencode"): ".config/opencode/opencode.jsonc",
    ("darwin", "cline"): ".cline/data/settings/cline_mcp_settings.json",
    ("darwin", "goose"): ".config/goose/config.yaml",
    ("darwin", "lm-studio"): ".lmstudio/mcp.json",
    ("linux", "claude-desktop"): ".config/Claude/claude_desktop_config.json",
    ("linux", "claude-code"): ".claude.json",
    ("linux", "cursor"): ".cursor/mcp.json",
    ("linux", "vscode"): ".config/Code/User/mcp.json",
    ("linux", "windsurf"): ".codeium/windsurf/mcp_config.json",
    ("linux", "zed"): ".config/zed/settings.json",
    ("linux", "codex"): ".codex/config.toml",
    ("linux", "gemini-cli"): ".gemini/settings.json",
    ("linux", "opencode"): ".config/opencode/opencode.jsonc",
    ("linux", "cline"): ".cline/data/settings/cline_mcp_settings.json",
    ("linux", "goose"): ".config/goose/config.yaml",
    ("linux", "lm-studio"): ".lmstudio/mcp.json",
    ("win32", "claude-desktop"): "AppData/Roaming/Claude/claude_desktop_config.json",
    ("win32", "claude-code"): ".claude.json",
    ("win32", "cursor"): ".cursor/mcp.json",
    ("win32", "vscode"): "AppData/Roaming/Code/User/mcp.json",
    ("win32", "windsurf"): ".codeium/windsurf/mcp_config.json",
    ("win32", "zed"): "AppData/Roaming/Zed/settings.json",
    ("win32", "codex"): ".codex/config.toml",
    ("win32", "gemini-cli"): ".gemini/settings.json",
    ("win32", "opencode"): ".config/opencode/opencode.jsonc",
    ("win32", "cline"): ".cline/data/settings/cline_mcp_settings.json",
    ("win32", "goose"): "AppData/Roaming/Block/goose/config/config.yaml",
    ("win32", "lm-studio"): ".lmstudio/mcp.json",
}
STORE = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json"


def place(name: str, platform: str, home: Path, **environ: str) -> Path:
    return configuration(CLIENTS[name], platform, home, environ).path


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


def test_every_client_has_a_place_on_every_system() -> None:
    assert set(PLACES) == {(platform, name) for platform in ("darwin", "linux", "win32") for name in CLIENTS}


@pytest.mark.parametrize(("platform", "name"), PLACES)
def test_a_configuration_is_where_its_client_reads_it(platform: str, name: str, tmp_path: Path) -> None:
    assert place(name, platform, tmp_path) == tmp_path / PLACES[platform, name]


def test_a_build_from_the_store_has_its_own_place(tmp_path: Path) -> None:
    (tmp_path / STORE).parents[3].mkdir(parents=True)
    write(tmp_path / PLACES["win32", "claude-desktop"])
    assert place("claude-desktop", "win32", tmp_path) == tmp_path / STORE


def test_of_two_packages_the_one_with_a_configuration_is_used(tmp_path: Path) -> None:
    (tmp_path / "AppData/Local/Packages/Claude_aaaa").mkdir(parents=True)
    write(tmp_path / STORE)
    assert place("claude-desktop", "win32", tmp_path) == tmp_path / STORE


def test_what_the_environment_names_comes_first(tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    for name, platform, variable, expected in (
        ("claude-desktop", "win32", "APPDATA", "Claude/claude_desktop_config.json"),
        ("vscode", "win32", "APPDATA", "Code/User/mcp.json"),
        ("claude-desktop", "linux", "XDG_CONFIG_HOME", "Claude/claude_desktop_config.json"),
        ("zed", "linux", "XDG_CONFIG_HOME", "zed/settings.json"),
        ("claude-code", "linux", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "darwin", "CODEX_HOME", "config.toml"),
        ("goose", "darwin", "XDG_CONFIG_HOME", "goose/config.yaml"),
        ("goose", "win32", "APPDATA", "Block/goose/config/config.yaml"),
        ("goose", "win32", "GOOSE_PATH_ROOT", "config/config.yaml"),
        ("gemini-cli", "linux", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("opencode", "darwin", "XDG_CONFIG_HOME", "opencode/opencode.jsonc"),
        ("cline", "linux", "CLINE_DIR", "data/settings/cline_mcp_settings.json"),
        ("cline", "win32", "CLINE_DATA_DIR", "settings/cline_mcp_settings.json"),
        ("cline", "linux", "CLINE_MCP_SETTINGS_PATH", ""),
    ):
        assert place(name, platform, tmp_path, **{variable: other}) == tmp_path / "other" / expected


@pytest.mark.parametrize(
    ("name", "older"),
    [
        ("opencode", ".config/opencode/opencode.json"),
        ("opencode", ".config/opencode/config.json"),
        ("cline", ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
        ("lm-studio", ".cache/lm-studio/mcp.json"),
    ],
)
def test_an_older_file_is_used_while_there_is_no_newer_one(name: str, older: str, tmp_path: Path) -> None:
    write(tmp_path / older)
    assert place(name, "linux", tmp_path) == tmp_path / older
    write(tmp_path / PLACES["linux", name])
    assert place(name, "linux", tmp_path) == tmp_path / PLACES["linux", name]


def test_a_variable_that_names_no_absolute_path_is_passed_over(tmp_path: Path) -> None:
    assert place("zed", "linux", tmp_path, XDG_CONFIG_HOME="config") == tmp_path / PLACES["linux", "zed"]


def test_the_configurations_that_exist_are_found(tmp_path: Path) -> None:
    assert configurations("linux", tmp_path, {}) == []
    for name in ("zed", "cursor"):
        write(tmp_path / PLACES["linux", name])
    found = configurations("linux", tmp_path, {})
    assert [(one.client.name, one.path) for one in found] == [
        ("cursor", tmp_path / ".cursor/mcp.json"),
        ("zed", tmp_path / ".config/zed/settings.json"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX's")
def test_a_file_that_cannot_be_looked_at_may_be_there_and_reading_it_tells_why(tmp_path: Path) -> None:
    hidden = place("claude-desktop", "linux", tmp_path)
    hidden.parent.mkdir(parents=True)
    hidden.symlink_to("x" * 300)
    write(place("cursor", "linux", tmp_path))
    found = configurations("linux", tmp_path, {})
    assert [one.client.name for one in found] == ["claude-desktop", "cursor"]
    with pytest.raises(ConfigurationError, match="cannot be read: File name too long"):
        read_servers(found[0])
