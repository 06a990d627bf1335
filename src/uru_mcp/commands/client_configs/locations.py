"""Finds the configurations of known clients on a machine. It never reads a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client
from uru_mcp.commands.client_configs.machine import Machine, is_there


@dataclass(frozen=True, slots=True)
class Configuration:
    """A client, and the file that lists its servers."""

    client: Client
    path: Path


def configurations(platform: str, home: Path, environ: Mapping[str, str]) -> list[Configuration]:
    """The configurations of known clients that exist on this machine, in the order of `CLIENTS`."""
    everywhere = [configuration(client, platform, home, environ) for client in CLIENTS.values()]
    return [one for one in everywhere if is_there(one.path)]


def configuration(client: Client, platform: str, home: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration file of this client on this machine, even if it does not exist."""
    return Configuration(client, client.place(Machine(platform, home, environ)))
