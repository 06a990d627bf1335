"""The server instructions that a client receives at startup. They begin with the error that blocks all calls, if any.

They know no tools; `definitions.py` holds their text.
"""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp import messages
from uru_mcp.errors import Code, UruError
from uru_mcp.tools.definitions import INSTRUCTIONS

CAUSES: Mapping[Code, str] = {
    "not_configured": messages.CAUSE_NOT_CONFIGURED,
    "malformed_key": messages.CAUSE_MALFORMED_KEY,
    "key_unavailable": messages.CAUSE_NO_KEY,
    "key_rejected": messages.CAUSE_KEY_UNKNOWN,
    "key_revoked": messages.CAUSE_KEY_DELETED,
    "key_expired": messages.CAUSE_KEY_EXPIRED,
    "workspace_not_accessible": messages.CAUSE_WORKSPACE,
}


def instructions(trouble: UruError | None) -> str:
    """The current instructions. They hold no untrusted text, since a model trusts them like the user."""
    if trouble is None:
        return INSTRUCTIONS
    cause = CAUSES.get(trouble.code, messages.CAUSE_UNKNOWN)
    return messages.CANNOT_BE_USED.format(cause=cause, instructions=INSTRUCTIONS)
