"""Formats the report of `uru_whoami` as text: at most thirty lines for any workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uru_mcp.config.managed_policy import limits_in_words
from uru_mcp.messages import policy_messages, report_messages
from uru_mcp.untrusted_input.quoting import quoted

ID_CHARS = 80
SHOWN = {"Problem": 4, "Warning": 3}  # shown of each kind, two lines per item
HOW = {
    "told": report_messages.AS_TOLD,
    "declared": report_messages.AS_DECLARED,
    "seen": report_messages.AS_SEEN,
    "refused": report_messages.AS_REFUSED,
    "ceiling": report_messages.CUT_BY_CEILING,
    "policy": policy_messages.CUT_BY_POLICY,
    None: report_messages.NOT_SAID,
}


def lines(structure: dict[str, Any]) -> Iterator[str]:
    yield f"State: {structure['state']}"
    yield from _remedies("Problem", structure["problems"])
    yield _key_line(structure["key"], structure["state"])
    workspace = structure["workspace"]
    yield (
        report_messages.WORKSPACE_LINE.format(
            name=workspace["name"] or "unnamed", id=quoted(workspace["id"] or "no id", ID_CHARS)
        )
        if workspace
        else report_messages.WORKSPACE_NOT_KNOWN
    )
    yield f"Permissions: {permissions_in_words(structure['permissions'])}"
    yield from _tools_lines(structure["tools"])
    yield from _resources_line(structure["resources"])
    if choices := structure.get("user_choices"):
        yield "The user's own settings: " + "; ".join(f"{name}={value}" for name, value in choices.items())
    if policy := structure.get("policy"):
        yield policy_messages.LIMITED_BY.format(file=policy["file"], limits=limits_in_words(policy["limits"]))
    yield f"Service: {structure['base_url'] or 'not known'}"
    if (telemetry := structure.get("telemetry")) and telemetry["signals"]:
        signals, collectors = " and ".join(telemetry["signals"]), " and ".join(telemetry["collectors"])
        yield report_messages.TELEMETRY_IS_SENT.format(signals=signals, collectors=collectors)
    yield from _remedies("Warning", structure["warnings"])
    if structure["ignored_variables"]:
        yield report_messages.IGNORED_VARIABLES.format(ignored_variables=", ".join(structure["ignored_variables"]))
    if count := structure["unseen_removed"]:
        yield report_messages.REMOVED_CHARACTERS.format(count=count)


def _remedies(kind: str, items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items[: SHOWN[kind]]:
        yield f"{kind}: {item['message']}"
        yield f"  Fix: {item['fix']}"
    if len(items) > SHOWN[kind]:
        yield report_messages.AND_MORE_OF_THEM.format(items=len(items) - SHOWN[kind])


def _key_line(key: dict[str, Any], state: str) -> str:
    if key["last4"] is None and key["source"] and state == "not_configured":
        return report_messages.KEY_NOT_READ.format(source=key["source"])
    if key["last4"] is None:
        return report_messages.NO_USABLE_KEY
    name = f"“{key['name']}”, " if key["name"] else ""
    age = "" if key["age_days"] is None else report_messages.DAYS_OLD.format(age_days=key["age_days"])
    expires = report_messages.EXPIRES.format(expires_at=key["expires_at"]) if key["expires_at"] else ""
    source = report_messages.FROM_SOURCE.format(source=key["source"]) if key["source"] else ""
    return report_messages.KEY_LINE.format(name=name, last4=key["last4"], age=age, expires=expires, source=source)


def permissions_in_words(permissions: dict[str, Any]) -> str:
    """The report's `permissions` on one line: yes, no or unknown for each, and how that is known."""
    if "why_unknown" in permissions:
        return str(permissions["why_unknown"])
    said = []
    for name in ("read", "write", "execute"):
        answer, how = permissions[name]["answer"], permissions[name]["how"]
        said.append(f"{name.capitalize()} {answer} ({HOW[how]})")
    return ", ".join(said)


def _tools_lines(tools: dict[str, Any]) -> Iterator[str]:
    left_out = report_messages.SOME_LEFT_OUT.format(left_out=tools["left_out"]) if tools["left_out"] else ""
    named = report_messages.BLOCKED_NAMED if tools["missing"] else ""
    yield report_messages.TOOLS_COUNTED.format(
        allowed=tools["allowed"], blocked=tools["blocked"], named=named, left_out=left_out
    )
    if tools["unlisted"]:
        yield report_messages.NOT_LISTED_SINGLY.format(
            unlisted=tools["unlisted"], unlisted_reason=tools["unlisted_reason"]
        )
    if tools.get("taken_away_by_user"):
        yield report_messages.TAKEN_AWAY_COUNTED.format(count=tools["taken_away_by_user"])
    if tools.get("taken_away_by_policy"):
        yield policy_messages.NOT_ALLOWED_COUNTED.format(count=tools["taken_away_by_policy"])
    for missing in tools["missing"]:
        yield report_messages.PERMISSION_IS_MISSING.format(
            permission=missing["permission"].capitalize(), tools=missing["tools"], missing=_apps(missing)
        )
    if tools["fix"]:
        yield f"  Fix: {tools['fix']}"


def _apps(missing: dict[str, Any]) -> str:
    shown = ", ".join(f"{app} {count}" for app, count in missing["apps"].items())
    if not missing.get("more_apps"):
        return shown
    others, more = missing["tools"] - sum(missing["apps"].values()), missing["more_apps"]
    return report_messages.AMONG_THEM.format(shown=shown, others=others, more=more, plural="s" if more > 1 else "")


def _resources_line(resources: dict[str, Any]) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for one in resources["not_offered"]:
        kinds.setdefault(one["why"], []).append(one["kind"])
    if kinds:
        yield "Not offered: " + "; ".join(
            report_messages.SINCE.format(kind=", ".join(named), why=why) for why, named in kinds.items()
        )
