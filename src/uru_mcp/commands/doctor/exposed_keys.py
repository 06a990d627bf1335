"""Checks whether others can get at the keys in a client's configuration: users of this machine, or of a repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from uru_mcp.commands.client_configs.file_writing import is_open_to_others
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.reading import Server
from uru_mcp.commands.doctor.checks import Examination, Finding
from uru_mcp.commands.doctor.handshake import is_tracked
from uru_mcp.commands.own_command import making_private


async def examine_exposure(
    examination: Examination, configuration: Configuration, servers: Iterable[Server], environ: Mapping[str, str]
) -> None:
    """Warn if one of these servers has a key that others can read."""
    path, title = configuration.path, configuration.client.title
    if not any(map(_holds_key, servers)):
        return
    with suppress(OSError):
        if is_open_to_others(path):
            seen = f"{path} contains a key, and other users of this machine can access it"
            examination.tell(title, Finding("warning", seen, f"Run {making_private(path)}"))
    if await is_tracked(path, environ):
        seen = f"{path} contains a key and is tracked by Git, so everyone with access to the repository has the key"
        remedy = (
            "Move the key to a separate file with mode 600, and set URU_API_KEY_FILE instead of URU_API_KEY; then"
            " replace the key in Uru, since the repository's history contains this one."
        )
        examination.tell(title, Finding("warning", seen, remedy))


def _holds_key(server: Server) -> bool:
    key = server.env.get("URU_API_KEY", "").strip()
    return bool(key) and "${" not in key
