"""The gate: the only place that compares what something needs with what the key has and the user wants."""

from __future__ import annotations

from typing import Any

from uru_mcp import messages
from uru_mcp.answers import KEYS_PAGE
from uru_mcp.errors import PermissionMissing, Refused
from uru_mcp.key_status import Standing
from uru_mcp.permissions import EVERYTHING, NOTHING, Grant, Permissions, in_order, in_words
from uru_mcp.tool_patterns import Named, UserRules


def declare(permissions: Permissions) -> str:
    """What to do where it is not known whether the key has these permissions."""
    return messages.DECLARE_PERMISSIONS.format(boxes=messages.TICKED_BOXES, names=",".join(in_order(permissions)))


def allows(needs: Permissions, standing: Standing) -> bool:
    """Whether the key may do what needs these permissions, as far as is known now."""
    if standing.trouble is not None and not (standing.lacks_workspace and not needs):
        return False
    return needs <= _effective(standing)


def may_come(needs: Permissions, standing: Standing) -> bool:
    """Whether a tool of ours is worth listing: allowed, or not known yet to be forbidden.

    The first list is final for some clients, so what Uru may yet tell is listed; the gate stays closed all the same.
    """
    if standing.is_refused:
        return False
    if standing.grant is None:
        return True
    is_open = standing.grant.is_pending or standing.lacks_workspace
    return needs <= standing.grant.effective | (standing.grant.unknown if is_open else NOTHING)


def is_granted(needs: Permissions, standing: Standing) -> bool:
    """Whether a tool of Uru's is worth listing: the key has what it needs, whatever else is in the way now."""
    return not standing.is_refused and needs <= _effective(standing)


def _effective(standing: Standing) -> Permissions:
    return standing.grant.effective if standing.grant is not None else NOTHING


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
    raise _missing(what, needs, standing.grant or Grant())


def require_chosen(tool: Named, rules: UserRules) -> None:
    """Let through what the user has not taken away.

    Raises:
        Refused: `URU_TOOLS` takes it away (`forbidden`), whatever the key may.
    """
    if not rules.chosen.fit(tool):
        message = messages.TAKEN_AWAY.format(id=tool.id)
        raise Refused(message, fix=messages.USER_S_CHOICE, code="forbidden", tool=tool.id, setting="URU_TOOLS")


def runs_unasked(tool: Named, rules: UserRules) -> bool:
    """Whether the user lets the tool run without a person's yes to the very call."""
    return rules.chosen.fit(tool) and not rules.confirmed.fit(tool)


def _missing(what: str, needs: Permissions, grant: Grant) -> PermissionMissing:
    missing, unknown = needs - grant.effective, needs & grant.unknown
    details: dict[str, Any] = {
        "tool": what,
        "required": in_order(needs),
        "granted": in_order(grant.effective if grant.held is None else grant.held),
        "missing": in_order(missing),
    }
    if grant.declared is not None:
        details["ceiling"] = in_order(grant.declared)
    if unknown == missing:
        return unknown_permissions(messages.NEEDS.format(what=what, needs=in_words(needs)), grant, **details)
    known_missing = missing - unknown
    return PermissionMissing(
        messages.NEEDS_WITH_MISSING.format(
            what=what, needs=in_words(needs), grant=_has(grant), known_missing=in_words(known_missing)
        ),
        fix=remedy(known_missing, grant),
        **details,
    )


def unknown_permissions(what: str, grant: Grant, **details: Any) -> PermissionMissing:
    """What is wrong where neither Uru nor the user has said what the key may do; `what` is a sentence, or nothing."""
    known = {permission: grant.known(permission).answer for permission in EVERYTHING}
    has, lacks = ([one for one in known if known[one] == answer] for answer in ("yes", "no"))
    said = messages.KNOWN_TO_HAVE.format(has=in_words(has)) if has else ""
    said += messages.KNOWN_TO_LACK.format(lacks=in_words(lacks)) if lacks else ""
    return PermissionMissing(
        messages.PERMISSIONS_NOT_TOLD.format(
            what=what, unknown=in_words(grant.unknown).replace(" and ", " or "), said=said
        ).strip(),
        fix=declare(EVERYTHING - frozenset(lacks)),
        code="permissions_unknown",
        **details,
    )


def _has(grant: Grant) -> str:
    if grant.refused:
        return messages.REFUSED_JUST_NOW.format(refused=in_words(grant.refused))
    if grant.told is None or grant.is_outdated:
        return messages.DECLARED_TO_HAVE.format(declared=in_words(grant.declared or grant.effective))
    if grant.told <= grant.effective:
        return messages.HAS.format(told=in_words(grant.told))
    return messages.HAS_BUT_ALLOWS.format(told=in_words(grant.told), effective=in_words(grant.effective))


def remedy(missing: Permissions, grant: Grant) -> str:
    """What to do about permissions that the key is known to lack."""
    by_ceiling = frozenset(one for one in missing if grant.known(one).how in ("ceiling", "declared"))
    if by_ceiling == missing:
        return messages.ADD_TO_CEILING.format(missing=",".join(in_order(missing)))
    key = messages.GIVE_THE_KEY.format(missing=in_words(missing), keys_page=KEYS_PAGE)
    return messages.CEILING_TOO.format(key=key, by_ceiling=in_words(by_ceiling)) if by_ceiling else key
