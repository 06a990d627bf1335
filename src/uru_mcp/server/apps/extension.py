"""The MCP Apps extension in the protocol: detects clients that declare it, and adds our declaration, icon and views.

Clients that do not declare it get none of this. The SDK's `mcp.server.apps` does the same for its larger server, but
importing it costs a third of a second.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import mcp.types as types

from uru_mcp.server.apps.views import EXTENSION, MIME_TYPE, VIEWS

ANSWERS_WITH_CAPABILITIES = frozenset({"initialize", "server/discover"})
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_INFO_KEY = "io.modelcontextprotocol/serverInfo"

# The letter U. Kept small, since every byte of it is part of a response.
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/>'
    '<path d="M10 8v9a6 6 0 0 0 12 0V8" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'
)
ICONS = [
    {
        "src": f"data:image/svg+xml;base64,{base64.b64encode(_ICON.encode()).decode()}",
        "mimeType": "image/svg+xml",
        "sizes": ["any"],
    }
]


def is_declared_in(params: Mapping[str, Any] | None) -> bool:
    """Whether raw params, of `initialize` or of any request in the newer era, declare that the client shows views."""
    meta = (params or {}).get("_meta")
    holders = ((params or {}).get("capabilities"), meta.get(CAPABILITIES_KEY) if isinstance(meta, dict) else None)
    return any(_declares(one.get("extensions")) for one in holders if isinstance(one, dict))


def _declares(extensions: Any) -> bool:
    settings = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    mime_types = settings.get("mimeTypes") if isinstance(settings, dict) else None
    return isinstance(mime_types, list) and MIME_TYPE in mime_types


def with_declaration(result: dict[str, Any]) -> dict[str, Any]:
    """The result of `initialize` or `server/discover`, plus our declaration, which the SDK drops, and our icon."""
    capabilities = dict(result.get("capabilities") or {})
    capabilities["extensions"] = {**(capabilities.get("extensions") or {}), EXTENSION: {"mimeTypes": [MIME_TYPE]}}
    declared = {**result, "capabilities": capabilities}
    if isinstance(result.get("serverInfo"), dict):
        declared["serverInfo"] = {**result["serverInfo"], "icons": ICONS}
    meta = result.get("_meta")
    if isinstance(meta, dict) and isinstance(meta.get(SERVER_INFO_KEY), dict):
        declared["_meta"] = {**meta, SERVER_INFO_KEY: {**meta[SERVER_INFO_KEY], "icons": ICONS}}
    return declared


def _frame() -> dict[str, Any]:
    """What a view asks of its host: a border, no connections, and no external resources."""
    return {"ui": {"prefersBorder": True, "csp": {"connectDomains": [], "resourceDomains": []}}}


def resources() -> list[types.Resource]:
    return [
        types.Resource(
            uri=view.uri,
            name=view.title,
            title=view.title,
            description=view.description,
            mime_type=MIME_TYPE,
            size=len(view.document.encode()),
            _meta=_frame(),
        )
        for view in VIEWS.values()
    ]


def contents(uri: str) -> types.ReadResourceResult | None:
    """The document of the view at this URI; None if there is none."""
    view = VIEWS.get(uri)
    if view is None:
        return None
    text = types.TextResourceContents(uri=uri, mime_type=MIME_TYPE, text=view.document, _meta=_frame())
    return types.ReadResourceResult(contents=[text])
