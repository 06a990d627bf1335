"""Finds what else in a client's configuration connects to Uru: its Node client, or a project's own server."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from uru_mcp.commands.client_configs import file_writing
from uru_mcp.commands.client_configs.entry_recognition import Kind, recognise
from uru_mcp.commands.client_configs.entry_shape import Shape
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.reading import Server, read_servers
from uru_mcp.errors import ConfigurationError

NODE_CLIENT = "Uru's Node client"
LOCAL_SCOPE = "claude-code"  # the client whose file also has servers of single projects


def is_node_client(entry: Any, shape: Shape) -> bool:
    """Whether this entry certainly starts Uru's Node client."""
    return entry is not None and _kind(entry, shape) == "node"


def is_foreign(entry: Any, shape: Shape) -> bool:
    """Whether this entry is certainly of another program, so that `--uninstall` gives it back and never removes it."""
    return entry is not None and _kind(entry, shape) in ("node", "other")


def _kind(entry: Any, shape: Shape) -> Kind:
    launch = shape.launch(entry)
    return recognise(Server("", 0, launch.command, launch.args, launch.env), {}).kind


def notes_on(configuration: Configuration, name: str) -> list[str]:
    """A sentence on each of these servers besides the one of this name, with what to do."""
    title, opens = configuration.client.title, configuration.client.opens
    try:
        servers = read_servers(configuration)
    except (ConfigurationError, FileNotFoundError):
        return []
    nodes = [one.name for one in servers if one.name != name and recognise(one, {}).kind == "node"]
    notes = [
        f"{title} also has {NODE_CLIENT}, as the server “{one}”: its tools would be there twice. Remove it ({opens})."
        for one in nodes
    ]
    return [*notes, *_of_projects(configuration, name)]


def _of_projects(configuration: Configuration, name: str) -> Iterator[str]:
    """The servers in Claude Code's local scope, which take precedence in their project."""
    if configuration.client.name != LOCAL_SCOPE:
        return
    for project, servers in _projects(configuration).items():
        for one, entry in servers.items():
            is_node = is_node_client(entry, configuration.client.shape)
            if is_node or one == name:
                what = f"{NODE_CLIENT} as the server “{one}”" if is_node else f"another server “{one}”"
                remove = f"cd {shlex.quote(project)} && claude mcp remove {shlex.quote(one)} --scope local"
                instead = ", which is used there instead" if one == name else ""
                yield f"In {project}, Claude Code's local scope has {what}{instead}. Remove it: {remove}"


def _projects(configuration: Configuration) -> Mapping[str, Mapping[str, Any]]:
    """The servers by project. A file in another form than expected has none."""
    try:
        content = json.loads(file_writing.read(configuration.path))
    except (ConfigurationError, OSError, ValueError, RecursionError):
        return {}
    projects = content.get("projects") if isinstance(content, dict) else None
    found = {
        project: value.get("mcpServers")
        for project, value in (projects if isinstance(projects, dict) else {}).items()
        if isinstance(value, dict)
    }
    return {project: servers for project, servers in found.items() if isinstance(servers, dict)}
