"""The instructions that a client is given at its start. They begin with what makes Uru unusable, if anything does."""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.errors import Code, UruError
from uru_mcp.own_tools import INSTRUCTIONS

CAUSES: Mapping[Code, str] = {
    "not_configured": "the configuration of uru-mcp is wrong",
    "malformed_key": "what is configured as the API key is none",
    "key_unavailable": "there is no API key where it is configured to come from",
    "key_rejected": "Uru does not know the API key",
    "key_revoked": "the API key was deleted in Uru",
    "key_expired": "the API key has expired",
    "workspace_not_accessible": "the API key may not use the configured workspace",
}


def instructions(trouble: UruError | None) -> str:
    """The instructions now. Only our own words go into them, since a model takes them for the user's."""
    if trouble is None:
        return INSTRUCTIONS
    cause = CAUSES.get(trouble.code, "something is wrong with its configuration")
    return (
        f"Uru cannot be used now: call uru_whoami. The cause: {cause}. uru_whoami says how to fix it; tell the user,"
        " since nobody else can. Until then no other tool of Uru works. What follows holds once it is fixed."
        f"\n\n{INSTRUCTIONS}"
    )
