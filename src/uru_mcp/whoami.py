"""What `uru_whoami` answers: how the key stands, what it may do, and how to mend what is wrong.

It always answers, from what is known now, and it shows no more of the key than its last four characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from uru_mcp import messages
from uru_mcp.answers import KEYS_PAGE
from uru_mcp.catalog import Catalog
from uru_mcp.errors import PermissionMissing, SettingsError, UruError
from uru_mcp.gate import allows, remedy, unknown_permissions
from uru_mcp.key_source import Exposure, KeySource
from uru_mcp.key_status import Standing
from uru_mcp.permissions import EVERYTHING, NOTHING, Grant, Permission, in_order, in_words
from uru_mcp.quoting import quoted
from uru_mcp.records import KINDS, Kind
from uru_mcp.shelves import tool_for
from uru_mcp.unlisted import REASON
from uru_mcp.user_choices import pattern_problems, user_choices, why_not_offered
from uru_mcp.whoami_text import lines

APPS_SHOWN = 6  # of each missing permission, those with the most tools
OLD_KEY_DAYS = 90
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENDS_SOON_DAYS = 14
TITLE_CHARS = 60
UNLISTED = messages.FOUND_BY_SEARCH.format(reason=REASON)
CONTRADICTION = messages.KEY_RECORD_CONTRADICTS


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the report is made of.

    `catalog_trouble` is why the tools could not be loaded, and `records_failed` why records of a kind could not be
    listed when that was last tried. `source` is where the key comes from, and `exposure` who else can get at it there.
    `unseen_removed` is how many characters that nobody sees were removed from texts so far.
    """

    standing: Standing
    catalog: Catalog
    catalog_trouble: UruError | None
    records_failed: Mapping[Kind, UruError]
    base_url: str | None
    last4: str | None
    now: datetime
    ignored_variables: tuple[str, ...] = ()
    source: KeySource | None = None
    exposure: Exposure | None = None
    unseen_removed: int = 0


def report(facts: Facts) -> tuple[dict[str, Any], str]:
    """The report as a structure and as text.

    `{"state": "ready", "key": {…}, "workspace": {…}, "permissions": {…}, "tools": {…}, "resources": {…},
    "base_url": …, "problems": […], "warnings": […], "ignored_variables": [], "unseen_removed": 0}`
    """
    structure = {
        "state": facts.standing.state,
        "key": _key(facts),
        "workspace": _workspace(facts.standing),
        "permissions": _permissions(facts.standing.grant),
        "tools": _tools(facts),
        "resources": _resources(facts),
        **user_choices(facts.catalog.rules),
        "base_url": facts.base_url,
        "problems": list(_problems(facts)),
        "warnings": list(_warnings(facts)),
        "ignored_variables": list(facts.ignored_variables),
        "unseen_removed": facts.unseen_removed,
    }
    return structure, "\n".join(lines(structure))


def _key(facts: Facts) -> dict[str, Any]:
    record = facts.standing.record
    created = record.created_at if record else None
    expires = record.expires_at if record else None
    return {
        "name": record.name if record else None,
        "last4": facts.last4,
        "source": facts.source.name if facts.source else None,
        "age_days": max(0, (facts.now - created).days) if created else None,
        "expires_at": expires.isoformat() if expires else None,
    }


def _workspace(standing: Standing) -> dict[str, Any] | None:
    workspace = standing.workspace
    return None if workspace is None else {"id": workspace.id, "name": workspace.name}


def _permissions(grant: Grant | None) -> dict[str, Any]:
    """`{"read": {"answer": "yes", "how": "told"}, …, "effective": ["read"], "granted": ["read"], "ceiling": null}`"""
    grant = grant or Grant()
    return {
        **{permission.value: grant.known(permission)._asdict() for permission in Permission},
        "effective": in_order(grant.effective),
        "granted": None if grant.told is None else in_order(grant.told),
        "ceiling": None if grant.declared is None else in_order(grant.declared),
    }


