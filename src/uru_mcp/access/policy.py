"""The permission policy: which permissions each tool needs, from one table and rules for unknown tools.

It does not know keys, grants or the network. In the namespace `platform`, the first matching rule applies:

1. the permission that Uru declares for the tool
2. `PLATFORM_TOOLS`, the known names
3. `annotations.readOnlyHint: true`, which means Read
4. `NAMING`, every pattern that matches the name
5. otherwise all three

In any other namespace a tool runs in a connected app, which Uru's guide calls Execute; a declaration can add to that
but not remove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from uru_mcp.permissions import EVERYTHING, NOTHING, Permission, Permissions

PLATFORM = "platform"

READ: Permissions = frozenset({Permission.READ})
WRITE: Permissions = frozenset({Permission.WRITE})
EXECUTE: Permissions = frozenset({Permission.EXECUTE})

LIST_WORKSPACES = "list_workspaces"
SELECT_WORKSPACE = "set_current_workspace"
DECIDE = "automation_decide"

PLATFORM_TOOLS: Mapping[str, Permissions] = {
    LIST_WORKSPACES: NOTHING,
    SELECT_WORKSPACE: NOTHING,
    "context_query": READ,
    "prompt_query": READ,
    "persona_query": READ,
    "automation_query": READ,
    "context_edit": WRITE,
    "prompt_edit": WRITE,
    "persona_edit": WRITE,
    "automation_edit": WRITE,
    "automation_run": EXECUTE,
    DECIDE: EXECUTE,
}

NAMING: Mapping[str, Permissions] = {
    "*_query": READ,
    "list_*": READ,
    "get_*": READ,
    "search_*": READ,
    "*_edit": WRITE,
    "create_*": WRITE,
    "update_*": WRITE,
    "run_*": EXECUTE,
    "*_run": EXECUTE,
}

RECORDS = READ
"""What every resource and prompt needs, in addition to what Uru declares."""

OWN_TOOLS: Mapping[str, Permissions] = {
    "uru_whoami": NOTHING,
    "uru_search_tools": NOTHING,
    "uru_read": READ,
    "uru_write": WRITE,
    "uru_execute": EXECUTE,
    "uru_result": NOTHING,
    "uru_list_resources": RECORDS,
    "uru_read_resource": RECORDS,
}

CARD_TOOLS: Mapping[str, Permissions] = {"uru_show_run": RECORDS}
"""The tools of ours that clients are told of which show views."""


def needs_of(namespace: str, name: str, *, declared: Permissions | None, read_only: bool | None) -> Permissions:
    """The permissions that a key needs, all of them, to run the tool.

    `declared` is what Uru declares for the tool and `read_only` its `readOnlyHint`; each is None if absent.
    """
    if namespace != PLATFORM:
        return EXECUTE | declared if declared else EXECUTE
    if declared is not None:
        return declared
    if name in PLATFORM_TOOLS:
        return PLATFORM_TOOLS[name]
    if read_only is True:
        return READ
    fitting = [needs for pattern, needs in NAMING.items() if fnmatchcase(name, pattern)]
    return NOTHING.union(*fitting) if fitting else EVERYTHING


def needs_at_least(namespace: str, name: str, *, declared: Permissions | None, read_only: bool | None) -> Permissions:
    """What a tool needs if its declaration may be outdated: the declared needs and the default ones together."""
    said = needs_of(namespace, name, declared=declared, read_only=read_only)
    return said | needs_of(namespace, name, declared=None, read_only=None)


def reads_only(namespace: str, name: str, *, declared: Permissions | None, read_only: bool | None) -> bool:
    """Whether a tool is read-only, so that clients may skip the confirmation and we may retry it.

    This takes a declaration, a hint or an entry in the table; a name alone, such as `get_next_job`, is not enough.
    Hints of Uru and of the apps that Uru connects are trusted; those of customers' servers (`external_mcp_*`) are not.
    """
    if namespace != PLATFORM:
        return read_only is True and not is_foreign(namespace)
    needs = declared if declared is not None else PLATFORM_TOOLS.get(name, EVERYTHING)
    is_known = read_only is True or (needs <= READ and name != SELECT_WORKSPACE)
    return (
        is_known
        and read_only is not False
        and needs_of(namespace, name, declared=declared, read_only=read_only) <= READ
    )


def is_foreign(namespace: str) -> bool:
    """Whether the namespace is an MCP server that a customer connected, whose descriptions and hints are untrusted."""
    return namespace.startswith("external_mcp_")


def dispatcher_of(needs: Permissions, *, read_only: bool) -> str | None:
    """The dispatch tool for these permissions, chosen so that its hints hold for every tool that it runs.

    None for a tool that changes something without needing Write or Execute: it can only be called by its own name.
    """
    if Permission.EXECUTE in needs:
        return "uru_execute"
    if Permission.WRITE in needs:
        return "uru_write"
    return "uru_read" if read_only else None
