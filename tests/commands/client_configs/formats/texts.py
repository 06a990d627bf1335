"""Documents of clients for the tests of formats, and what every edit has to hold to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from uru_mcp.commands.client_configs.document import Document, undone
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration

ARGUMENTS = {"args": ["--sandbox"]}
CHANGES: list[dict[str, Any]] = [{"args": ["--sandbox"]}, {"cwd": '/é "x"'}, {"timeout": 7}]


def document(data: str | bytes, client: str) -> Document:
    configuration = Configuration(CLIENTS[client], Path("configuration"))
    return Document(configuration, data if isinstance(data, bytes) else data.encode())


def see_an_entry_come_change_and_go(before: Document, entry: dict[str, Any]) -> Document:
    """The document with the entry, which was also changed in several ways and removed again."""
    env = CLIENTS[before.configuration.client.name].shape.env
    after = before.with_server("uru", entry)
    assert after.server("uru") == entry
    assert after.with_server("uru", entry).data == after.data
    for change in (*CHANGES, {env: {}}, {env: {"B": "2"}}, {env: {"A": "ä", "B": "2"}}):
        changed = after.with_server("uru", {**entry, **change})
        assert changed.server("uru") == {**entry, **change}
        assert changed.with_server("uru", entry).server("uru") == entry
        assert undone(changed, "uru", [before]) in (before, changed.without_server("uru"))
    without = {name: value for name, value in entry.items() if name != env}
    assert after.with_server("uru", without).with_server("uru", entry).data == after.data
    assert undone(after, "uru", [document(b"\xff", before.configuration.client.name), before]) == before
    assert after.without_server("uru").server("uru") is None
    return after