def _tools(facts: Facts) -> dict[str, Any]:
    counts = facts.catalog.needs.items()
    blocked = sum(count for needs, count in counts if not allows(needs, facts.standing))
    taken_away = len(facts.catalog.taken_away)
    grant = facts.standing.grant
    lacking = EVERYTHING - grant.effective if grant is not None else NOTHING  # otherwise the problem says what blocks
    missing = [found for one in Permission if one in lacking and (found := _missing(one, facts))["tools"]]
    return {
        "allowed": sum(facts.catalog.needs.values()) - blocked,
        "blocked": blocked,
        "left_out": len(facts.catalog.left_out),
        "unlisted": len(facts.catalog.unlisted),
        "unlisted_reason": UNLISTED if facts.catalog.unlisted else None,
        **({"taken_away_by_user": taken_away} if facts.catalog.rules.chosen.patterns else {}),
        "source": facts.catalog.source,
        "missing": missing,
        "fix": _remedies(missing, grant),
    }


def _remedies(missing: list[dict[str, Any]], grant: Grant | None) -> str | None:
    """What a refusal would say to do, for each permission that the key is known to lack: a task may need one alone."""
    lacking = [Permission(one["permission"]) for one in missing]
    fixes = [remedy(frozenset({one}), grant) for one in lacking if grant is not None and one not in grant.unknown]
    return messages.remedies(fixes) if fixes else None


def _missing(permission: Permission, facts: Facts) -> dict[str, Any]:
    """`{"permission": "execute", "tools": 547, "apps": {"Gmail": 28, …}, "more_apps": 12}`

    The apps are those with the most tools, and `more_apps` is how many others there are, if any.
    """
    catalog = facts.catalog
    apps: Counter[str] = Counter()
    for namespace in catalog.namespaces:
        needing = sum(count for needs, count in catalog.needs_in(namespace).items() if permission in needs)
        if needing:
            apps[quoted(namespace.title, TITLE_CHARS)] += needing
    return {
        "permission": permission.value,
        "tools": apps.total(),
        "apps": dict(apps.most_common(APPS_SHOWN)),
        **({"more_apps": len(apps) - APPS_SHOWN} if len(apps) > APPS_SHOWN else {}),
    }


def _resources(facts: Facts) -> dict[str, Any]:
    """Which kinds of records there are, and why the others are not; nothing of either before the tools are loaded."""
    if facts.catalog.source == "nobody":
        return {"kinds": [], "not_offered": []}
    lacking = [kind for kind in KINDS if tool_for(kind, facts.catalog) is None]
    return {
        "kinds": [kind.collection for kind in KINDS if kind not in lacking],
        "not_offered": [{"kind": kind.collection, "why": why_not_offered(kind, facts.catalog)} for kind in lacking],
    }


def _problems(facts: Facts) -> Iterator[dict[str, Any]]:
    standing = facts.standing
    if isinstance(standing.trouble, SettingsError):
        yield from map(_problem, standing.trouble.problems)
    elif standing.trouble is not None:
        yield _problem(standing.trouble)
    elif standing.grant is not None and standing.grant.unknown:
        yield _problem(unknown_permissions("", standing.grant))
    elif standing.grant is not None and standing.grant.is_outdated:
        yield _problem(outdated_grant())
    if standing.contradiction is not None:
        yield {**_problem(standing.contradiction), "message": f"{CONTRADICTION} {standing.contradiction.message}"}
    if standing.doubt is not None:
        yield {
            **_problem(standing.doubt),
            "message": messages.LAST_GRANT_IS_USED.format(message=standing.doubt.message),
        }
    if facts.catalog_trouble is not None and (standing.trouble is None or standing.lacks_workspace):
        yield {**_problem(facts.catalog_trouble), "message": f"{_outdated(facts)} {facts.catalog_trouble.message}"}
    for namespace, error in facts.catalog.failed:
        told_at = facts.catalog.told_at.get(namespace.name)
        older = "" if told_at is None else messages.THOSE_ARE_USED.format(told_at=_moment(told_at, facts.now))
        message = messages.TOOLS_OF_NAMESPACE_NOT_LOADED.format(
            title=namespace.title, older=older, message=error.message
        )
        yield {**_problem(error), "message": message}
    yield from pattern_problems(facts.catalog)
    for kind, error in facts.records_failed.items():
        yield {
            **_problem(error),
            "message": messages.KIND_NOT_LISTED.format(collection=kind.collection, message=error.message),
        }


