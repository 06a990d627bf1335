"""A change of one client's configuration: planned from what is there, then made, or only shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uru_mcp.client_configs import file_writing
from uru_mcp.client_configs.in_place_editing import Document, undone
from uru_mcp.client_configs.locations import Configuration
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
        with self.making():
            pass

    @contextmanager
    def making(self) -> Iterator[None]:
        """Make the change at the end of a block, which is entered only once the file can be written.

        Raises: `ConfigurationError`, also when somebody else has changed the file since it was read; and what the block
        raises. Then the file is as it was.
        """
        if not self.is_any:
            yield
        elif self.after is None:
            yield
            self._see_that_it_is_as_it_was()
            file_writing.remove(self.path)
        else:
            with file_writing.replacing(self.path, self.after.data):
                yield
                self._see_that_it_is_as_it_was()

    def _see_that_it_is_as_it_was(self) -> None:
        if _data_of(self.path) != (self.before.data if self.before is not None else None):
            message = f"{self.path} was changed by another program just now, and was left to it."
            raise ConfigurationError(message, fix="Try again; if it happens again, quit the client first.")


def current(configuration: Configuration) -> Document | None:
    """Raises: `ConfigurationError` when there is a file that cannot be read."""
    data = _data_of(configuration.path)
    return None if data is None else Document(configuration, data)


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
    backups = file_writing.backups_of(change.path) if change.is_any else []
    return next((backup for backup in backups if file_writing.read(backup) == data), None)


def backups_with(configuration: Configuration, name: str, variable: str) -> list[Path]:
    """The backups in which the server of this name sets this variable."""
    return [
        backup
        for backup, data in zip(file_writing.backups_of(configuration.path), _kept(configuration.path), strict=True)
        if f'"{variable}"'.encode() in data and _is_there(Document(configuration, data), name)
    ]


def _is_there(document: Document, name: str) -> bool:
    try:
        return document.server(name) is not None
    except ConfigurationError:
        return True  # nobody knows


def _data_of(path: Path) -> bytes | None:
    try:
        return file_writing.read(path)
    except FileNotFoundError:
        return None


def _kept(path: Path) -> list[bytes]:
    return [file_writing.read(backup) for backup in file_writing.backups_of(path)]
