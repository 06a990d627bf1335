"""Says that a client does not seem to be on this machine, so that nobody waits for it to show the server."""

from __future__ import annotations

from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.machine import Machine, is_there
from uru_mcp.credentials.program_lookup import find_program


def absence(configuration: Configuration, machine: Machine) -> str | None:
    """A sentence if neither the client's file, nor its directory, nor its program on the PATH is there; else None.

    It must be asked before the file is written.
    """
    client, path = configuration.client, configuration.path
    has_directory = path.parent != machine.home and path.parent.is_dir()
    program = client.program or client.name
    if is_there(path) or has_directory or find_program(program, machine.environ.get("PATH")) is not None:
        return None
    return (
        f"{client.title} was not found on this machine: there was no {path} and no program “{program}”."
        " Once it is installed, it will find the server there."
    )
