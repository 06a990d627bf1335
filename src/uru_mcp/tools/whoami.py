"""The report of `uru_whoami`: the key's status and permissions, and a fix for every problem.

It uses only what is already known, so it always answers. It shows at most the last four characters of the key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from uru_mcp.access.gate import allows, lacked, remedies, unknown_permissions
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.schemas.unlistable_tools import REASON
from uru_mcp.catalog.user_choices import administrator_s, pattern_problems, user_choices, why_not_offered
from uru_mcp.config.managed_policy import ManagedPolicy
from uru_mcp.config.otel_variables import TelemetryStatus
from uru_mcp.credentials.key_sources import Exposure, KeySource
from uru_mcp.errors import PermissionMissing, SettingsError, UruError
from uru_mcp.messages import report_messages
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.messages.rewording import reworded
from uru_mcp.permissions import EVERYTHING, NOTHING, Grant, Permission
from uru_mcp.resources.record_cache import tool_for
from uru_mcp.tools.whoami_permissions import grant_warnings, permissions_of
from uru_mcp.tools.whoami_text import lines
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.records import KINDS, Kind

APPS_SHOWN = 6  # for each missing permission, those with the most tools
OLD_KEY_DAYS = 90
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENDS_SOON_DAYS = 14
TITLE_CHARS = 60
UNLISTED = report_messages.FOUND_BY_SEARCH.format(reason=REASON)
CONTRADICTION = report_messages.KEY_RECORD_CONTRADICTS


class Facts(NamedTuple):
    """The input of the report.

    `catalog_trouble` is why the tools could not be loaded. `records_failed` is why records of a kind could not be
    listed at the last attempt. `source` is where the key comes from, and `exposure` who else can access it there.
    `unseen_removed` is the number of invisible characters removed from texts so far. `audit_trouble` is why calls are
    not recorded, or refused if it `audit_blocks`, and `audit_exposure` who else can access the audit log. `wording`
    names the settings, and `policy` is the administrator's.
    """

    key_status: KeyStatus
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
    audit_trouble: UruError | None = None
    audit_blocks: bool = False
    audit_exposure: Exposure | None = None
    telemetry: TelemetryStatus = TelemetryStatus()
    wording: Callable[[str], str] = str
    policy: ManagedPolicy | None = None


def report(facts: Facts) -> tuple[dict[str, Any], str]:
    """The report as a structure and as text.

    `{"state": "ready", "key": {…}, "workspace": {…}, "permissions": {…}, "tools": {…}, "resources": {…},
    "base_url": …, "problems": […], "warnings": […], "ignored_variables": [], "unseen_removed": 0}`
    """
    structure = {
        "state": _state(facts),
        "key": _key(facts),
        "workspace": _workspace(facts.key_status),
        "permissions": permissions_of(facts.key_status),
        "tools": _tools(facts),
        "resources": _resources(facts),
        **user_choices(facts.catalog),
        **administrator_s(facts.policy),
        "base_url": facts.base_url,
        "problems": list(_problems(facts)),
        "warnings": list(_warnings(facts)),
        "ignored_variables": list(facts.ignored_variables),
        "unseen_removed": facts.unseen_removed,
        **facts.telemetry.member,
    }
    return reworded(structure, facts.wording), "\n".join(map(facts.wording, lines(structure)))


def _state(facts: Facts) -> str:
    """`ready`, or the code of the error that prevents calls."""
    if facts.audit_blocks and facts.audit_trouble is not None and facts.key_status.state == "ready":
        return facts.audit_trouble.code
    return facts.key_status.state


def _key(facts: Facts) -> dict[str, Any]:
    record = facts.key_status.record
    created = record.created_at if record else None
    expires = record.expires_at if record else None
    last4, source = facts.last4, facts.source.name if facts.source else None
    if isinstance(facts.key_status.trouble, SettingsError):  # there may be nothing wrong with the key
        last4, source = facts.key_status.trouble.last4, facts.key_status.trouble.key_source
    return {
        "name": record.name if record else None,
        "last4": last4,
        "source": source,
        "age_days": max(0, (facts.now - created).days) if created else None,
        "expires_at": expires.isoformat() if expires else None,
    }


def _workspace(key_status: KeyStatus) -> dict[str, Any] | None:
    workspace = key_status.workspace
    return None if workspace is None else {"id": workspace.id, "name": workspace.name}


def _tools(facts: Facts) -> dict[str, Any]:
    counts = facts.catalog.needs.items()
    blocked = sum(count for needs, count in counts if not allows(needs, facts.key_status))
    chosen, gone = facts.catalog.rules.chosen, facts.catalog.taken_away.values()
    by_policy = sum(map(chosen.are_closed_by_policy, gone))
    grant = facts.key_status.grant
    lacking = EVERYTHING - grant.effective if grant is not None else NOTHING  # without a grant, `problems` says why
    missing = [found for one in Permission if one in lacking and (found := _missing(one, facts))["tools"]]
    return {
        "allowed": sum(facts.catalog.needs.values()) - blocked,
        "blocked": blocked,
        "left_out": len(facts.catalog.left_out),
        "unlisted": len(facts.catalog.unlisted),
        "unlisted_reason": UNLISTED if facts.catalog.unlisted else None,
        **({"taken_away_by_user": len(gone) - by_policy} if chosen.patterns else {}),
        **({"taken_away_by_policy": by_policy} if by_policy else {}),
        "source": facts.catalog.source,
        "missing": missing,
        "fix": _remedies(missing, grant),
    }


def _remedies(missing: list[dict[str, Any]], grant: Grant | None) -> str | None:
    """The fix for each permission that the key is known to lack, one by one, since a task may need only one of them."""
    lacking = frozenset(Permission(one["permission"]) for one in missing) & lacked(grant)
    return remedies(lacking, grant) if lacking and grant is not None else None


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
    """The kinds of records that are offered, and why others are not.

    Both are empty until the catalog of a workspace is loaded.
    """
    if facts.catalog.source == "nobody" or facts.key_status.lacks_workspace:
        return {"kinds": [], "not_offered": []}
    lacking = [kind for kind in KINDS if tool_for(kind, facts.catalog) is None]
    return {
        "kinds": [kind.collection for kind in KINDS if kind not in lacking],
        "not_offered": [{"kind": kind.collection, "why": why_not_offered(kind, facts.catalog)} for kind in lacking],
    }


def _problems(facts: Facts) -> Iterator[dict[str, Any]]:
    key_status = facts.key_status
    if isinstance(key_status.trouble, SettingsError):
        yield from map(_problem, key_status.trouble.problems)
    elif key_status.trouble is not None:
        yield _problem(key_status.trouble)
    elif key_status.grant is not None and key_status.grant.unknown:
        yield _problem(unknown_permissions("", key_status.grant))
    elif key_status.grant is not None and key_status.grant.is_outdated:
        yield _problem(outdated_grant())
    if facts.audit_trouble is not None:
        yield _problem(facts.audit_trouble)
    if key_status.contradiction is not None:
        yield {**_problem(key_status.contradiction), "message": f"{CONTRADICTION} {key_status.contradiction.message}"}
    if key_status.refresh_error is not None:
        yield {
            **_problem(key_status.refresh_error),
            "message": report_messages.LAST_GRANT_IS_USED.format(message=key_status.refresh_error.message),
        }
    if facts.catalog_trouble is not None and (key_status.trouble is None or key_status.lacks_workspace):
        yield {**_problem(facts.catalog_trouble), "message": f"{_outdated(facts)} {facts.catalog_trouble.message}"}
    for namespace, error in facts.catalog.failed:
        told_at = facts.catalog.told_at.get(namespace.name)
        older = "" if told_at is None else report_messages.THOSE_ARE_USED.format(told_at=_moment(told_at, facts.now))
        message = report_messages.TOOLS_OF_NAMESPACE_NOT_LOADED.format(
            title=namespace.title, older=older, message=error.message
        )
        yield {**_problem(error), "message": message}
    yield from pattern_problems(facts.catalog)
    for kind, error in facts.records_failed.items():
        yield {
            **_problem(error),
            "message": report_messages.KIND_NOT_LISTED.format(collection=kind.collection, message=error.message),
        }


def outdated_grant() -> PermissionMissing:
    """The problem that Uru has reported the key's permissions before, but no longer does."""
    message = report_messages.NOT_TOLD_AGAIN
    fix = report_messages.DECLARED_AS_FAR_AS_TOLD
    return PermissionMissing(message, fix=fix, code="permissions_unknown")


