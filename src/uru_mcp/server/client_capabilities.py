"""Reads a client's capabilities from a request, in both protocol eras: forms (elicitation) and cards (MCP Apps)."""

from __future__ import annotations

from typing import Any

from mcp.server.context import ServerRequestContext

from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.results.consent import Way
from uru_mcp.server.apps.tool_meta import DISPATCH_RUNS, Audience

APPS = "io.modelcontextprotocol/ui"
CARD_TYPE = "text/html;profile=mcp-app"
CLAUDE_CODE = "claude-code"

Context = ServerRequestContext[Any, Any]


def can_elicit(ctx: Context) -> bool:
    """Whether the client supports forms; by the protocol's rule, one that names no mode does."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def shows_cards(ctx: Context) -> bool:
    """Whether the client shows MCP Apps with our MIME type."""
    capabilities = ctx.session.client_capabilities
    extensions = (capabilities.extensions if capabilities is not None else None) or {}
    settings = extensions.get(APPS)
    types = settings.get("mimeTypes") if isinstance(settings, dict) else None
    return isinstance(types, list) and CARD_TYPE in types


def way_of(ctx: Context, tool: str, rules: UserRules) -> Way:
    """How this client can ask a person about a call of this tool: by a form, else by a card, else not at all."""
    if can_elicit(ctx):
        return "elicitation"
    opens_no_card = tool in DISPATCH_RUNS and not confirms(rules)
    return "card" if shows_cards(ctx) and not opens_no_card else "none"


def confirms(rules: UserRules) -> bool:
    """Whether the user is to be asked, about calls or about every step that a run waits for."""
    return rules.confirmed.are_any or rules.only_person_decides


def audience_of(ctx: Context, rules: UserRules) -> Audience:
    """The audience of a list of tools."""
    client = ctx.session.client_params
    is_claude_code = client is not None and client.client_info.name.startswith(CLAUDE_CODE)
    is_set = confirms(rules)
    return Audience(shows_cards(ctx), can_elicit(ctx), is_claude_code or is_set, is_set)
