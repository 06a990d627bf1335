"""The status of an API key, as a value: its workspace, its permissions, and what is wrong."""

from __future__ import annotations

from typing import NamedTuple

from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused, SettingsError, UruError
from uru_mcp.permissions import Grant
from uru_mcp.uru.key_record import KeyRecord
from uru_mcp.uru.namespaces_and_tools import Workspace


class KeyStatus(NamedTuple):
    """The key's status: workspace, permissions, and what is wrong.

    `grant` is None until Uru has answered once. `trouble` is the error that blocks all calls, or some of them.
    `refresh_error` is why the status could not be refreshed, while an older grant is still used. `key` is the key to
    which this status belongs, and the only one that may be used because of it. `contradiction` is set if the key's
    record says that it is refused, although Uru accepts it.
    """

    grant: Grant | None = None
    record: KeyRecord | None = None
    workspace: Workspace | None = None
    trouble: UruError | None = None
    refresh_error: UruError | None = None
    key: Key | None = None
    contradiction: KeyRefused | None = None

    @property
    def state(self) -> str:
        """`ready`, or the code of the error that prevents it."""
        if self.trouble is not None:
            return self.trouble.code
        return "permissions_unknown" if self.grant is None or self.grant.unknown == self.grant.allowed else "ready"

    @property
    def is_refused(self) -> bool:
        """Whether the key or the configuration is invalid, so that no call can work."""
        return isinstance(self.trouble, (KeyRefused, SettingsError)) or self.state == "workspace_not_accessible"

    @property
    def lacks_workspace(self) -> bool:
        return self.trouble is not None and self.trouble.code == "workspace_selection_required"
