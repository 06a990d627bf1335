"""Deferred imports, all of them on the thread of the event loop and in small parts.

Two threads that import at the same time can deadlock, and Python then hands out partially initialized modules. So no
other thread imports anything: modules that a thread needs are imported here before it starts. An import blocks the
event loop, so it is split into parts, and the loop processes network events between them.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import anyio.lowlevel

SESSION = (
    "uru_mcp.uru.api",
    "uru_mcp.access.identity",
    "uru_mcp.catalog.catalog",
    "uru_mcp.session.session",
    "uru_mcp.session.wiring",
)
BRIDGE = (
    "uru_mcp.results.render",
    "uru_mcp.audit.call_recorder",
    "uru_mcp.resources.resource_requests",
    "uru_mcp.tools.dispatch",
    "uru_mcp.bridge",
)
SDK = (
    "mcp_types._types",
    "mcp_types._v2025_11_25",
    "mcp_types._v2026_07_28",
    "mcp.server.lowlevel",
    "uru_mcp.server.stdio",
)
CALLS = ("referencing.jsonschema", "jsonschema", "uru_mcp.catalog.schemas.validation")
SEARCH = ("snowballstemmer",)
TELEMETRY = (
    "opentelemetry.sdk.resources",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.sdk.metrics.export",
    "charset_normalizer",
    "urllib3.connection",
    "netrc",  # `requests` imports it at its first request, which is sent in a thread
    "requests",
    "opentelemetry.proto.common.v1.common_pb2",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "uru_mcp.audit.otlp_export",
)
JSON_CODECS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
FIRST_CODECS = ("idna", "utf-8-sig")  # for host names and key files

TURNS = 20  # of the event loop between two parts: enough for each step of opening a connection


def load_codecs(names: tuple[str, ...]) -> None:
    """Import codecs that threads decode with; Python itself imports a codec on first use."""
    for name in names:
        codecs.lookup(name)


async def in_parts(parts: tuple[str, ...], between: Callable[[], None] = lambda: None) -> None:
    """Import the last of these modules, after the slowest of its dependencies, and call `between` before each.

    Raises: ImportError when the last one cannot be imported; the others only split the work into smaller parts.
    """
    *first, wanted = parts
    for name in first:
        between()
        await _let_network_progress()
        with suppress(ImportError):
            import_module(name)
    between()
    await _let_network_progress()
    import_module(wanted)


async def _let_network_progress() -> None:
    for _ in range(TURNS):
        await anyio.lowlevel.checkpoint()
