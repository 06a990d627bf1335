"""Reads the servers that a client's configuration lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from uru_mcp.commands.client_configs.document import Document
from uru_mcp.commands.client_configs.formats.text_entries import place_in
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Server:
    """A server entry. `command` is None if it has none, as for a remote server; `line` is the line of its name.

    `is_off` is whether the user has switched it off in the client.
    """

    name: str
    line: int
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    is_off: bool = False


def read_servers(configuration: Configuration) -> list[Server]:
    """The servers of a configuration, in file order. If two have the same name, the client uses the last.

    Raises: `ConfigurationError` if the file cannot be read, or if the client cannot parse it.
    """
    launches = configuration.client.shape.launch
    document = Document(configuration, read_bytes(configuration.path))
    found = []
    for entry in document.entries:
        launch, (line, _) = launches(entry.value), place_in(document.text, entry.at)
        found.append(Server(entry.name, line, launch.command, launch.args, launch.env, is_off=launch.is_off))
    return found


def read_bytes(path: Path) -> bytes:
    """Raises: `ConfigurationError`; FileNotFoundError if the file does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        fix = "Give yourself permission to read it, and try again."
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", fix=fix) from error
