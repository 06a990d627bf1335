"""Plans a change to one client's configuration, and applies it or only shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uru_mcp.commands.client_configs import file_writing
from uru_mcp.commands.client_configs.document import Document, undone
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.other_entries import is_foreign
from uru_mcp.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Change:
    """A configuration before and after the change; None means no file."""

    configuration: Configuration
    before: Document | None
    after: Document | None

    @property
    def path(self) -> Path:
        return self.configuration.path

    @property
    def is_any(self) -> bool:
        return self.before != self.after

    def make(self) -> None:
        """Apply the change. Raises: `ConfigurationError`; nothing is changed then."""
        with self.making():
            pass

    @contextmanager
    def making(self) -> Iterator[None]:
        """Apply the change at the end of a block that is entered only once the file can be written.

        Raises: `ConfigurationError`, also if another program has changed the file since it was read; and what the
        block raises. The file is then unchanged.
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
            message = f"{self.path} was just changed by another program, so uru-mcp did not change it."
            raise ConfigurationError(message, fix="Try again; if it happens again, quit the client first.")


def current(configuration: Configuration) -> Document | None:
    """The current content; None if there is no file. Raises: `ConfigurationError` if it cannot be read."""
    data = _data_of(configuration.path)
    return None if data is None else Document(configuration, data)


def server_of(document: Document | None, name: str) -> Any:
    """The entry of this name, or None. Raises: `ConfigurationError` if the client cannot parse the document."""
    return None if document is None else document.server(name)


def see_that_it_can_be_changed(configuration: Configuration, name: str, entry: dict[str, Any], sample: Any) -> None:
    """Plan the change to this entry, and forget it.

    Raises: `ConfigurationError`; if the file cannot be edited safely, `by_hand` in its details is the text for the
    sample, which the user can add.
    """
    try:
        addition(configuration, name, entry)
    except ConfigurationError as error:
        if "by_hand" in error.details:
            by_hand = (current(configuration) or Document(configuration, b"")).by_hand(name, sample)
            text, where = by_hand.text, by_hand.where
            raise ConfigurationError(error.own_message, fix=error.fix, by_hand=text, where=where) from error
        raise


def addition(configuration: Configuration, name: str, entry: dict[str, Any]) -> Change:
    """Raises: `ConfigurationError`."""
    before = current(configuration)
    return Change(configuration, before, (before or Document(configuration, b"")).with_server(name, entry))


def removal(configuration: Configuration, name: str) -> Change:
    """The change that removes the server, or gives back an entry of another program that it replaced.

    It restores the exact original bytes if a backup or its absence shows them.

    Raises: `ConfigurationError`.
    """
    before = current(configuration)
    if before is None or before.server(name) is None:
        return Change(configuration, before, before)
    none = Document(configuration, b"")
    backups = [Document(configuration, data) for data in _kept(configuration.path)]
    after = undone(before, name, [*backups, none], _replaced(backups, name))
    was_no_file = none not in backups if after == none else _is_emptied(after, backups)
    return Change(configuration, before, None if was_no_file else after)


def _is_emptied(after: Document, backups: list[Document]) -> bool:
    """Whether nothing is left in a file of which the oldest backup is, byte for byte, what a first install writes."""
    none = Document(after.configuration, b"")
    with suppress(ConfigurationError):
        for first in backups[-1:]:
            entries = [one for one in first.entries if isinstance(one.value, dict)]
            return len(entries) == 1 and any(
                (made := none.with_server(one.name, one.value)) == first
                and made.without_server(one.name).text.split() == after.text.split()
                for one in entries
            )
    return False


def _replaced(backups: list[Document], name: str) -> Any:
    """The entry of another program that the newest backup without an entry of ours has, or None."""
    for backup in backups:
        with suppress(ConfigurationError):
            entry = backup.server(name)
            if entry is None or is_foreign(entry, backup.configuration.client.shape):
                return entry
    return None


def spent_backup(change: Change) -> Path | None:
    """The backup that is no longer needed, since the change restored its content. Raises: `ConfigurationError`."""
    data = change.after.data if change.after is not None else None
    backups = file_writing.backups_of(change.path) if change.is_any else []
    return next((backup for backup in backups if file_writing.read(backup) == data), None)


def backups_with(configuration: Configuration, name: str, variable: str) -> list[Path]:
    """The backups in which the server of this name sets this variable."""
    return [
        backup
        for backup, data in zip(file_writing.backups_of(configuration.path), _kept(configuration.path), strict=True)
        if _sets(Document(configuration, data), name, variable)
    ]


def _sets(document: Document, name: str, variable: str) -> bool:
    try:
        return variable in document.configuration.client.shape.environment(document.server(name))
    except ConfigurationError:
        return variable.encode() in document.data  # perhaps


def _data_of(path: Path) -> bytes | None:
    try:
        return file_writing.read(path)
    except FileNotFoundError:
        return None


def _kept(path: Path) -> list[bytes]:
    return [file_writing.read(backup) for backup in file_writing.backups_of(path)]
