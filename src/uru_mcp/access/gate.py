"""The permission gate: the only place that compares required permissions with those that the key has, and with what the
user chose.

It does not know what a tool does; `access/policy.py` says what each tool needs.
"""

from __future__ import annotations

from typing import Any

from uru_mcp.access.key_status import KeyStatus
from uru_mcp.config.tool_patterns import Named, UserRules
from uru_mcp.errors import PermissionMissing, Refused
from uru_mcp.messages import access_messages, policy_messages, report_messages
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.permissions import EVERYTHING, NOTHING, Grant, Permission, Permissions, in_order, in_words


def declare(permissions: Permissions) -> str:
    """The fix for unknown permissions: declare them in `URU_PERMISSIONS`."""
    return access_messages.DECLARE_PERMISSIONS.format(
        boxes=access_messages.TICKED_BOXES, names=",".join(in_order(permissions))
    )


def allows(needs: Permissions, key_status: KeyStatus) -> bool:
    """Whether the key is known to have these permissions, and nothing else blocks its use."""
    if key_status.trouble is not None and not (key_status.lacks_workspace and not needs):
        return False
    return needs <= _effective(key_status)


def may_come(needs: Permissions, key_status: KeyStatus) -> bool:
    """Whether one of our own tools should be listed: it is allowed, or its permissions are still unknown.

    Some clients fetch the list only once, so tools are listed while Uru may still report a permission. Calling them is
    refused until it does.
    """
    if key_status.is_refused:
        return False
    if key_status.grant is None:
        return True
    is_open = key_status.grant.is_pending or key_status.lacks_workspace
    return needs <= key_status.grant.effective | (key_status.grant.unknown if is_open else NOTHING)


def is_granted(needs: Permissions, key_status: KeyStatus) -> bool:
    """Whether one of Uru's tools should be listed: the key has its permissions, even if something else blocks calls."""
    return not key_status.is_refused and needs <= _effective(key_status)


def _effective(key_status: KeyStatus) -> Permissions:
    return key_status.grant.effective if key_status.grant is not None else NOTHING


def require(what: str, needs: Permissions, key_status: KeyStatus) -> None:
    """Check `allows`, and raise the reason if it is false.

    Raises:
        PermissionMissing: The key lacks a permission, or its permissions are unknown. Names all that are missing.
        UruError: `key_status.trouble`, if there is any.
    """
    if allows(needs, key_status):
        return
    if key_status.trouble is not None:
        raise key_status.trouble.with_traceback(None)
    raise _missing(what, needs, key_status.grant or Grant())


def require_chosen(tool: Named, rules: UserRules) -> None:
    """Let through what neither the administrator nor the user has taken away.

    Raises:
        Refused: The policy or `URU_TOOLS` takes it away (`forbidden`), whatever the key may.
    """
    if rules.chosen.are_closed_by_policy(tool):
        message = policy_messages.NOT_ALLOWED.format(id=tool.id)
        fix = policy_messages.NOT_THE_USER_S
        raise Refused(message, fix=fix, code="forbidden", tool=tool.id, setting="policy")
    if not rules.chosen.fit(tool):
        message = access_messages.TAKEN_AWAY.format(id=tool.id)
        raise Refused(message, fix=access_messages.USER_S_CHOICE, code="forbidden", tool=tool.id, setting="URU_TOOLS")


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
    if grant.allowed != EVERYTHING:
        details["policy"] = in_order(grant.allowed)
    if unknown == missing:
        return unknown_permissions(access_messages.NEEDS.format(what=what, needs=in_words(needs)), grant, **details)
    known_missing = missing - unknown
    return PermissionMissing(
        access_messages.NEEDS_WITH_MISSING.format(
            what=what, needs=in_words(needs), grant=_has(grant, known_missing), known_missing=in_words(known_missing)
        ),
        fix=remedy(known_missing, grant),
        **details,
    )


def unknown_permissions(what: str, grant: Grant, **details: Any) -> PermissionMissing:
    """The error for permissions that neither Uru nor the user has stated. `what` is a sentence, or empty."""
    known = {permission: grant.known(permission).answer for permission in grant.allowed}
    has, lacks = ([one for one in known if known[one] == answer] for answer in ("yes", "no"))
    said = access_messages.KNOWN_TO_HAVE.format(has=in_words(has)) if has else ""
    said += access_messages.KNOWN_TO_LACK.format(lacks=in_words(lacks)) if lacks else ""
    return PermissionMissing(
        access_messages.PERMISSIONS_NOT_TOLD.format(
            what=what, unknown=in_words(grant.unknown).replace(" and ", " or "), said=said
        ).strip(),
        fix=declare(grant.allowed - frozenset(lacks)),
        code="permissions_unknown",
        **details,
    )


def _has(grant: Grant, missing: Permissions) -> str:
    if missing & EVERYTHING - grant.allowed:
        return policy_messages.ALLOWS_ONLY.format(allowed=in_words(grant.allowed))
    if grant.refused:
        return access_messages.REFUSED_JUST_NOW.format(refused=in_words(grant.refused))
    if grant.told is None or grant.is_outdated:
        return access_messages.DECLARED_TO_HAVE.format(declared=in_words(grant.declared or grant.effective))
    if grant.told <= grant.effective:
        return report_messages.HAS.format(told=in_words(grant.told))
    return access_messages.HAS_BUT_ALLOWS.format(told=in_words(grant.told), effective=in_words(grant.effective))


def lacked(grant: Grant | None) -> Permissions:
    """The permissions that the key is known to lack; one that may yet be told is none of them."""
    return EVERYTHING - grant.effective - grant.unknown if grant is not None else NOTHING


def remedies(missing: Permissions, grant: Grant) -> str:
    """The same as `remedy` for each permission that the user can give by itself, since a task may need one alone."""
    by_policy = missing - grant.allowed
    kinds = [by_policy, *(frozenset({one}) for one in Permission if one in missing - by_policy)]
    return access_messages.remedies([remedy(one, grant) for one in kinds if one])


def remedy(missing: Permissions, grant: Grant) -> str:
    """The fix for permissions that the key is known to lack."""
    by_policy = missing - grant.allowed
    if by_policy:
        told = policy_messages.ADMINISTRATOR_ALLOWS.format(missing=in_words(by_policy))
        return f"{told} {remedy(missing - by_policy, grant)}" if missing - by_policy else told
    by_ceiling = frozenset(one for one in missing if grant.known(one).how in ("ceiling", "declared"))
    if by_ceiling == missing:
        return access_messages.ADD_TO_CEILING.format(missing=",".join(in_order(missing)))
    key = access_messages.GIVE_THE_KEY.format(missing=in_words(missing), keys_page=KEYS_PAGE)
    return access_messages.CEILING_TOO.format(key=key, by_ceiling=in_words(by_ceiling)) if by_ceiling else key
