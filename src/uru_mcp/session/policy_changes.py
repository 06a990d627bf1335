"""Notices that the administrator's policy has changed while the server runs, and has the session keep to it.

A look is a few system calls. A policy that cannot be used any more closes everything until it can.
"""

from __future__ import annotations

import logging

from uru_mcp.access.identity import Identity
from uru_mcp.catalog.current_catalog import CurrentCatalog
from uru_mcp.config.managed_policy import POLICY, ManagedPolicy, read_policy
from uru_mcp.config.settings import Managed, Settings, cut
from uru_mcp.errors import SettingsError, SettingsProblem
from uru_mcp.messages import policy_messages

log = logging.getLogger(__name__)


class PolicyChanges:
    """Looks at the policy's file before each list and each call. `policy` is the one in force."""

    def __init__(self, settings: Settings, identity: Identity, current_catalog: CurrentCatalog) -> None:
        if settings.managed is None:
            raise AssertionError("settings are read with a policy, or with none")
        self._settings = settings
        self._managed = settings.managed
        self._records_all = settings.audit_log_required  # the log is opened when the process starts
        self._identity = identity
        self._current_catalog = current_catalog

    @property
    def policy(self) -> ManagedPolicy | None:
        return self._managed.policy

    def look(self) -> None:
        """Keep to the policy as its file is now."""
        mark = self._managed.file.mark()
        if mark == self._managed.mark:
            return
        self._managed = self._managed._replace(mark=mark)
        path = self._managed.file.path
        try:
            self._managed = self._managed._replace(policy=read_policy(self._managed.file))
            settings = self._cut(self._managed)
        except SettingsError as error:
            self._identity.keep_to(self._settings.allowed_permissions, error)
            return
        log.warning("%s", policy_messages.CHANGED.format(path=path))
        self._settings = settings
        self._identity.keep_to(settings.allowed_permissions, None)
        self._current_catalog.choose(settings.rules)

    def _cut(self, managed: Managed) -> Settings:
        """Raises: SettingsError, also where only a new start can keep to the policy."""
        settings = cut(managed)
        if settings.audit_log_required and not self._records_all:
            message = policy_messages.LOG_REQUIRED_NOW.format(path=managed.file.path)
            raise SettingsError([SettingsProblem(message, fix=policy_messages.RESTART_THE_CLIENT, variable=POLICY)])
        return settings
