"""Differences in how tools declare their permission and their hints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .difference import Around, at, family, renamed, without
from .permissions import RESOURCES
from .tool_lists import Definition, definitions

HINTS = {
    "readOnlyHint": "read_only_hint",
    "destructiveHint": "destructive_hint",
    "idempotentHint": "idempotent_hint",
    "openWorldHint": "open_world_hint",
}

_of_platform = at("/list/apps/platform/tools")


def _permission(spell: Callable[[str], Any], name: str = "permission") -> Around:
    """The same permission, converted by `spell`, in the field `name`."""

    def change(tool: Definition) -> Definition:
        if "permission" not in tool:
            return tool
        return {**without(tool, "permission"), name: spell(tool["permission"])}

    return definitions(change)


def _snake_hints(tool: Definition) -> Definition:
    return {**tool, "annotations": renamed(tool.get("annotations", {}), HINTS)}


def _flat_hints(tool: Definition) -> Definition:
    return {**without(tool, "annotations"), **tool.get("annotations", {})}


def _in_metadata(tool: Definition) -> Definition:
    kept = {name: tool[name] for name in ("permission", "annotations") if name in tool}
    return {**without(tool, *kept), "metadata": kept}


DIFFERENCES = family(
    "declarations",
    [
        (
            "undeclared-platform",
            "The tools of platform have neither permission nor annotations.",
            definitions(lambda tool: without(tool, "permission", "annotations"), _of_platform),
        ),
        (
            "undeclared",
            "No tool has permission or annotations.",
            definitions(lambda tool: without(tool, "permission", "annotations")),
        ),
        ("no-permission", "No tool has a permission.", definitions(lambda tool: without(tool, "permission"))),
        ("no-annotations", "No tool has annotations.", definitions(lambda tool: without(tool, "annotations"))),
        (
            "permission-resource-name",
            "A tool's permission is resources:read, resources:write or tools:execute.",
            _permission(lambda name: RESOURCES[name]),
        ),
        ("permission-upper-case", "A tool's permission is in upper case.", _permission(str.upper)),
        ("permission-list", "A tool's permission is a list.", _permission(lambda name: [name])),
        (
            "permission-required-camel",
            "A tool's permission is a list under requiredPermissions.",
            _permission(lambda name: [name], "requiredPermissions"),
        ),
        (
            "permission-required-snake",
            "A tool's permission is a list under required_permissions.",
            _permission(lambda name: [name], "required_permissions"),
        ),
        (
            "permission-scopes",
            "A tool's permission is a list under scopes.",
            _permission(lambda name: [name], "scopes"),
        ),
        (
            "permission-unknown-name",
            "A tool's permission has an unknown name: viewer or editor.",
            _permission(lambda name: "viewer" if name == "read" else "editor"),
        ),
        ("hints-snake", "The hints are in snake case: read_only_hint.", definitions(_snake_hints)),
        ("hints-at-top", "The hints stand at the top of a tool, without annotations.", definitions(_flat_hints)),
        ("declared-in-metadata", "Permission and annotations stand under metadata.", definitions(_in_metadata)),
    ],
)
