"""The user's settings as values, with their defaults. `environment.py` reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import SettingsError, SettingsProblem
from uru_mcp.messages import policy_messages
from uru_mcp.permissions import EVERYTHING, Permission, Permissions

if TYPE_CHECKING:
    from uru_mcp.config.managed_policy import ManagedPolicy
    from uru_mcp.config.policy_file import PolicyFile
    from uru_mcp.config.tool_patterns import Pattern, UserRules

PREFIX = "URU_"


class Settings(NamedTuple):
    """The user's settings, with their defaults. Durations are in seconds. `Variables` describes each.

    `ignored` names variables that are set but that only the Node client reads, and `foreign` those that are set for
    other Uru programs. `cache` is the cache directory, if there is one, and `in_extension` whether the
    Claude Desktop extension has started the server. `managed` is what `cut` has made them with.
    """

    api_key: Key | None = None
    api_key_file: Path | None = None
    api_key_command: tuple[str, ...] | None = None
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
    managed: Managed | None = None

    def __repr__(self) -> str:
        """Nothing of them: a command may reveal where a secret is stored."""
        return "Settings(…)"

    @property
    def wording(self) -> Callable[[str], str]:
        """How messages name settings: by their variables, or by the fields of the extension's form."""
        if not self.in_extension:
            return str
        from uru_mcp.messages.extension_form import in_extension

        return in_extension

    @property
    def policy(self) -> ManagedPolicy | None:
        """The administrator's policy, to which these settings keep."""
        return None if self.managed is None else self.managed.policy

    @property
    def allowed_permissions(self) -> Permissions:
        """The permissions that the administrator's policy allows, whatever the key has and the user declares."""
        return EVERYTHING if self.policy is None else self.policy.permissions

    @property
    def rules(self) -> UserRules:
        """What the user and the administrator have set about tools, for every gate alike."""
        from uru_mcp.config.tool_patterns import Rules, UserRules

        policy = self.policy
        allowed = None if policy is None else Rules(policy.tools)
        confirmed = None if policy is None else Rules(policy.confirm, is_closing_by_exception=False)
        return UserRules(
            Rules(self.tools, policy=allowed),
            Rules(self.confirm or (), is_closing_by_exception=False, policy=confirmed),
            self.approvals == "person",
            policy is not None and policy.approvals == "person",
        )


class Managed(NamedTuple):
    """The policy, the place and the mark of its file, and the settings as they were without it.

    `is_remote` is whether anything is sent over a network: a sandbox in this process has no address of its own.
    """

    policy: ManagedPolicy | None
    file: PolicyFile
    mark: object
    uncut: Settings
    is_remote: bool


def cut(managed: Managed) -> Settings:
    """The settings within the policy: what it allows of them, and never more. The only place where the two meet.

    Raises:
        SettingsError: The policy does not allow the address.
    """
    given, policy = managed.uncut, managed.policy
    if policy is None:
        return given._replace(managed=managed)
    url = policy.allowed_url(given.proxy_url) if managed.is_remote else given.proxy_url
    if url is None:
        message = policy_messages.URL_NOT_ALLOWED.format(path=policy.path, url=given.proxy_url)
        fix = policy_messages.USE_AN_ALLOWED_URL.format(urls=", ".join(policy.base_urls))
        raise SettingsError([SettingsProblem(message, fix=fix, variable="URU_PROXY_URL")])
    return given._replace(
        managed=managed,
        proxy_url=url,
        permissions=None if given.permissions is None else given.permissions & policy.permissions,
        approvals="person" if policy.approvals == "person" else given.approvals,
        audit_log_required=given.audit_log_required or policy.audit_log_required,
    )


KEY_VARIABLES = ("URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND")  # exactly one of them must be set

VARIABLES: tuple[str, ...] = tuple(
    PREFIX + name.upper()
    for name in Settings._fields
    if name not in ("ignored", "foreign", "cache", "in_extension", "managed")
)
