"""The part of the report of `uru_whoami` that is about permissions: what the key has, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uru_mcp.access.key_status import KeyStatus
from uru_mcp.errors import KeyRefused, KeyUnavailable, SettingsError, UruError
from uru_mcp.messages import report_messages
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.permissions import Grant, Permission, in_order, in_words


def permissions_of(key_status: KeyStatus) -> dict[str, Any]:
    """`{"read": {"answer": "yes", "how": "told"}, …, "effective": ["read"], "granted": ["read"], "ceiling": null}`

    `why_unknown` is there only if Uru has told nothing.
    """
    grant = key_status.grant or Grant()
    return {
        **({"why_unknown": _why_unknown(key_status.trouble)} if key_status.grant is None else {}),
        **{permission.value: grant.known(permission)._asdict() for permission in Permission},
        "effective": in_order(grant.effective),
        "granted": None if grant.told is None else in_order(grant.told),
        "ceiling": None if grant.declared is None else in_order(grant.declared),
    }


def _why_unknown(trouble: UruError | None) -> str:
    if isinstance(trouble, (SettingsError, KeyUnavailable)):
        return report_messages.URU_NOT_ASKED
    return report_messages.URU_REFUSED_KEY if isinstance(trouble, KeyRefused) else report_messages.URU_NOT_ANSWERED


def grant_warnings(grant: Grant) -> Iterator[dict[str, str]]:
    if grant.refused:
        yield {
            "message": report_messages.LACKS_BY_REFUSAL.format(refused=in_words(grant.refused)),
            "fix": report_messages.GIVE_AND_TRY_AGAIN.format(keys_page=KEYS_PAGE),
        }
    if grant.unknown_names:
        yield {
            "message": report_messages.UNKNOWN_PERMISSIONS.format(unknown_names=", ".join(grant.unknown_names)),
            "fix": report_messages.UPDATE_IF_NEEDED,
        }