def _outdated(facts: Facts) -> str:
    """Which catalog is used while the tools cannot be loaded."""
    told_at = min(facts.catalog.told_at.values(), default=None)
    if told_at is None:
        return report_messages.TOOLS_NOT_LOADED
    since = report_messages.TOOLS_ARE_THOSE_OF.format(told_at=_moment(told_at, facts.now))
    if facts.catalog.source == "disk":
        return report_messages.KEPT_ON_THIS_MACHINE.format(since=since)
    return report_messages.NOT_LOADED_AGAIN.format(since=since)


def _moment(moment: datetime, now: datetime) -> str:
    """A time and its age: `2026-11-20 09:00 UTC (3 days ago)`."""
    age = now - moment
    units = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))
    count, unit = next(((age // length, unit) for length, unit in units if age >= length), (0, ""))
    ago = f"{count} {unit}{'s' if count > 1 else ''} ago" if count else "just now"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({ago})"


def _problem(error: UruError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "fix": error.fix}


def _warnings(facts: Facts) -> Iterator[dict[str, str]]:
    for exposure in (facts.exposure, facts.audit_exposure):
        if exposure is not None:
            yield {"message": exposure.message, "fix": exposure.fix}
    if facts.source is not None:
        steps = report_messages.STEPS_TO_ROTATE.format(keys_page=KEYS_PAGE, steps=facts.source.steps)
        for message in _reasons_to_rotate(facts):
            yield {"message": message, "fix": report_messages.ROTATE.format(steps=steps)}
    yield from grant_warnings(facts.key_status.grant or Grant())
    yield from ({"message": one.message, "fix": one.fix} for one in facts.telemetry.problems)


def _reasons_to_rotate(facts: Facts) -> Iterator[str]:
    age = _key(facts)["age_days"]
    if age is not None and age >= OLD_KEY_DAYS:
        yield report_messages.KEY_IS_OLD.format(age=age, old_key_days=OLD_KEY_DAYS)
    record = facts.key_status.record
    if record is None or record.expires_at is None:
        return
    left = (record.expires_at - facts.now).days
    if left < 0:
        yield report_messages.EXPIRED_BY_CLOCK.format(expires_at=record.expires_at)
    if 0 <= left < ENDS_SOON_DAYS:
        when = {0: report_messages.IN_LESS_THAN_A_DAY, 1: "tomorrow"}.get(
            left, report_messages.IN_DAYS.format(left=left)
        )
        yield report_messages.EXPIRES_SOON.format(when=when, expires_at=record.expires_at)
