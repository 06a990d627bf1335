"""A change of one client's configuration: planned from what is there, then made, or only shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uru_mcp.clients import writing
from uru_mcp.clients.document import Document, undone
from uru_mcp.clients.places import Configuration
from uru_mcp.clients.reading import read_bytes
from uru_mcp.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Change:
    """What a configuration is, and what it is to be; None is no file."""

    path: Path
    before: Document | None
    after: Document | None

    @property
    def is_any(self) -> bool:
        return self.before != self.after

    def make(self) -> None:
        """Raises: `ConfigurationError`, and then nothing is changed."""
        if self.after is None:
            writing.remove(self.path)
        elif self.is_any:
            writing.write(self.path, self.after.data)


def current(configuration: Configuration) -> Document | None:
    """Raises: `ConfigurationError` when there is a file that cannot be read."""
    try:
        return Document(configuration, read_bytes(configuration.path))
    except FileNotFoundError:
        return None


def server_of(document: Document | None, name: str) -> Any:
    """The entry of this name, or None. Raises: `ConfigurationError` when the document is not what its client reads."""
    return None if document is None else document.server(name)


def addition(configuration: Configuration, name: str, entry: dict[str, Any]) -> Change:
    """Raises: `ConfigurationError`."""
    before = current(configuration)
    return Change(configuration.path, before, (before or Document(configuration, b"")).with_server(name, entry))


def removal(configuration: Configuration, name: str) -> Change:
    """What takes the server away. It gives back the very bytes from before, where a backup or their absence tells them.

    Raises: `ConfigurationError`.
    """
    before = current(configuration)
    if before is None or before.server(name) is None:
        return Change(configuration.path, before, before)
    none = Document(configuration, b"")
    backups = [Document(configuration, data) for data in _kept(configuration.path)]
    after = undone(before, name, [*backups, none])
    return Change(configuration.path, before, None if after == none and none not in backups else after)


def spent_backup(change: Change) -> Path | None:
    """The backup whose content the file has now that a change gave it back. Raises: `ConfigurationError`."""
    data = change.after.data if change.after is not None else None
    backups = writing.backups_of(change.path) if change.is_any else []
    return next((backup for backup in backups if read_bytes(backup) == data), None)


def backups_with(configuration: Configuration, name: str, variable: str) -> list[Path]:
    """The backups in which the server of this name sets this variable."""
    return [
        backup
        for backup, data in zip(writing.backups_of(configuration.path), _kept(configuration.path), strict=True)
        if f'"{variable}"'.encode() in data and _is_there(Document(configuration, data), name)
    ]


def _is_there(document: Document, name: str) -> bool:
    try:
        return document.server(name) is not None
    except ConfigurationError:
        return True  # nobody knows


def _kept(path: Path) -> list[bytes]:
    return [read_bytes(backup) for backup in writing.backups_of(path)]
