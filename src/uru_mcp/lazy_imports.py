"""Imports that are put off until somebody is served, all of them made by the thread of the event loop.

Two threads that import at the same time can deadlock, and Python then hands out modules that are only half there. So no
other thread imports anything: what work in a thread needs is imported here before the thread begins. An import keeps
the loop busy, so it is made in parts, and what has come from the network meanwhile is seen to between them.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from importlib import import_module

import anyio.lowlevel

SDK = (
    "mcp_types._types",
    "mcp_types._v2025_11_25",
    "mcp_types._v2026_07_28",
    "mcp.server.lowlevel",
    "uru_mcp.server.stdio",
)
CALLS = ("referencing.jsonschema", "jsonschema", "uru_mcp.catalog.schemas.validation")
SEARCH = ("snowballstemmer",)
WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
CODECS = ("idna", "utf-8-sig", *WIDE)  # for names of hosts, for key files and for JSON: all are read in a thread

TURNS = 20  # of the event loop between two parts: some for each step of a connection that is being made


def load_codecs() -> None:
    """Have the codecs that threads need imported, which Python itself only does when one is used."""
    for name in CODECS:
        codecs.lookup(name)


async def in_parts(parts: tuple[str, ...]) -> None:
    """Import the last of these modules, and before it what takes most of its time.

    Raises: ImportError when the last one cannot be imported; the others are only there to make the parts small.
    """
    *first, wanted = parts
    for name in first:
        await _see_to_the_network()
        with suppress(ImportError):
            import_module(name)
    await _see_to_the_network()
    import_module(wanted)


async def _see_to_the_network() -> None:
    for _ in range(TURNS):
        await anyio.lowlevel.checkpoint()
