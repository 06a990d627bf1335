"""Reads a client's configuration: its text, and the servers it lists.

A byte order mark is not part of the text; `in_place_editing.py` preserves it.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from uru_mcp.commands.client_configs.json_syntax import Member, Node, NotJson, parse, place_in
from uru_mcp.commands.client_configs.known_clients import Client
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Server:
    """A server entry. `command` is None if it has none, as for a remote server; `line` is the line of its name."""

    name: str
    line: int
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def read_servers(configuration: Configuration) -> list[Server]:
    """The servers of a configuration, in file order. If two have the same name, the client uses the last.

    Raises: `ConfigurationError` if the file cannot be read, or if the client cannot parse it.
    """
    client, path = configuration.client, configuration.path
    text = text_of(read_bytes(path), path)
    servers = servers_of(parsed(text, client, path), text, client, path)
    return [_server(member, text, client) for member in (servers.members if servers else ())]


def read_bytes(path: Path) -> bytes:
    """Raises: `ConfigurationError`; FileNotFoundError if the file does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        fix = "Give yourself permission to read it, and try again."
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", fix=fix) from error


def text_of(data: bytes, path: Path) -> str:
    """The text without its byte order mark.

    Raises: `ConfigurationError`.
    """
    try:
        return data.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"{path}, line {line}: this is not UTF-8 text."
        raise ConfigurationError(message, fix="Save the file as UTF-8, and try again.", line=line) from None


def parsed(text: str, client: Client, path: Path) -> Node | None:
    """The root object, or None if the text contains no value.

    Raises: `ConfigurationError`.
    """
    try:
        root = parse(text, is_relaxed=client.syntax == "jsonc")
    except NotJson as error:
        raise _unusable(str(error), error.line, error.column, client, path) from error
    if root is not None and not isinstance(root.value, dict):
        raise _unusable("expected an object, { … }", *place_in(text, root.start), client, path)
    return root


def servers_of(root: Node | None, text: str, client: Client, path: Path) -> Node | None:
    """The object that contains the servers, or None if there is none.

    Raises: `ConfigurationError` if it is not an object, or if there are two.
    """
    found = root.named(client.member) if root is not None else []
    if len(found) > 1:
        raise _unusable(f"{client.member} appears twice", *place_in(text, found[1].start), client, path)
    if found and not isinstance(found[0].node.value, dict):
        at = place_in(text, found[0].node.start)
        raise _unusable(f"{client.member} is not an object, {{ … }}", *at, client, path)
    return found[0].node if found else None


def _unusable(why: str, line: int, column: int, client: Client, path: Path) -> ConfigurationError:
    message = f"{path}, line {line}, column {column}: {why}."
    fix = f"Open the file ({client.opens}), correct it there, and try again."
    return ConfigurationError(message, fix=fix, line=line, column=column)


def _server(member: Member, text: str, client: Client) -> Server:
    line, _ = place_in(text, member.start)
    launch = client.shape.launch(member.node.value)
    return Server(member.name, line, launch.command, launch.args, launch.env)
