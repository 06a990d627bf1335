"""Finds uru-mcp in a client's configuration where the client does not look for it, which slips of the hand lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uru_mcp.commands.client_configs.document import Document
from uru_mcp.commands.client_configs.entry_recognition import recognise
from uru_mcp.commands.client_configs.entry_shape import Shape
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.other_entries import LOCAL_SCOPE
from uru_mcp.commands.client_configs.reading import Server, read_bytes

Path = tuple[str, ...]
SHAPES = (*{repr(client.shape): client.shape for client in CLIENTS.values()}.values(),)


def misplaced_entries(configuration: Configuration) -> list[Path]:
    """The paths of entries that start uru-mcp in some client's notation, but not in this one's place and notation.

    Raises: as `read_servers`.
    """
    client, data = configuration.client, read_bytes(configuration.path)
    if b"uru" not in data:
        return []
    content = Document(configuration, data).content
    found = [path for path, value in _mappings(content, ()) if _starts_uru(value)]
    return [path for path in found if not (client.name == LOCAL_SCOPE and path[:1] == ("projects",))]


def _mappings(value: object, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        if path:
            yield path, value
        for name, inner in value.items():
            yield from _mappings(inner, (*path, str(name)))


def _starts_uru(entry: dict[str, Any]) -> bool:
    return any(recognise(_server(entry, shape), {}).kind == "ours" for shape in SHAPES)


def _server(entry: dict[str, Any], shape: Shape) -> Server:
    launch = shape.launch(entry)
    return Server("", 0, launch.command, launch.args, launch.env)
