"""How an API key stands with Uru, as a value: its workspace, its grant, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused, SettingsError, UruError
from uru_mcp.permissions import EVERYTHING, Grant
from uru_mcp.uru.key_record import KeyRecord
from uru_mcp.uru.namespaces_and_tools import Workspace


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How the key stands with Uru.

    `grant` is None while Uru has not been heard at all. `trouble` is why nothing, or not everything, can be done.
    `doubt` is why an older grant still stands: Uru could not be asked again. `key` is the one that all this is about,
    and the only one that may be used because of it. `contradiction` is what the key's record says against it, though
    Uru accepts it.
    """

    grant: Grant | None = None
    record: KeyRecord | None = None
    workspace: Workspace | None = None
    trouble: UruError | None = None
    doubt: UruError | None = None
    key: Key | None = None
    contradiction: KeyRefused | None = None

    @property
    def state(self) -> str:
        """`ready`, or the code of what is in the way."""
        if self.trouble is not None:
            return self.trouble.code
        return "permissions_unknown" if self.grant is None or self.grant.unknown == EVERYTHING else "ready"

    @property
    def is_refused(self) -> bool:
        """Whether the key itself, or the configuration, is the trouble, so that nothing at all can be done."""
        return isinstance(self.trouble, (KeyRefused, SettingsError)) or self.state == "workspace_not_accessible"

    @property
    def lacks_workspace(self) -> bool:
        return self.trouble is not None and self.trouble.code == "workspace_selection_required"
