"""Opens a connection to Uru as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uru_mcp.config.chosen_key_source import source_of
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.http import Connection

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport


def connect(
    settings: Settings,
    redaction: Redaction,
    transport: AsyncBaseTransport | None = None,
    *,
    logs_trouble: bool = True,
) -> Connection:
    """A connection with the key of the settings; sends no request. `transport` replaces the network.

    `logs_trouble` is whether a key that cannot be read is logged.
    """
    return Connection(
        settings.proxy_url,
        Keyring(source_of(settings), redaction, logs_trouble=logs_trouble),
        workspace_id=settings.workspace_id,
        redaction=redaction,
        transport=transport,
    )
