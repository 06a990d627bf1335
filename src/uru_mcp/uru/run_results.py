"""The answer of a run, unwrapped: Uru's wrapper, a result inside a result, MCP's own, or bare data.

The only place that knows these shapes, for tools and records alike. Source: the public Node client, Composio and MCP;
which of them Uru's apps answer with is assumed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from uru_mcp import messages
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, is_deeper, parsed_text, text_at
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.error_body import read_error_body
from uru_mcp.uru.namespaces_and_tools import DEEPEST

DATA = ("data", "result", "output", "response", "response_data", "responseData")
FLAGS = ("successful", "success")
WORDS = ("error", "message", "detail", "details")
BESIDE = frozenset({*DATA, *FLAGS, *WORDS, "log_id", "logId", "status", "statusCode", "status_code", "code", "meta"})
"""The members of a wrapper: an object with another one is the data itself."""

MEDIA = ("image", "audio", "resource", "resource_link")
WRAPPED = 4  # results inside each other that are opened
LOG_ID_CHARS = 200
NO_REASON = messages.NO_REASON
FAILED = ("error", "failed", "failure", "fail")  # as a `status`


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run. `error` is what it says of itself when it failed, None when it succeeded.

    `remark` are the words of an `error` that stands beside the data of a success. `media` are MCP's content blocks that
    are no text: images, audio, resources.
    """

    data: Any
    log_id: str | None = None
    error: str | None = None
    remark: str | None = None
    media: tuple[Record, ...] = ()


def read_result(body: Any) -> RunResult:
    """Read the answer of a run: `{"data": …, "successful": true, "success": true, "error": null, "log_id": "…"}`.

    Either flag may be missing; either one false, also as text, is a failure, however deep inside. Without a wrapper the
    whole body is the result. Data that is nested deeper than MCP clients take becomes text.

    Raises:
        UnexpectedShape: The body is `null`, which says nothing about what was done.
    """
    if body is None:
        raise UnexpectedShape("nothing instead of a result")
    found = _opened(body, WRAPPED)
    return replace(found, data=_shallow(found.data))


def _opened(value: Any, depth: int) -> RunResult:
    if not isinstance(value, dict) or not depth:
        return RunResult(value)
    if _is_mcp(value):
        return _of_mcp(value, depth)
    if "jsonrpc" in value and "result" in value:
        return _opened(value["result"], depth - 1)
    held = [name for name in DATA if name in value]
    is_wrapper = bool(held) and (value.keys() <= BESIDE or any(name in value for name in FLAGS))
    own_error = _failure(value, held) if is_wrapper or depth == WRAPPED or _is_verdict(value) else None
    if not is_wrapper:
        return RunResult(value, log_id=_log_id(value) if depth == WRAPPED else None, error=own_error)
    inner = _opened(_from_text(value[held[0]]), depth - 1)
    said = None if own_error is None else _words(inner.data) if own_error == NO_REASON else own_error
    errors = tuple(dict.fromkeys(one for one in (said, inner.error) if one))
    failed = own_error is not None or inner.error is not None
    return replace(
        inner,
        log_id=_log_id(value) or inner.log_id,
        error=(" ".join(errors) or NO_REASON) if failed else None,
        remark=inner.remark or (None if failed else _words(value.get("error"))),
    )


def _is_verdict(value: Record) -> bool:
    """Whether an object inside a result is a result of its own, without data."""
    return "successful" in value or ("success" in value and "error" in value)


def _failure(value: Record, held: list[str]) -> str | None:
    """What a wrapper says of its failure; None where it is none."""
    flags = [flag for name in FLAGS if (flag := _flag(value.get(name))) is not None]
    if not flags and held and str(value.get("status")).lower() in FAILED:
        flags = [False]
    is_empty = not any(value[name] not in (None, "", {}, []) for name in held)
    is_nothing_else = is_empty and (held or value.keys() <= BESIDE)
    if False in flags or (not flags and is_nothing_else and value.get("error")):
        return _words(value.get("error")) or read_error_body(value).message or NO_REASON
    return None


def _is_mcp(value: Record) -> bool:
    """Whether it is a `CallToolResult` of MCP."""
    blocks = value.get("content")
    is_content = isinstance(blocks, list) and all(
        isinstance(one, dict) and one.get("type") in ("text", *MEDIA) for one in blocks
    )
    says_more = any(name in value for name in ("isError", "is_error", "structuredContent", "structured_content"))
    return is_content and (says_more or (bool(blocks) and value.keys() <= {"content", "_meta"}))


def _of_mcp(value: Record, depth: int) -> RunResult:
    """The structure where there is one, otherwise the texts joined; a failure's texts are its words."""
    blocks = value["content"]
    texts = [one["text"] for one in blocks if isinstance(one.get("text"), str)]
    together = "".join(texts)
    text = together if _from_text(together) is not together else "\n".join(texts)  # JSON may come in several blocks
    media = tuple(one for one in blocks if one["type"] in MEDIA)
    if _flag(value.get("isError", value.get("is_error"))):
        return RunResult(text, error=text or NO_REASON, media=media)
    structure = value.get("structuredContent", value.get("structured_content"))
    inner = _opened(_from_text(text) if structure is None else structure, depth - 1)
    return replace(inner, media=(*media, *inner.media))


def _from_text(value: Any) -> Any:
    """The value, or what a text holds that is the JSON of an object or a list."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        parsed = parsed_text(value)
        return value if parsed is None else parsed
    return value


def _flag(value: Any) -> bool | None:
    """A boolean, also as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _words(stated: Any) -> str | None:
    """The words of an `error`, whatever its shape."""
    if stated is None or stated in ("", {}, [], False):
        return None
    if isinstance(stated, dict):
        return read_error_body(stated).message or json.dumps(stated, ensure_ascii=False, default=str)
    return stated if isinstance(stated, str) else json.dumps(stated, ensure_ascii=False)


def _log_id(value: Record) -> str | None:
    return quoted(text_at(value, "log_id", "logId") or "", LOG_ID_CHARS) or None


def _shallow(data: Any) -> Any:
    if not is_deeper(data, DEEPEST):
        return data
    try:
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:
        return messages.NESTED_TOO_DEEPLY
