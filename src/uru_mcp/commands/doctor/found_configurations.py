"""Finds the configurations of MCP clients on this machine, with their servers and how each was recognized."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from uru_mcp.commands.client_configs.entry_recognition import Recognition, recognise
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration, configurations, managed_configuration
from uru_mcp.commands.client_configs.machine import Machine
from uru_mcp.commands.client_configs.misplaced_entries import misplaced_entries
from uru_mcp.commands.client_configs.reading import Server, read_servers
from uru_mcp.commands.doctor.desktop_environment import environment_for
from uru_mcp.commands.doctor.settings_checks import given
from uru_mcp.config.settings import KEY_VARIABLES
from uru_mcp.errors import UruError


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration and its servers, each with how it was recognized, or why the file cannot be read.

    `platform` is as `sys.platform`. `overruled_by` is the administrator's file if the client heeds only that one.
    `misplaced` are the paths of entries that start uru-mcp but that the client does not see.
    """

    configuration: Configuration
    platform: str
    servers: tuple[Server, ...] = ()
    recognised: tuple[Recognition, ...] = ()
    misplaced: tuple[tuple[str, ...], ...] = ()
    error: UruError | None = None
    overruled_by: Path | None = None

    @property
    def title(self) -> str:
        return self.configuration.client.title

    @property
    def is_miswritten(self) -> bool:
        """Whether uru-mcp is in the file, but written so that the client cannot start it."""
        return bool(self.misplaced) or any(what.is_wrong for what in self.recognised)

    @property
    def ours(self) -> list[Server]:
        """The servers that are certainly uru-mcp."""
        return [server for server, what in self._with_what if what.kind == "ours"]

    @property
    def unstarted(self) -> list[tuple[Server, Recognition]]:
        """The servers that may be uru-mcp, and Uru's Node client."""
        return [(server, what) for server, what in self._with_what if what.kind in ("unsure", "node")]

    @property
    def _with_what(self) -> Iterator[tuple[Server, Recognition]]:
        return zip(self.servers, self.recognised, strict=True)

    def name(self, server: Server) -> str:
        """The name of a server in findings."""
        return f"{self.title} “{server.name}”"

    @property
    def with_key(self) -> Iterator[tuple[Server, bool]]:
        """The servers that may be uru-mcp and have a key, and whether they certainly are."""
        for server, what in self._with_what:
            if what.kind != "other" and not serves_sandbox(server) and given(server.env).keys() & {*KEY_VARIABLES}:
                yield server, what.kind == "ours"

    def environment_of(self, server: Server, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment in which the client starts a server."""
        return environment_for(self.configuration.client.inherited, server.env, environ, self.platform)

    def has_placeholder(self, server: Server) -> bool:
        """Whether the server has a value that the client replaces."""
        placeholder = self.configuration.client.placeholder
        return placeholder is not None and any(placeholder in value for value in server.env.values())


def found_on(machine: Machine) -> list[Found]:
    """The administrators' configurations, then those of the user."""
    managed = {client.name: managed_configuration(client, machine) for client in CLIENTS.values()}
    found = [_read(one, machine) for one in managed.values() if one is not None]
    for one in configurations(machine.platform, machine.home, machine.environ):
        above = managed[one.client.name]
        found.append(replace(_read(one, machine), overruled_by=above.path if above is not None else None))
    return found


def serves_sandbox(server: Server) -> bool:
    return "--sandbox" in server.args


def with_path_of(own: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a client, and the PATH of the terminal after its own: what a user meant is found there."""
    paths = [one for one in (own.get("PATH"), environ.get("PATH")) if one]
    return {**own, "PATH": os.pathsep.join(paths)}


def _read(configuration: Configuration, machine: Machine) -> Found:
    found = Found(configuration, machine.platform)
    try:
        servers = tuple(read_servers(configuration))
    except UruError as error:
        return replace(found, error=error)
    environments = [with_path_of(found.environment_of(server, machine.environ), machine.environ) for server in servers]
    found = replace(found, servers=servers, recognised=tuple(map(recognise, servers, environments)))
    if found.ours or found.unstarted:
        return found
    return replace(found, misplaced=tuple(misplaced_entries(configuration)))
