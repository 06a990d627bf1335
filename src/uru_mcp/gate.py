"""The gate: the only place that compares what something needs with what the key has."""

from __future__ import annotations

from typing import Any

from uru_mcp.answers import KEYS_PAGE
from uru_mcp.errors import PermissionMissing
from uru_mcp.identity import Standing
from uru_mcp.permissions import Grant, Permissions, in_order, in_words

DECLARE = "Add URU_PERMISSIONS to the server's environment with what the key has, such as URU_PERMISSIONS=read,execute."


def allows(needs: Permissions, standing: Standing) -> bool:
    """Whether the key may do what needs these permissions, as far as is known now."""
    if standing.trouble is not None and not (standing.lacks_workspace and not needs):
        return False
    return needs <= (standing.grant.effective if standing.grant is not None else frozenset())


def may_come(needs: Permissions, standing: Standing) -> bool:
    """Whether it is worth listing: allowed, or not known to be forbidden.

    The first list is final for some clients, so what is not known yet is listed; the gate stays closed all the same.
    """
    if standing.is_refused:
        return False
    return standing.grant is None or needs <= standing.grant.effective


def require(what: str, needs: Permissions, standing: Standing) -> None:
    """Let through what `allows` allows.

    Raises:
        PermissionMissing: The key lacks a permission, or its permissions are unknown. Names all that is missing.
        UruError: The trouble that the key is in.
    """
    if allows(needs, standing):
        return
    if standing.trouble is not None:
        raise standing.trouble.with_traceback(None)
    raise _missing(what, needs, standing.grant or Grant(None, None))


def _missing(what: str, needs: Permissions, grant: Grant) -> PermissionMissing:
    missing = needs - grant.effective
    details: dict[str, Any] = {
        "tool": what,
        "required": in_order(needs),
        "granted": in_order(grant.effective if grant.granted is None else grant.granted),
        "missing": in_order(missing),
    }
    if grant.source == "none":
        return PermissionMissing(
            f"{what} needs {in_words(needs)}, and it is not known what this API key may do:"
            " this Uru does not tell, and URU_PERMISSIONS is not set. Nothing was sent to Uru.",
            fix=DECLARE,
            code="permissions_unknown",
            **details,
        )
    if grant.ceiling is not None:
        details["ceiling"] = in_order(grant.ceiling)
    return PermissionMissing(
        f"{what} needs {in_words(needs)}. {_has(grant)}; missing: {in_words(missing)}. Nothing was sent to Uru.",
        fix=_fix(missing, grant),
        **details,
    )


def _has(grant: Grant) -> str:
    if grant.granted is None:
        return f"This API key is declared to have {in_words(grant.effective)}"
    if grant.granted <= grant.effective:
        return f"This API key has {in_words(grant.granted)}"
    return f"This API key has {in_words(grant.granted)}, of which URU_PERMISSIONS allows {in_words(grant.effective)}"


def _fix(missing: Permissions, grant: Grant) -> str:
    by_ceiling = missing & (grant.granted or frozenset())
    if grant.granted is None or by_ceiling == missing:
        return f"Ask the user to add {','.join(in_order(missing))} to URU_PERMISSIONS, if the key may have it."
    key = f"Ask the user to give the key {in_words(missing)} in {KEYS_PAGE}, or to use a key that has it."
    return f"{key} URU_PERMISSIONS must allow {in_words(by_ceiling)} too." if by_ceiling else key
