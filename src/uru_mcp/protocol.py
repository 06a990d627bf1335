"""Our values in the types of the MCP SDK, and our errors in the codes of either protocol era."""

from __future__ import annotations

from typing import Any

import mcp.types as types
from mcp.shared.exceptions import MCPError

from uru_mcp.content import Media
from uru_mcp.errors import ArgumentError, KeyRefused, PermissionMissing, SettingsError, UruError, WorkspaceProblem
from uru_mcp.own_tools import Definition
from uru_mcp.prompts import Filled, Offer
from uru_mcp.render import EMPTY, Rendered
from uru_mcp.resources import Resource, Template

MODERN = "2026-07-28"
RESOURCE_NOT_FOUND = -32002  # before that version, which has INVALID_PARAMS for it
SHOWN = 100  # values of a completion, which is as many as MCP allows


def is_modern(version: str) -> bool:
    return version >= MODERN  # versions are dates


def protocol_error(error: UruError, refusal: Rendered, version: str, *, of_resource: bool = False) -> MCPError:
    """An error where MCP has no result to put it into: the refusal's words, and its structure as data."""
    code = types.INTERNAL_ERROR
    if isinstance(error, (SettingsError, KeyRefused, WorkspaceProblem, PermissionMissing)):
        code = types.INVALID_REQUEST
    elif error.code == "not_found" and of_resource and not is_modern(version):
        code = RESOURCE_NOT_FOUND
    elif isinstance(error, ArgumentError) or error.code == "not_found":
        code = types.INVALID_PARAMS
    return MCPError(code, refusal.text, refusal.structure["error"])


def tool(definition: Definition, meta: dict[str, Any] | None = None) -> types.Tool:
    return types.Tool(
        name=definition.name,
        title=definition.title,
        description=definition.description,
        input_schema=definition.schema,
        annotations=types.ToolAnnotations(
            title=definition.title,
            read_only_hint=definition.read_only,
            destructive_hint=definition.destructive,
            idempotent_hint=definition.idempotent,
            open_world_hint=definition.open_world,
        ),
        _meta=meta,
    )


def tool_result(rendered: Rendered) -> types.CallToolResult:
    """One text that says everything, and behind it what is no text."""
    blocks: list[types.ContentBlock] = [types.TextContent(type="text", text=rendered.text)]
    return types.CallToolResult(
        content=[*blocks, *map(_media, rendered.media)],
        structured_content=rendered.structure,
        is_error=rendered.is_error,
        _meta=rendered.meta,
    )


def _media(media: Media) -> types.ContentBlock:
    if media.type == "image":
        return types.ImageContent(type="image", data=media.data, mime_type=media.mime_type)
    if media.type == "audio":
        return types.AudioContent(type="audio", data=media.data, mime_type=media.mime_type)
    blob = types.BlobResourceContents(uri=media.uri, mime_type=media.mime_type, blob=media.data)
    return types.EmbeddedResource(type="resource", resource=blob)


def resource(listed: Resource) -> types.Resource:
    updated_at = listed.updated_at
    return types.Resource(
        uri=listed.uri,
        name=listed.name,
        title=listed.title,
        description=listed.description or None,
        mime_type=listed.mime_type,
        size=listed.size,
        annotations=None if updated_at is None else types.Annotations(last_modified=updated_at.isoformat()),
    )


def template(form: Template) -> types.ResourceTemplate:
    return types.ResourceTemplate(
        uri_template=form.uri_template,
        name=form.title,
        title=form.title,
        description=form.description,
        mime_type=form.mime_type,
    )


def contents(uri: str, mime_type: str, piece: Rendered) -> types.ReadResourceResult:
    """The text of a resource, and apart from it what is said below it, so that JSON stays JSON."""
    texts = [types.TextResourceContents(uri=uri, mime_type=mime_type, text=piece.shown_body)]
    texts += [types.TextResourceContents(uri=uri, mime_type="text/plain", text=note) for note in piece.notes]
    return types.ReadResourceResult(contents=list(texts))


def prompt(offer: Offer) -> types.Prompt:
    return types.Prompt(
        name=offer.name,
        title=offer.prompt.title,
        description=offer.prompt.description or None,
        arguments=[
            types.PromptArgument(name=one.name, description=one.description or None, required=one.required)
            for one in offer.arguments
        ],
    )


def prompt_result(filled: Filled) -> types.GetPromptResult:
    return types.GetPromptResult(
        description=filled.description or None,
        messages=[
            types.PromptMessage(
                role="user", content=types.TextContent(type="text", text=text if text.strip() else EMPTY)
            )
            for text in filled.messages
        ],
    )


def completion(values: list[str]) -> types.CompleteResult:
    return types.CompleteResult(
        completion=types.Completion(values=values[:SHOWN], total=len(values), has_more=len(values) > SHOWN)
    )
