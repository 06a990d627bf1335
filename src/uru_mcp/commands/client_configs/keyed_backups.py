"""Finds the backups of a configuration that contain a key, and which of them nobody needs any more.

A backup can be removed once no server in the configuration is ours and everything in the backup but our servers is in
the configuration too: nothing but keys is lost then. The others are only named, with the command that removes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uru_mcp.commands.client_configs import file_writing
from uru_mcp.commands.client_configs.document import Document
from uru_mcp.commands.client_configs.entry import KEY
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.other_entries import is_foreign
from uru_mcp.commands.client_configs.planned_change import current
from uru_mcp.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class KeyedBackups:
    """The backups that contain a key, newest first. Those in `spare` can be removed; `is_used` is whether a server of
    ours is left in the configuration, and `has_key` whether that contains a key itself.
    """

    spare: tuple[Path, ...] = ()
    needed: tuple[Path, ...] = ()
    is_used: bool = False
    has_key: bool = False


def keyed_backups(configuration: Configuration) -> KeyedBackups:
    """Raises: `ConfigurationError`, also if the configuration cannot be parsed."""
    backups = [
        (path, Document(configuration, file_writing.read(path))) for path in file_writing.backups_of(configuration.path)
    ]
    keyed = [(path, backup) for path, backup in backups if _contains_key(backup)]
    if not keyed:
        return KeyedBackups()
    now = current(configuration) or Document(configuration, b"")
    is_used, others = bool(_ours(now)), _without_ours(now)
    spare = [path for path, backup in keyed if not is_used and others is not None and _without_ours(backup) == others]
    needed = [path for path, _ in keyed if path not in spare]
    return KeyedBackups(tuple(spare), tuple(needed), is_used, _contains_key(now))


def _ours(document: Document) -> list[str]:
    shape = document.configuration.client.shape
    return [entry.name for entry in document.entries if not is_foreign(entry.value, shape)]


def _contains_key(document: Document) -> bool:
    shape = document.configuration.client.shape
    try:
        return any(KEY[0] in shape.environment(entry.value) for entry in document.entries)
    except ConfigurationError:
        return KEY[0].encode() in document.data  # perhaps


def _without_ours(document: Document) -> Any:
    """Everything but our servers, to be compared; None if that cannot be told."""
    try:
        for name in _ours(document):
            document = document.without_server(name)
        return document.others
    except ConfigurationError:
        return None
