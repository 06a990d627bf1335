"""Checks a key with Uru before it is written anywhere, and writes key files."""

from __future__ import annotations

from pathlib import Path

import anyio

from uru_mcp.access.identity import Identity
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.loader import ask
from uru_mcp.commands.client_configs import file_writing
from uru_mcp.commands.client_configs.safe_directory import OWNER_ALONE
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.key_sources import KeyFile
from uru_mcp.errors import KeyUnavailable, UruError
from uru_mcp.session.read_permission_check import ReadCheck
from uru_mcp.session.tool_execution import Calls
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.connect import connect


async def checked_status(settings: Settings, redaction: Redaction) -> KeyStatus:
    """The status of these settings' key. Problems are in its `trouble`; nothing is raised.

    If neither Uru nor the settings state the key's permissions, a harmless read may show that it has Read.
    """
    connection = connect(settings, redaction, logs_trouble=False)
    client = UruClient(connection, redaction)
    identity = Identity(
        client,
        connection.keyring,
        declared=settings.permissions,
        allowed=settings.allowed_permissions,
        workspace_id=settings.workspace_id,
    )
    try:
        async with anyio.create_task_group() as tasks:
            identity.start(tasks)
            key_status = await identity.ask()
            if identity.needs_read_check:
                key_status = await _after_a_read(client, identity, redaction)
            tasks.cancel_scope.cancel()  # stops waiting for a slow key record
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()
    return key_status


async def _after_a_read(client: UruClient, identity: Identity, redaction: Redaction) -> KeyStatus:
    """The key's status after a test read, which needs only the tools of `platform`."""
    try:
        told = await ask(client, (PLATFORM,), redaction)
    except UruError:
        return identity.key_status
    await ReadCheck(Calls(client, identity), identity).look(assembled(*told[:3], redaction))
    return identity.key_status


async def key_in(path: Path) -> Key | KeyUnavailable:
    """The key in a key file, or why it gives none."""
    try:
        return (await KeyFile(path).read()).key
    except KeyUnavailable as error:
        return error


def write_key_file(path: Path, key: Key) -> None:
    """Write a file, readable only by its owner, with the key as its first line.

    Raises: `ConfigurationError`.
    """
    file_writing.write(path, f"{key.reveal()}\n".encode(), mode=OWNER_ALONE)
