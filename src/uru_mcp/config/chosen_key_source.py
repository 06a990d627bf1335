"""Selects the source of the API key from the settings: a variable, a file or a command."""

from __future__ import annotations

from uru_mcp.config.environment import read_environment
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.key_sources import KeyCommand, KeyFile, KeySource, KeyVariable


def source_of(settings: Settings) -> KeySource:
    """The key source that the user configured; settings have exactly one."""
    if settings.api_key_file is not None:
        return KeyFile(settings.api_key_file)
    if settings.api_key_command is not None:
        return KeyCommand(settings.api_key_command, read_environment().get("PATH"))
    if settings.api_key is None:
        raise AssertionError("settings have exactly one of the three")
    if settings.managed is None or settings.managed.is_remote:
        return KeyVariable(settings.api_key)
    if settings.api_key.reveal() in read_environment().get("URU_API_KEY", ""):
        return KeyVariable(settings.api_key)
    return KeyVariable(settings.api_key, "the sandbox", "start the sandbox again, which makes it itself")
