"""The rooms: what may import what, and who owns each thing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "uru_mcp"

DATA = {"messages"}  # sentences and nothing else, which stand in one file so that each is said once

# A module imports only from modules above it.
ORDER = [
    "messages",
    "imports",
    "limits",
    "permissions",
    "permission_names",
    "weight",
    "unseen",
    "quoting",
    "errors",
    "policy",
    "retry",
    "disguises",
    "redaction",
    "escaping",
    "programs",
    "logs",
    "key",
    "variables",
    "variable_names",
    "settings",
    "numerals",
    "fields",
    "heavy_work",
    "audit",
    "usage",
    "complaints",
    "versions",
    "wire",
    "key_record",
    "run_results",
    "transcript",
    "attic",
    "uris",
    "records",
    "waiting_steps",
    "revisions",
    "answers",
    "key_source",
    "keyring",
    "network_settings",
    "failures",
    "content_coding",
    "json_text",
    "bodies",
    "connection",
    "routes",
    "client",
    "evidence",
    "key_status",
    "introspection",
    "identity",
    "gate",
    "names",
    "words",
    "spelling",
    "thesaurus",
    "naming",
    "namespaces",
    "postings",
    "search",
    "schema_dialect",
    "schema_union",
    "schema_scalars",
    "schema_fit",
    "unlisted",
    "titles",
    "catalog",
    "assembly",
    "loading",
    "catalogs",
    "calls",
    "read_check",
    "outlook",
    "sync",
    "schema_words",
    "own_tools",
    "dispatch_input",
    "argument_wrapping",
    "argument_repair",
    "arguments",
    "shelves",
    "discovery",
    "instructions",
    "surface",
    "tool_list",
    "call_arguments",
    "whoami_text",
    "whoami",
    "pieces",
    "content",
    "encoded",
    "approvals",
    "effects",
    "render",
    "outcomes",
    "cursors",
    "resources",
    "listings",
    "prompts",
    "library",
    "tool_calls",
    "witness",
    "announcements",
    "bridge",
    "unconfigured",
    "protocol",
    "asking",
    "invalid_params",
    "server",
    "unread",
    "batches",
    "lines",
    "standard_streams",
    "stdio",
    "handshake",
    "early_stdin",
    "opening",
    "process",
    "clients.known",
    "clients.syntax",
    "clients.places",
    "clients.reading",
    "clients.document",
    "clients.directory",
    "clients.writing",
    "clients.change",
    "clients.launch",
    "clients.entry",
    "clients.environment",
    "clients.showing",
    "clients.key_check",
    "demo",
    "doctor.shapes",
    "doctor.probes",
    "doctor.fact_checks",
    "doctor.facts",
    "doctor.report",
    "doctor.checks",
    "doctor.variables",
    "doctor.service",
    "doctor.trial",
    "doctor.runners",
    "doctor.recognition",
    "doctor.configurations",
    "doctor.rounds",
    "commands.command_line",
    "commands.screen",
    "commands.starting",
    "commands.listing",
    "commands.ticked_boxes",
    "commands.accepted_key",
    "commands.install",
    "commands.demo",
    "commands.doctor",
    "commands.terminal",
    "commands.usage",
    "cli",
    "__main__",
]

# Everything outside has its owners, and nobody else imports it.
OWNERS = {
    # bridge: for a type alone; commands.starting: the in-memory transport of --sandbox
    "httpx2": {"connection", "failures", "bridge", "commands.starting"},
    "mcp": {"protocol", "asking", "invalid_params", "server", "unread", "batches", "stdio", "demo"},
    "pydantic": {"unread", "batches", "invalid_params"},
    "jsonschema": {"arguments"},
    "referencing": {"arguments"},
    "click": {
        "cli",
        "commands.accepted_key",
        "commands.command_line",
        "commands.demo",
        "commands.install",
        "commands.doctor",
        "commands.screen",
        "commands.starting",
        "commands.terminal",
        "commands.ticked_boxes",
        "commands.usage",
    },
    "fcntl": {"audit", "standard_streams"},
    "subprocess": {"doctor.trial", "key_source"},
    "snowballstemmer": {"search"},
    "starlette": set(),
    "uvicorn": set(),
    "uru_mcp.sandbox": {"demo", "commands.starting"},
}

PATHS = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
    for path in SOURCE.rglob("*.py")
    if path.name != "__init__.py" and not path.is_relative_to(SOURCE / "sandbox")
}
MODULES = sorted(PATHS)


def imports(path: Path) -> Iterator[str]:
    """The full names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_its_place() -> None:
    assert sorted(ORDER) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_those_above_it(module: str) -> None:
    above = set(ORDER[: ORDER.index(module)])
    imported = {name.removeprefix("uru_mcp.") for name in imports(PATHS[module]) if name.startswith("uru_mcp.")}
    assert imported & set(MODULES) <= above


@pytest.mark.parametrize("outside", OWNERS)
def test_each_outside_thing_is_imported_by_its_owners_alone(outside: str) -> None:
    found = {
        module
        for module in MODULES
        for name in imports(PATHS[module])
        if name == outside or name.startswith(f"{outside}.")
    }
    assert found == OWNERS[outside]


def test_the_environment_is_read_in_one_file_and_looked_at_before_all_imports() -> None:
    readers = {
        path.stem
        for path in SOURCE.rglob("*.py")
        if any(name in path.read_text() for name in ("os.environ", "os.getenv", "getenv("))
    }
    assert readers == {"settings", "__main__"}, "__main__ only asks whether nothing can be wrong with it"


def test_the_sandbox_imports_nothing_of_the_bridge() -> None:
    for path in (SOURCE / "sandbox").rglob("*.py"):
        assert not [name for name in imports(path) if name.split(".")[0] == "uru_mcp"], path


def test_permissions_are_compared_in_the_gate_alone() -> None:
    comparing = {module for module in MODULES if "needs <=" in PATHS[module].read_text()}
    assert comparing == {"gate", "policy"}, "policy: what a hint says of a tool, not whether a key may"


def test_no_room_is_too_large() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.stem not in DATA:
            assert len(path.read_text().splitlines()) <= 300, path
