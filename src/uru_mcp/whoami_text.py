"""The report of `uru_whoami` as text: at most thirty lines, whatever the workspace holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uru_mcp import messages
from uru_mcp.quoting import quoted

ID_CHARS = 80
SHOWN = {"Problem": 4, "Warning": 3}  # of each, in two lines
HOW = {
    "told": messages.AS_TOLD,
    "declared": messages.AS_DECLARED,
    "seen": messages.AS_SEEN,
    "refused": messages.AS_REFUSED,
    "ceiling": messages.CUT_BY_CEILING,
    None: messages.NOT_SAID,
}


def lines(structure: dict[str, Any]) -> Iterator[str]:
    yield f"State: {structure['state']}"
    yield from _remedies("Problem", structure["problems"])
    yield _key_line(structure["key"])
    workspace = structure["workspace"]
    yield (
        messages.WORKSPACE_LINE.format(
            name=workspace["name"] or "unnamed", id=quoted(workspace["id"] or "no id", ID_CHARS)
        )
        if workspace
        else messages.WORKSPACE_NOT_KNOWN
    )
    yield f"Permissions: {permissions_in_words(structure['permissions'])}"
    yield from _tools_lines(structure["tools"])
    yield from _resources_line(structure["resources"])
    if choices := structure.get("user_choices"):
        yield "The user's own settings: " + "; ".join(f"{name}={value}" for name, value in choices.items())
    yield f"Service: {structure['base_url'] or 'not known'}"
    yield from _remedies("Warning", structure["warnings"])
    if structure["ignored_variables"]:
        yield messages.IGNORED_VARIABLES.format(ignored_variables=", ".join(structure["ignored_variables"]))
    if count := structure["unseen_removed"]:
        yield messages.REMOVED_CHARACTERS.format(count=count)


def _remedies(kind: str, items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items[: SHOWN[kind]]:
        yield f"{kind}: {item['message']}"
        yield f"  Fix: {item['fix']}"
    if len(items) > SHOWN[kind]:
        yield messages.AND_MORE_OF_THEM.format(items=len(items) - SHOWN[kind])


def _key_line(key: dict[str, Any]) -> str:
    if key["last4"] is None:
        return messages.NO_USABLE_KEY
    name = f"“{key['name']}”, " if key["name"] else ""
    age = "" if key["age_days"] is None else messages.DAYS_OLD.format(age_days=key["age_days"])
    expires = messages.EXPIRES.format(expires_at=key["expires_at"]) if key["expires_at"] else ""
    source = messages.FROM_SOURCE.format(source=key["source"]) if key["source"] else ""
    return messages.KEY_LINE.format(name=name, last4=key["last4"], age=age, expires=expires, source=source)


def permissions_in_words(permissions: dict[str, Any]) -> str:
    """The report's `permissions` in a line: each with yes, no or unknown, and how that is known."""
    said = []
    for name in ("read", "write", "execute"):
        answer, how = permissions[name]["answer"], permissions[name]["how"]
        said.append(f"{name.capitalize()} {answer} ({HOW[how]})")
    return ", ".join(said)


def _tools_lines(tools: dict[str, Any]) -> Iterator[str]:
    left_out = messages.SOME_LEFT_OUT.format(left_out=tools["left_out"]) if tools["left_out"] else ""
    named = messages.BLOCKED_NAMED if tools["missing"] else ""
    yield messages.TOOLS_COUNTED.format(
        allowed=tools["allowed"], blocked=tools["blocked"], named=named, left_out=left_out
    )
    if tools["unlisted"]:
        yield messages.NOT_LISTED_SINGLY.format(unlisted=tools["unlisted"], unlisted_reason=tools["unlisted_reason"])
    if tools.get("taken_away_by_user"):
        yield messages.TAKEN_AWAY_COUNTED.format(count=tools["taken_away_by_user"])
    for missing in tools["missing"]:
        yield messages.PERMISSION_IS_MISSING.format(
            permission=missing["permission"].capitalize(), tools=missing["tools"], missing=_apps(missing)
        )
    if tools["fix"]:
        yield f"  Fix: {tools['fix']}"


def _apps(missing: dict[str, Any]) -> str:
    shown = ", ".join(f"{app} {count}" for app, count in missing["apps"].items())
    if not missing.get("more_apps"):
        return shown
    others, more = missing["tools"] - sum(missing["apps"].values()), missing["more_apps"]
    return messages.AMONG_THEM.format(shown=shown, others=others, more=more, plural="s" if more > 1 else "")


def _resources_line(resources: dict[str, Any]) -> Iterator[str]:
    lacking = resources["not_offered"]
    if lacking:
        yield "Not offered: " + "; ".join(messages.SINCE.format(kind=one["kind"], why=one["why"]) for one in lacking)
