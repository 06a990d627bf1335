"""Checks whether backups that `uru-mcp install` made contain keys that no client uses from there any more."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from uru_mcp.commands.client_configs.keyed_backups import keyed_backups
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import configuration
from uru_mcp.commands.doctor.checks import Examination, Finding
from uru_mcp.commands.own_command import own_command, removing
from uru_mcp.errors import ConfigurationError


def examine_backups(examination: Examination, platform: str, home: Path, environ: Mapping[str, str]) -> None:
    """Warn of them, also if the configuration is gone. One that contains a key itself may have such backups."""
    for client in CLIENTS.values():
        with suppress(ConfigurationError):  # told with the configuration
            found = keyed_backups(configuration(client, platform, home, environ))
            paths = [*found.spare, *found.needed]
            if paths and not (found.is_used and found.has_key):
                listed = ", ".join(map(str, paths))
                commands = [own_command("install", client.name, "--uninstall")] if found.spare else []
                remedy = f"Remove them: {'; '.join([*commands, *map(removing, found.needed)])}"
                seen = f"backups of uru-mcp install still contain a key, which the client does not use: {listed}"
                examination.tell(client.title, Finding("warning", seen, remedy))
