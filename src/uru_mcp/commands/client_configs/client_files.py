"""Where each client of `known_clients.py` keeps its configuration, on every system. It never reads a file."""

from __future__ import annotations

from pathlib import Path

from uru_mcp.commands.client_configs.machine import Machine, first_there

CLINE_FILE = "cline_mcp_settings.json"


def claude_desktop(machine: Machine) -> Path:
    """A build from the Store sees only its package's copy of `%APPDATA%`. Source: anthropics/claude-code#26073."""
    usual = machine.programs / "Claude/claude_desktop_config.json"
    if machine.platform != "win32":
        return usual
    packages = machine.directory("LOCALAPPDATA", "AppData/Local") / "Packages"
    stores = sorted(package for package in packages.glob("Claude_*") if package.is_dir())
    files = [package / "LocalCache/Roaming/Claude/claude_desktop_config.json" for package in stores]
    return first_there(*files) if files else usual


def claude_code(machine: Machine) -> Path:
    return machine.directory("CLAUDE_CONFIG_DIR", "") / ".claude.json"


def claude_code_managed(machine: Machine) -> Path:
    """Source: code.claude.com/docs/en/managed-mcp. Even one without servers switches all others off."""
    directories = {"win32": "Program Files/ClaudeCode", "darwin": "Library/Application Support/ClaudeCode"}
    return machine.system.root / directories.get(machine.platform, "etc/claude-code") / "managed-mcp.json"


def cursor(machine: Machine) -> Path:
    return machine.home / ".cursor/mcp.json"


def vscode(machine: Machine) -> Path:
    return machine.programs / "Code/User/mcp.json"


def windsurf(machine: Machine) -> Path:
    return machine.home / ".codeium/windsurf/mcp_config.json"


def zed(machine: Machine) -> Path:
    if machine.platform == "win32":
        return machine.programs / "Zed/settings.json"
    if machine.platform == "darwin":
        return machine.home / ".config/zed/settings.json"
    return machine.settings / "zed/settings.json"


def codex(machine: Machine) -> Path:
    """Source: openai/codex; `CODEX_HOME` has to exist, or Codex does not start."""
    return machine.directory("CODEX_HOME", ".codex") / "config.toml"


def gemini_cli(machine: Machine) -> Path:
    """Source: google-gemini/gemini-cli, packages/core/src/config/storage.ts and utils/paths.ts."""
    return machine.directory("GEMINI_CLI_HOME", "") / ".gemini/settings.json"


def opencode(machine: Machine) -> Path:
    """The file that it edits itself; it reads all three names. Source: anomalyco/opencode, src/config/config.ts."""
    directory = machine.settings / "opencode"
    return first_there(*(directory / name for name in ("opencode.jsonc", "opencode.json", "config.json")))


def cline(machine: Machine) -> Path:
    """The file that all Cline programs share, or that of the extension before version 4, which is moved there.

    Source: cline/cline, sdk/packages/shared/src/storage/paths.ts and mcp-settings-legacy-migration.ts.
    """
    named = machine.named("CLINE_MCP_SETTINGS_PATH")
    if named is not None:
        return named
    data = machine.named("CLINE_DATA_DIR") or machine.directory("CLINE_DIR", ".cline") / "data"
    extension = machine.programs / "Code/User/globalStorage/saoudrizwan.claude-dev"
    return first_there(data / "settings" / CLINE_FILE, extension / "settings" / CLINE_FILE)


def goose(machine: Machine) -> Path:
    """Source: aaif-goose/goose, documentation/docs/guides/config-files.md and crates/goose/src/config/paths.rs."""
    root = machine.named("GOOSE_PATH_ROOT")
    if root is not None:
        return root / "config/config.yaml"
    if machine.platform == "win32":
        return machine.programs / "Block/goose/config/config.yaml"
    return machine.settings / "goose/config.yaml"


def lm_studio(machine: Machine) -> Path:
    """Not documented; reported by many users. Installations of 2024 have their files in another directory."""
    return first_there(machine.home / ".lmstudio/mcp.json", machine.home / ".cache/lm-studio/mcp.json")