def outdated_grant() -> PermissionMissing:
    """What is wrong when Uru told what the key may do, and tells it no more."""
    message = messages.NOT_TOLD_AGAIN
    fix = messages.DECLARED_AS_FAR_AS_TOLD
    return PermissionMissing(message, fix=fix, code="permissions_unknown")


def _outdated(facts: Facts) -> str:
    """What there is while the tools cannot be loaded."""
    told_at = min(facts.catalog.told_at.values(), default=None)
    if told_at is None:
        return messages.TOOLS_NOT_LOADED
    since = messages.TOOLS_ARE_THOSE_OF.format(told_at=_moment(told_at, facts.now))
    if facts.catalog.source == "disk":
        return messages.KEPT_ON_THIS_MACHINE.format(since=since)
    return messages.NOT_LOADED_AGAIN.format(since=since)


def _moment(moment: datetime, now: datetime) -> str:
    """A time and how long ago it was: `2026-11-20 09:00 UTC (3 days ago)`."""
    age = now - moment
    units = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))
    count, unit = next(((age // length, unit) for length, unit in units if age >= length), (0, ""))
    ago = f"{count} {unit}{'s' if count > 1 else ''} ago" if count else "just now"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({ago})"


def _problem(error: UruError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "fix": error.fix}


def _warnings(facts: Facts) -> Iterator[dict[str, str]]:
    if facts.exposure is not None:
        yield {"message": facts.exposure.message, "fix": facts.exposure.fix}
    if facts.source is not None:
        steps = messages.STEPS_TO_ROTATE.format(keys_page=KEYS_PAGE, steps=facts.source.steps)
        for message in _reasons_to_rotate(facts):
            yield {"message": message, "fix": messages.ROTATE.format(steps=steps)}
    yield from _grant_warnings(facts.standing.grant or Grant())


def _grant_warnings(grant: Grant) -> Iterator[dict[str, str]]:
    useless = frozenset(one for one in Permission if grant.known(one).how == "ceiling")
    if useless:
        yield {
            "message": messages.CEILING_TAKES_AWAY.format(useless=in_words(useless)),
            "fix": messages.NARROWER_KEY.format(effective=in_words(grant.effective)),
        }
    if grant.refused:
        yield {
            "message": messages.LACKS_BY_REFUSAL.format(refused=in_words(grant.refused)),
            "fix": messages.GIVE_AND_TRY_AGAIN.format(keys_page=KEYS_PAGE),
        }
    if grant.unknown_names:
        yield {
            "message": messages.UNKNOWN_PERMISSIONS.format(unknown_names=", ".join(grant.unknown_names)),
            "fix": messages.UPDATE_IF_NEEDED,
        }


def _reasons_to_rotate(facts: Facts) -> Iterator[str]:
    age = _key(facts)["age_days"]
    if age is not None and age >= OLD_KEY_DAYS:
        yield messages.KEY_IS_OLD.format(age=age, old_key_days=OLD_KEY_DAYS)
    record = facts.standing.record
    if record is None or record.expires_at is None:
        return
    left = (record.expires_at - facts.now).days
    if left < 0:
        yield messages.EXPIRED_BY_CLOCK.format(expires_at=record.expires_at)
    if 0 <= left < ENDS_SOON_DAYS:
        when = {0: messages.IN_LESS_THAN_A_DAY, 1: "tomorrow"}.get(left, messages.IN_DAYS.format(left=left))
        yield messages.EXPIRES_SOON.format(when=when, expires_at=record.expires_at)
