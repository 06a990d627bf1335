"""Parses the response of a run: Uru's wrapper, nested results, MCP's `CallToolResult`, or bare data.

Only this module knows these shapes, for tools and records alike. Source: the public Node client, Composio and MCP;
which of them Uru's apps use is assumed.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from uru_mcp.messages import access_messages
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, is_deeper, parsed_text, text_at
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.error_body import read_error_body
from uru_mcp.uru.namespaces_and_tools import DEEPEST

DATA = ("data", "result", "output", "response", "response_data", "responseData")
FLAGS = ("successful", "success")
WORDS = ("error", "message", "detail", "details")
BESIDE = frozenset({*DATA, *FLAGS, *WORDS, "log_id", "logId", "status", "statusCode", "status_code", "code", "meta"})
"""The members of a wrapper: an object with any other member is the data itself."""

MEDIA = ("image", "audio", "resource", "resource_link")
WRAPPED = 4  # levels of nested results that are unwrapped
LOG_ID_CHARS = 200
NO_REASON = access_messages.NO_REASON
FAILED = ("error", "failed", "failure", "fail")  # as a `status`


class RunResult(NamedTuple):
    """The outcome of a run. `error` is its error message if it failed, None if it succeeded.

    `remark` is the text of an `error` field in a successful result. `media` are MCP content blocks other than text:
    images, audio, resources.
    """

    data: Any
    log_id: str | None = None
    error: str | None = None
    remark: str | None = None
    media: tuple[Record, ...] = ()


def read_result(body: Any) -> RunResult:
    """Read the response of a run: `{"data": …, "successful": true, "success": true, "error": null, "log_id": "…"}`.

    Either flag may be missing. If either is false, also as text or in a nested result, the run failed. Without a
    wrapper, the whole body is the result. Data nested deeper than MCP clients accept becomes text.

    Raises:
        UnexpectedShape: The body is `null`, which does not say whether the run succeeded.
    """
    if body is None:
        raise UnexpectedShape("nothing instead of a result")
    found = _opened(body, WRAPPED)
    return found._replace(data=_shallow(found.data))


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
    return inner._replace(
        log_id=_log_id(value) or inner.log_id,
        error=(" ".join(errors) or NO_REASON) if failed else None,
        remark=inner.remark or (None if failed else _words(value.get("error"))),
    )


def _is_verdict(value: Record) -> bool:
    """Whether an object inside a result is itself a result, without data."""
    return "successful" in value or ("success" in value and "error" in value)


def _failure(value: Record, held: list[str]) -> str | None:
    """The error message of a failed wrapper; None if it did not fail."""
    flags = [flag for name in FLAGS if (flag := _flag(value.get(name))) is not None]
    if not flags and held and str(value.get("status")).lower() in FAILED:
        flags = [False]
    is_empty = not any(value[name] not in (None, "", {}, []) for name in held)
    is_nothing_else = is_empty and (held or value.keys() <= BESIDE)
    if False in flags or (not flags and is_nothing_else and value.get("error")):
        return _words(value.get("error")) or read_error_body(value).message or NO_REASON
    return None


def _is_mcp(value: Record) -> bool:
    """Whether it is an MCP `CallToolResult`."""
    blocks = value.get("content")
    is_content = isinstance(blocks, list) and all(
        isinstance(one, dict) and one.get("type") in ("text", *MEDIA) for one in blocks
    )
    says_more = any(name in value for name in ("isError", "is_error", "structuredContent", "structured_content"))
    return is_content and (says_more or (bool(blocks) and value.keys() <= {"content", "_meta"}))


def _of_mcp(value: Record, depth: int) -> RunResult:
    """Unwrap a `CallToolResult`: the structured content or else the joined texts, which are the error of a failure."""
    blocks = value["content"]
    texts = [one["text"] for one in blocks if isinstance(one.get("text"), str)]
    together = "".join(texts)
    text = together if _from_text(together) is not together else "\n".join(texts)  # JSON may span several blocks
    media = tuple(one for one in blocks if one["type"] in MEDIA)
    if _flag(value.get("isError", value.get("is_error"))):
        return RunResult(text, error=text or NO_REASON, media=media)
    structure = value.get("structuredContent", value.get("structured_content"))
    inner = _opened(_from_text(text) if structure is None else structure, depth - 1)
    return inner._replace(media=(*media, *inner.media))


def _from_text(value: Any) -> Any:
    """The value; a text that contains the JSON of an object or list is parsed."""
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
    """The text of an `error` field of any shape."""
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
        return access_messages.NESTED_TOO_DEEPLY
