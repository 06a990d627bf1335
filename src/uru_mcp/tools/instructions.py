"""The server instructions that a client receives at startup. They begin with the error that blocks all calls, if any.

They know no tools; `definitions.py` holds their text.
"""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.errors import Code, UruError
from uru_mcp.messages import report_messages
from uru_mcp.tools.definitions import INSTRUCTIONS

CAUSES: Mapping[Code, str] = {
    "not_configured": report_messages.CAUSE_NOT_CONFIGURED,
    "malformed_key": report_messages.CAUSE_MALFORMED_KEY,
    "audit_unavailable": report_messages.CAUSE_NO_AUDIT_LOG,
    "key_unavailable": report_messages.CAUSE_NO_KEY,
    "key_rejected": report_messages.CAUSE_KEY_UNKNOWN,
    "key_revoked": report_messages.CAUSE_KEY_DELETED,
    "key_expired": report_messages.CAUSE_KEY_EXPIRED,
    "workspace_not_accessible": report_messages.CAUSE_WORKSPACE,
}


def instructions(trouble: UruError | None) -> str:
    """The current instructions. They hold no untrusted text, since a model trusts them like the user."""
    if trouble is None:
        return INSTRUCTIONS
    cause = CAUSES.get(trouble.code, report_messages.CAUSE_UNKNOWN)
    return report_messages.CANNOT_BE_USED.format(cause=cause, instructions=INSTRUCTIONS)
