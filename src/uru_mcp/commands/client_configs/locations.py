"""Finds the configurations of known clients on a machine. It never reads a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client
from uru_mcp.commands.client_configs.machine import Machine, is_there


@dataclass(frozen=True, slots=True)
class Configuration:
    """A client, and the file that lists its servers. `is_managed` is whether that file is an administrator's."""

    client: Client
    path: Path
    is_managed: bool = False


def configurations(platform: str, home: Path, environ: Mapping[str, str]) -> list[Configuration]:
    """The configurations of known clients that exist on this machine, in the order of `CLIENTS`."""
    everywhere = [configuration(client, platform, home, environ) for client in CLIENTS.values()]
    return [one for one in everywhere if is_there(one.path)]


def configuration(client: Client, platform: str, home: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration file of this client on this machine, even if it does not exist."""
    return Configuration(client, client.place(Machine(platform, home, environ)))


def managed_configuration(client: Client, machine: Machine) -> Configuration | None:
    """The configuration of an administrator, which is the only one that this client heeds; None if there is none."""
    if client.managed is None or not is_there(client.managed(machine)):
        return None
    by_administrator = replace(client, title=f"{client.title} (managed)", opens="as an administrator")
    return Configuration(by_administrator, client.managed(machine), is_managed=True)
