"""What the client behind a request can show and ask, as it declares in either protocol era."""

from __future__ import annotations

from typing import Any

from mcp.server.context import ServerRequestContext

from uru_mcp.approvals.tool_meta import Audience
from uru_mcp.results.consent import Way
from uru_mcp.tool_patterns import UserRules

APPS = "io.modelcontextprotocol/ui"
CARD_TYPE = "text/html;profile=mcp-app"
CLAUDE_CODE = "claude-code"

Context = ServerRequestContext[Any, Any]


def can_elicit(ctx: Context) -> bool:
    """Whether the client has forms; one that names no mode at all has them, by the protocol's own rule."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def shows_cards(ctx: Context) -> bool:
    """Whether the client shows MCP Apps of the kind that ours are."""
    capabilities = ctx.session.client_capabilities
    extensions = (capabilities.extensions if capabilities is not None else None) or {}
    settings = extensions.get(APPS)
    types = settings.get("mimeTypes") if isinstance(settings, dict) else None
    return isinstance(types, list) and CARD_TYPE in types


def way_of(ctx: Context) -> Way:
    """How this client can ask its person: by a form, else by a card, else not at all."""
    if can_elicit(ctx):
        return "elicitation"
    return "card" if shows_cards(ctx) else "none"


def audience_of(ctx: Context, rules: UserRules) -> Audience:
    """Who is shown a list of tools."""
    client = ctx.session.client_params
    is_claude_code = client is not None and client.client_info.name.startswith(CLAUDE_CODE)
    is_set = bool(rules.confirmed.patterns) or rules.only_person_decides
    return Audience(shows_cards(ctx), can_elicit(ctx), is_claude_code or is_set)
