"""What each tool needs: the one table, and the rules for what the table does not know.

It refuses to know keys, grants and the network. In the namespace `platform`, the first rule that fits decides:

1. the permission that Uru declares for the tool
2. `PLATFORM_TOOLS`, the names we know
3. `annotations.readOnlyHint: true`, which means Read
4. `NAMING`, every pattern that fits the name
5. otherwise all three

In any other namespace a tool runs in a connected app, which Uru's guide calls Execute; a declaration adds to that and
never takes it away.
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
"""What it takes to see anything of the workspace as a resource or a prompt, besides what Uru declares."""

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
    """The permissions that a key must have, all of them, before the tool may run.

    `declared` is what Uru says the tool needs and `read_only` its `readOnlyHint`, each None where nothing is said.
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
    """What a tool needs when what is said of it may be out of date: that, and what it needs when nothing is said."""
    said = needs_of(namespace, name, declared=declared, read_only=read_only)
    return said | needs_of(namespace, name, declared=None, read_only=None)


def reads_only(namespace: str, name: str, *, declared: Permissions | None, read_only: bool | None) -> bool:
    """Whether a tool only reads, so that clients may stop asking the person and we may repeat it.

    Only a declaration, a hint or the table shows that; a name alone, such as `get_next_job`, never does. Uru's word
    counts, and that of the apps Uru connects; what a stranger's server (`external_mcp_*`) says of its tools does not.
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
    """Whether the namespace is an MCP server that a customer connected, which writes its own descriptions and hints."""
    return namespace.startswith("external_mcp_")


def dispatcher_of(needs: Permissions, *, read_only: bool) -> str | None:
    """The tool of ours that runs it, chosen so that each one's hints are true of all that it runs.

    None: it changes something without needing Write or Execute, so that only its own name can say so.
    """
    if Permission.EXECUTE in needs:
        return "uru_execute"
    if Permission.WRITE in needs:
        return "uru_write"
    return "uru_read" if read_only else None
