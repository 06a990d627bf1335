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
        f"Workspace: {workspace['name'] or 'unnamed'} ({quoted(workspace['id'] or 'no id', ID_CHARS)})"
        if workspace
        else "Workspace: not known"
    )
    yield f"Permissions: {permissions_in_words(structure['permissions'])}"
    yield from _tools_lines(structure["tools"])
    yield from _resources_line(structure["resources"])
    yield f"Service: {structure['base_url'] or 'not known'}"
    yield from _remedies("Warning", structure["warnings"])
    if structure["ignored_variables"]:
        yield f"Ignored variables: {', '.join(structure['ignored_variables'])}"
    if count := structure["unseen_removed"]:
        yield messages.REMOVED_CHARACTERS.format(count=count)


def _remedies(kind: str, items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items[: SHOWN[kind]]:
        yield f"{kind}: {item['message']}"
        yield f"  Fix: {item['fix']}"
    if len(items) > SHOWN[kind]:
        yield f"… and {len(items) - SHOWN[kind]} more"


def _key_line(key: dict[str, Any]) -> str:
    if key["last4"] is None:
        return messages.NO_USABLE_KEY
    name = f"“{key['name']}”, " if key["name"] else ""
    age = "" if key["age_days"] is None else f", {key['age_days']} days old"
    expires = f", expires {key['expires_at']}" if key["expires_at"] else ""
    source = f", from {key['source']}" if key["source"] else ""
    return f"Key: {name}ending in {key['last4']}{age}{expires}{source}"


def permissions_in_words(permissions: dict[str, Any]) -> str:
    """The report's `permissions` in a line: each with yes, no or unknown, and how that is known."""
    said = []
    for name in ("read", "write", "execute"):
        answer, how = permissions[name]["answer"], permissions[name]["how"]
        said.append(f"{name.capitalize()} {answer} ({HOW[how]})")
    return ", ".join(said)


def _tools_lines(tools: dict[str, Any]) -> Iterator[str]:
    left_out = messages.SOME_LEFT_OUT.format(left_out=tools["left_out"]) if tools["left_out"] else ""
    yield messages.TOOLS_COUNTED.format(allowed=tools["allowed"], blocked=tools["blocked"], left_out=left_out)
    if tools["unlisted"]:
        yield messages.NOT_LISTED_SINGLY.format(unlisted=tools["unlisted"], unlisted_reason=tools["unlisted_reason"])
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
        yield "Not offered: " + "; ".join(f"{one['kind']}, since {one['why']}" for one in lacking)
