"""The content of a configuration, before and after a change to one server.

An edit is checked before it is used: the text before and after is parsed, and everything but the entry must be the
same. It does not read or write files; see `file_writing.py`.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from uru_mcp.commands.client_configs.formats.parsing import parsed
from uru_mcp.commands.client_configs.formats.text_entries import (
    ByHand,
    ConfigurationText,
    Entry,
    Malformed,
    NotEditable,
    place_in,
)
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.errors import ConfigurationError

MORE_THAN_THE_ENTRY = "the result would differ in more than this entry"


@dataclass(frozen=True)  # no slots, so that cached properties work: parsing megabytes takes time
class Document:
    """The content of a configuration; a byte order mark is kept.

    All methods raise `ConfigurationError` if the client cannot parse the content.
    """

    configuration: Configuration
    data: bytes

    @cached_property
    def text(self) -> str:
        """The text without its byte order mark."""
        path = self.configuration.path
        try:
            return self.data.removeprefix(BOM_UTF8).decode()
        except UnicodeDecodeError as error:
            line = self.data[: error.start].count(b"\n") + 1
            message = f"{path}, line {line}: this is not UTF-8 text."
            raise ConfigurationError(message, fix="Save the file as UTF-8, and try again.", line=line) from None

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The servers in their order; if two have the same name, most clients use the last."""
        with self._errors_with_place():
            return self._parsed.entries

    def server(self, name: str) -> Any:
        """The entry with this name, or None. Raises: `ConfigurationError`, also if two servers have the name."""
        found = [entry for entry in self.entries if entry.name == name]
        if len(found) > 1:
            line, column = place_in(self.text, found[1].at)
            message = f"{self.configuration.path}, line {line}, column {column}: a second server is named {name}."
            raise ConfigurationError(message, fix="Remove one of the two, and try again.", line=line, column=column)
        return found[0].value if found else None

    @property
    def content(self) -> Mapping[str, Any]:
        """The whole content as JSON would have it."""
        with self._errors_with_place():
            return self._parsed.content

    @property
    def others(self) -> Any:
        """What is outside of the servers, and the servers, to be compared with those of another document."""
        with self._errors_with_place():
            return self._parsed.rest("")

    def with_server(self, name: str, entry: dict[str, Any]) -> Document:
        """A copy with this entry. In an existing entry, only what differs is changed.

        Raises: `ConfigurationError`, also if that cannot be done without changing more; its `details` then have an
        empty `by_hand`.
        """
        if self.server(name) == entry:
            return self
        return self._edited(name, entry, lambda: self._parsed.with_entry(name, entry))

    def without_server(self, name: str) -> Document:
        """A copy without the entry of this name. Raises: as `with_server`."""
        if self.server(name) is None:
            return self
        return self._edited(name, None, lambda: self._parsed.without_entry(name))

    @cached_property
    def _parsed(self) -> ConfigurationText:
        client = self.configuration.client
        return parsed(self.text, client.syntax, client.member)

    def _edited(self, name: str, entry: dict[str, Any] | None, edit: Callable[[], str]) -> Document:
        todo = "remove" if entry is None else "add" if self.server(name) is None else "replace"
        try:
            mark = BOM_UTF8 if self.data.startswith(BOM_UTF8) else b""
            after = replace(self, data=mark + edit().encode())
            is_as_meant = after.server(name) == entry and after._parsed.rest(name) == self._parsed.rest(name)
        except NotEditable as error:
            raise self._not_editable(name, str(error), todo) from error
        except (ConfigurationError, Malformed) as error:
            raise self._not_editable(name, MORE_THAN_THE_ENTRY, todo) from error
        if not is_as_meant:
            raise self._not_editable(name, MORE_THAN_THE_ENTRY, todo)
        return after

    def by_hand(self, name: str, entry: dict[str, Any]) -> ByHand:
        """What a person writes for this entry if `with_server` cannot. Raises: `ConfigurationError`."""
        with self._errors_with_place():
            try:
                return self._parsed.by_hand(name, entry)
            except NotEditable as error:
                raise self._not_editable(name, str(error), "change") from error

    def _not_editable(self, name: str, why: str, todo: str) -> ConfigurationError:
        path, client = self.configuration.path, self.configuration.client
        message = f"{path} cannot be changed safely: {why}. It was not changed."
        fix = f"Open the file ({client.opens}), and {todo} the server {name} under {client.member} there."
        return ConfigurationError(message, fix=fix, by_hand="")

    @contextmanager
    def _errors_with_place(self) -> Iterator[None]:
        try:
            yield
        except Malformed as error:
            message = f"{self.configuration.path}, line {error.line}, column {error.column}: {error}."
            fix = f"Open the file ({self.configuration.client.opens}), correct it there, and try again."
            raise ConfigurationError(message, fix=fix, line=error.line, column=error.column) from error


def as_text(configuration: Configuration, name: str, entry: dict[str, Any]) -> str:
    """The text of a configuration that lists only this server."""
    return Document(configuration, b"").with_server(name, entry).text


def undone(document: Document, name: str, earlier: Iterable[Document], replaced: Any = None) -> Document:
    """The content without the server, or with the entry that it replaced.

    It is an earlier content that differs only by this entry; without one, the entry alone is removed or replaced.

    The text may no longer show what the entry was added to (whether there was an empty `mcpServers`, and its blanks),
    so only an earlier content restores every byte.

    Raises: `ConfigurationError`, only for the document itself.
    """
    entry = document.server(name)
    for one in earlier:
        with suppress(ConfigurationError):
            if one.server(name) == replaced and (
                one.with_server(name, entry) == document
                or (replaced is not None and one.without_server(name) == document.without_server(name))
            ):
                return one
    return document.without_server(name) if replaced is None else document.with_server(name, replaced)
