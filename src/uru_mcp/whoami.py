"""What `uru_whoami` answers: how the key stands, what it may do, and how to mend what is wrong.

It always answers, from what is known now, and it shows no more of the key than its last four characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from uru_mcp.answers import KEYS_PAGE
from uru_mcp.catalog import Catalog, Tool
from uru_mcp.errors import PermissionMissing, SettingsError, UruError
from uru_mcp.gate import DECLARE, allows
from uru_mcp.identity import Standing
from uru_mcp.key_source import Exposure, KeySource
from uru_mcp.permissions import Grant, in_order, in_words
from uru_mcp.records import Kind

BLOCKED_SHOWN = 50
OLD_KEY_DAYS = 90
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENDS_SOON_DAYS = 14


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
    source: KeySource | None = None
    exposure: Exposure | None = None
    unseen_removed: int = 0


def report(facts: Facts) -> tuple[dict[str, Any], str]:
    """The report as a structure and as text.

    `{"state": "ready", "key": {…}, "workspace": {…}, "permissions": {…}, "tools": {…}, "base_url": …, "problems": […],
    "warnings": […], "unseen_removed": 0}`
    """
    structure = {
        "state": facts.standing.state,
        "key": _key(facts),
        "workspace": _workspace(facts.standing),
        "permissions": _permissions(facts.standing.grant),
        "tools": _tools(facts),
        "base_url": facts.base_url,
        "problems": list(_problems(facts)),
        "warnings": list(_warnings(facts)),
        "unseen_removed": facts.unseen_removed,
    }
    return structure, "\n".join(_lines(structure))


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
    if grant is None:
        return {"granted": None, "ceiling": None, "effective": [], "known_from": "unknown"}
    return {
        "granted": None if grant.granted is None else in_order(grant.granted),
        "ceiling": None if grant.ceiling is None else in_order(grant.ceiling),
        "effective": in_order(grant.effective),
        "known_from": grant.source,
    }


def _tools(facts: Facts) -> dict[str, Any]:
    tools = facts.catalog.tools
    blocked = {needs: count for needs, count in facts.catalog.needs.items() if not allows(needs, facts.standing)}
    one_by_one = facts.standing.grant is not None  # otherwise what blocks them is the problem, and no permission
    shown = (tool for tool in tools.values() if tool.needs in blocked) if blocked and one_by_one else ()
    return {
        "allowed": len(tools) - sum(blocked.values()),
        "blocked": sum(blocked.values()),
        "left_out": len(facts.catalog.left_out),
        "source": facts.catalog.source,
        "blocked_tools": [_blocked(tool, facts.standing) for tool in islice(shown, BLOCKED_SHOWN)],
    }


def _blocked(tool: Tool, standing: Standing) -> dict[str, Any]:
    effective = (standing.grant or Grant(None, None)).effective
    return {"tool": tool.id, "missing": in_order(tool.needs - effective)}


def _problems(facts: Facts) -> Iterator[dict[str, Any]]:
    standing = facts.standing
    if isinstance(standing.trouble, SettingsError):
        yield from map(_problem, standing.trouble.problems)
    elif standing.trouble is not None:
        yield _problem(standing.trouble)
    elif standing.state == "permissions_unknown":
        yield _problem(nobody_tells())
    if standing.doubt is not None:
        yield {**_problem(standing.doubt), "message": f"The last known grant is used. {standing.doubt.message}"}
    if facts.catalog_trouble is not None and (standing.trouble is None or standing.lacks_workspace):
        yield {**_problem(facts.catalog_trouble), "message": f"{_outdated(facts)} {facts.catalog_trouble.message}"}
    for namespace, error in facts.catalog.failed:
        told_at = facts.catalog.told_at.get(namespace.name)
        older = "" if told_at is None else f"; those of {_moment(told_at, facts.now)} are used"
        message = f"The tools of “{namespace.title}” could not be loaded{older}. {error.message}"
        yield {**_problem(error), "message": message}
    for kind, error in facts.records_failed.items():
        yield {**_problem(error), "message": f"The {kind.collection} could not be listed. {error.message}"}


def nobody_tells() -> PermissionMissing:
    """What is wrong when the permissions of a key are not known at all."""
    message = "This Uru does not tell what the key may do, and URU_PERMISSIONS is not set, so nothing is allowed."
    return PermissionMissing(message, fix=DECLARE, code="permissions_unknown")


def _outdated(facts: Facts) -> str:
    """What there is while the tools cannot be loaded."""
    told_at = min(facts.catalog.told_at.values(), default=None)
    if told_at is None:
        return "The tools could not be loaded."
    since = f"The tools are those of {_moment(told_at, facts.now)}"
    if facts.catalog.source == "disk":
        return f"{since}, as kept on this machine; Uru cannot be reached for them now."
    return f"{since}; they could not be loaded again."


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
        steps = (
            f"create a new key in {KEYS_PAGE} with the same permissions, {facts.source.steps}, and delete the old key."
        )
        for message in _reasons_to_rotate(facts):
            yield {"message": message, "fix": f"Rotate it: {steps}"}
    grant = facts.standing.grant
    if grant is None:
        return
    if grant.granted is not None and grant.granted - grant.effective:
        useless = grant.granted - grant.effective
        yield {
            "message": f"The key has {in_words(useless)}, which URU_PERMISSIONS makes useless here.",
            "fix": f"Use a key with {in_words(grant.effective)} only, or widen URU_PERMISSIONS.",
        }
    if grant.unknown_names:
        names = ", ".join(grant.unknown_names)
        yield {
            "message": f"Uru grants the key something that uru-mcp does not know and does not use: {names}.",
            "fix": "Update uru-mcp if this permission is needed.",
        }


def _reasons_to_rotate(facts: Facts) -> Iterator[str]:
    age = _key(facts)["age_days"]
    if age is not None and age >= OLD_KEY_DAYS:
        yield f"The key is {age} days old; Uru advises a new one every {OLD_KEY_DAYS} days."
    record = facts.standing.record
    if record is None or record.expires_at is None:
        return
    left = (record.expires_at - facts.now).days
    if 0 <= left < ENDS_SOON_DAYS:
        when = {0: "in less than a day", 1: "tomorrow"}.get(left, f"in {left} days")
        yield f"The key expires {when}, on {record.expires_at:%Y-%m-%d}; after that nothing works with it."


def _lines(structure: dict[str, Any]) -> Iterator[str]:
    yield f"State: {structure['state']}"
    yield from _remedies("Problem", structure["problems"])
    yield _key_line(structure["key"])
    workspace = structure["workspace"]
    yield f"Workspace: {workspace['name'] or 'unnamed'} ({workspace['id']})" if workspace else "Workspace: not known"
    yield f"Permissions: {permissions_in_words(structure['permissions'])}"
    yield from _tools_lines(structure["tools"])
    yield f"Service: {structure['base_url'] or 'not known'}"
    yield from _remedies("Warning", structure["warnings"])
    if count := structure["unseen_removed"]:
        yield f"Removed: {count} characters that nobody sees, from texts of Uru and its apps"


def _remedies(kind: str, items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        yield f"{kind}: {item['message']}"
        yield f"  To mend it: {item['fix']}"


def _key_line(key: dict[str, Any]) -> str:
    if key["last4"] is None:
        return "Key: none that can be used"
    name = f"“{key['name']}”, " if key["name"] else ""
    age = "" if key["age_days"] is None else f", {key['age_days']} days old"
    expires = f", expires {key['expires_at']}" if key["expires_at"] else ""
    source = f", from {key['source']}" if key["source"] else ""
    return f"Key: {name}ending in {key['last4']}{age}{expires}{source}"


def permissions_in_words(permissions: dict[str, Any]) -> str:
    """The report's `permissions` in a line: which, who says so, and what a ceiling takes away."""
    known = {
        "uru": "as Uru says",
        "declared": "as URU_PERMISSIONS declares",
        "none": "nobody says",
        "unknown": "not known now",
    }
    effective = ", ".join(permissions["effective"]) or "none"
    line = f"{effective} ({known[permissions['known_from']]})"
    if permissions["granted"] is not None and permissions["ceiling"] is not None:
        granted, ceiling = (", ".join(permissions[name]) or "none" for name in ("granted", "ceiling"))
        line += f"; the key has {granted}, URU_PERMISSIONS allows {ceiling}"
    return line


def _tools_lines(tools: dict[str, Any]) -> Iterator[str]:
    left_out = f", {tools['left_out']} left out, as uru_search_tools tells" if tools["left_out"] else ""
    yield f"Tools: {tools['allowed']} allowed, {tools['blocked']} blocked{left_out}"
    for tool in tools["blocked_tools"]:
        yield f"  blocked: {tool['tool']}" + (f", lacks {', '.join(tool['missing'])}" if tool["missing"] else "")
    hidden = tools["blocked"] - len(tools["blocked_tools"])
    if tools["blocked_tools"] and hidden:
        yield f"  … and {hidden} more"
