"""The exception hierarchy, sorted by who can fix the problem.

* UruError
  x SettingsError      the user: fix the configuration
  x ConfigurationError the user: fix a client's configuration file
  x AuditUnavailable   the user: an audit log that can be written
  x KeyUnavailable     the user: a file with the key, or a command that prints it
  x KeyRefused         the user: another key
    + KeyReplaced
  x WorkspaceProblem   the user or the model: select a workspace
  x PermissionMissing  the user: a key with more permissions
  x ArgumentError      the model: call again with better arguments
    + UnknownTool
  x Declined           the user: a person said no, or has to say yes first
  x Unconfirmed        the model: check first, it may have happened
  x NoAnswer           nobody yet: Uru did not answer, or the rate limit was reached
  x Refused            depends on what Uru answered

The message says what happened and the fix says what to do next. Both are written for people and models, and hold no
secret. `code` is one of `Code`. `details` are further members of the error's structure, JSON values only.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from uru_mcp.messages import access_messages
from uru_mcp.permissions import NOTHING, Permissions
from uru_mcp.untrusted_input.quoting import Quotation

Code = Literal[
    "not_configured",
    "malformed_key",
    "audit_unavailable",
    "key_unavailable",
    "key_rejected",
    "key_revoked",
    "key_expired",
    "insufficient_permission",
    "permissions_unknown",
    "workspace_selection_required",
    "workspace_not_accessible",
    "unknown_tool",
    "wrong_dispatcher",
    "invalid_arguments",
    "not_found",
    "forbidden",
    "declined",
    "connection_problem",
    "rate_limited",
    "unavailable",
    "timed_out",
    "unconfirmed",
    "upstream_failed",
    "too_large",
    "internal",
]


class UruError(Exception):
    """The base class: a code, a message, a fix, and whether the same call may succeed later (`retryable`).

    `said` quotes what Uru or an app said about the error. It follows our own message, and is untrusted.
    """

    default_code: ClassVar[Code] = "internal"
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        fix: str,
        code: Code | None = None,
        retryable: bool | None = None,
        said: Quotation | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.own_message = message
        self.said = said or Quotation()
        self.fix = fix
        self.code = code or self.default_code
        self.retryable = self.default_retryable if retryable is None else retryable
        self.details = details

    @property
    def message(self) -> str:
        return f"{self.own_message}{self.said.sentence}"

    def __str__(self) -> str:
        return self.message


class SettingsError(UruError):
    """The configuration is invalid; `problems` holds every problem found, each with its own fix.

    `key_source` is the variable of the key and `last4` the end of a key in it, if nothing is wrong with the key itself.
    """

    default_code = "not_configured"

    def __init__(
        self, problems: list[SettingsProblem], *, key_source: str | None = None, last4: str | None = None
    ) -> None:
        first = problems[0]
        super().__init__(" ".join(p.message for p in problems), fix=" ".join(p.fix for p in problems), code=first.code)
        self.problems = tuple(problems)
        self.key_source, self.last4 = key_source, last4


class SettingsProblem(UruError):
    """One problem with the configuration. It is never raised by itself, only as part of a `SettingsError`."""

    default_code = "not_configured"


class ConfigurationError(UruError):
    """An MCP client's configuration cannot be read or changed; `details` may hold `line` and `column`, 1-based."""

    default_code = "not_configured"


class AuditUnavailable(UruError):
    """The audit log cannot be written. Calls go on without it, or are refused where it is required."""

    default_code = "audit_unavailable"


class KeyUnavailable(UruError):
    """The key file or key command did not provide a key; `malformed_key` when it provided something else."""

    default_code = "key_unavailable"


class KeyRefused(UruError):
    """Uru does not accept the key: `key_rejected`, `key_revoked` or `key_expired`."""

    default_code = "key_rejected"


class KeyReplaced(KeyRefused):
    """Nothing was done, since the key was refused or rotated; the call can be retried with the new key."""

    default_retryable = True


class WorkspaceProblem(UruError):
    """No workspace is selected, or the key has no access to the configured one."""

    default_code = "workspace_selection_required"


class PermissionMissing(UruError):
    """The key lacks a permission, or its permissions are unknown (`permissions_unknown`).

    `required` and `granted` are what Uru reported; `granted` is None if Uru did not report what the key has.
    """

    default_code = "insufficient_permission"
    required: Permissions = NOTHING
    granted: Permissions | None = None


class ArgumentError(UruError):
    """The call itself is wrong: its tool, its arguments, or the record it names."""

    default_code: ClassVar[Code] = "invalid_arguments"


class UnknownTool(ArgumentError):
    """There is no tool of that name in the current catalog."""

    default_code = "unknown_tool"


class Declined(UruError):
    """A person said no to it, or nobody could be asked; nothing was sent."""

    default_code = "declined"


class Unconfirmed(UruError):
    """A call was sent, but its outcome is unknown."""

    default_code = "unconfirmed"


class NoAnswer(UruError):
    """Uru is unreachable, timed out, or applied a rate limit: `unavailable`, `timed_out`, `rate_limited`."""

    default_code = "unavailable"
    default_retryable = True


class Refused(UruError):
    """Uru or a connected app refused the call, or sent a response that cannot be parsed.

    `forbidden`, `connection_problem`, `not_found`, `upstream_failed` or `too_large`.
    """

    default_code = "upstream_failed"


def unforeseen(error: Exception) -> UruError:
    """The error for an unexpected exception. It names only its type, since the message may hold secrets."""
    return UruError(access_messages.FAILED_INSIDE.format(name=type(error).__name__), fix=access_messages.REPORT_A_BUG)
