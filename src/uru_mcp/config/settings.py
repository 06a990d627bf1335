"""The user's settings as values, with their defaults. `environment.py` reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from uru_mcp.config.tool_patterns import Pattern, Rules, UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.permissions import Permission

PREFIX = "URU_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The user's settings, with their defaults. Durations are in seconds. `Variables` describes each.

    `ignored` names variables that are set but that only the Node client reads, and `foreign` those that are set for
    other Uru programs. `cache` is the cache directory, if there is one, and `in_extension` whether the
    Claude Desktop extension has started the server.
    """

    api_key: Key | None = None
    api_key_file: Path | None = None
    api_key_command: tuple[str, ...] | None = field(default=None, repr=False)  # may reveal where a secret is stored
    proxy_url: str = "https://mcp.uruintelligence.com"
    workspace_id: str | None = None
    permissions: frozenset[Permission] | None = None
    namespaces: tuple[str, ...] = ()
    tools: tuple[Pattern, ...] = ()
    confirm: tuple[Pattern, ...] | None = None
    approvals: Literal["ask", "person"] = "ask"
    direct_tools: Literal["auto", "all", "none"] = "auto"
    tool_tokens: int = 10_000
    call_deadline: float = 50
    execute_timeout: float = 180
    result_chars: int = 80_000  # characters
    sync_interval: float = 60
    audit_log: Path | None = None
    audit_log_required: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    ignored: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    cache: Path | None = None
    in_extension: bool = False

    @property
    def wording(self) -> Callable[[str], str]:
        """How messages name settings: by their variables, or by the fields of the extension's form."""
        if not self.in_extension:
            return str
        from uru_mcp.messages.extension_form import in_extension

        return in_extension

    @property
    def rules(self) -> UserRules:
        """What the user has set about tools, for every gate alike."""
        confirmed = Rules(self.confirm or (), is_closing_by_exception=False)
        return UserRules(Rules(self.tools), confirmed, self.approvals == "person")


KEY_VARIABLES = ("URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND")  # exactly one of them must be set

VARIABLES: tuple[str, ...] = tuple(
    PREFIX + one.name.upper()
    for one in fields(Settings)
    if one.name not in ("ignored", "foreign", "cache", "in_extension")
)
