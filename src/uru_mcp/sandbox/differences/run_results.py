"""Differences in the results of runs: the place of the data, and the format of failures.

The description has `{"data": …, "successful": …, "success": …, "error": …, "log_id": …}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..api.request_log import Request
from .difference import Around, Reply, Serve, below, changing, family, json_reply, without

Answer = dict[str, Any]

runs = below("/execute/")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="  # a PNG
FLAGS = ("successful", "success")


def _answers(change: Callable[[Answer], Any]) -> Around:
    """Change an answer that is in the format of the description."""

    def changed(answer: Any) -> Any:
        return change(answer) if isinstance(answer, dict) and {"data", "log_id"} <= answer.keys() else answer

    return changing(runs, changed)


def _has_failed(answer: Answer) -> bool:
    """Whether the run failed, even if another difference has changed the flags."""
    return answer.get("status") == "error" or any(answer.get(flag) in (False, "false") for flag in FLAGS)


def _under(name: str) -> Around:
    return _answers(lambda answer: {name: answer["data"], **without(answer, "data")})


def _data_as_text(answer: Answer) -> Answer:
    data = answer["data"]
    return answer if data is None or isinstance(data, str) else {**answer, "data": json.dumps(data)}


def _data_in_parts(answer: Answer) -> Answer:
    return {**answer, "data": {"response_data": answer["data"]}}


def _twice(answer: Answer) -> Answer:
    """The outer wrapper says that the tool was reached; the inner one whether it succeeded."""
    inner = {"data": answer["data"], "successful": not _has_failed(answer), "error": answer.get("error")}
    return {**answer, "data": inner, "successful": True, "success": True, "error": None}


def _twice_as_text(answer: Answer) -> Answer:
    outer = _twice(answer)
    return {**outer, "data": json.dumps(outer["data"])}


def _mcp(answer: Answer, *, structured: bool) -> Answer:
    failed = _has_failed(answer)
    data = answer.get("error") if failed else answer["data"]
    text = data if isinstance(data, str) else json.dumps(data)
    result: Answer = {"content": [{"type": "text", "text": text}], "isError": failed}
    if structured and not failed:
        result["structuredContent"] = data if isinstance(data, dict) else {"result": data}
    return result


def _mcp_in_pieces(answer: Answer) -> Answer:
    """The JSON text split into two blocks."""
    (block,) = _mcp(answer, structured=False)["content"]
    half = len(block["text"]) // 2
    pieces = [{"type": "text", "text": text} for text in (block["text"][:half], block["text"][half:])]
    return {"content": pieces, "isError": _has_failed(answer)}


def _mcp_with_image(answer: Answer) -> Answer:
    result = _mcp(answer, structured=False)
    image = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
    return {**result, "content": [*result["content"], image]}


def _mcp_within(answer: Answer) -> Answer:
    inner = _mcp(answer, structured=True)
    return {**answer, "data": inner, "successful": True, "success": True, "error": None}


def _json_rpc(answer: Answer) -> Answer:
    return {"jsonrpc": "2.0", "id": 1, "result": _mcp(answer, structured=False)}


def _text_flags(answer: Answer) -> Answer:
    return {**answer, **{flag: str(not _has_failed(answer)).lower() for flag in FLAGS if flag in answer}}


def _number_flags(answer: Answer) -> Answer:
    return {**answer, **{flag: int(not _has_failed(answer)) for flag in FLAGS if flag in answer}}


def _status_word(answer: Answer) -> Answer:
    failed = _has_failed(answer)
    rest = without(answer, *FLAGS, "error")
    return {"status": "error" if failed else "success", **rest, "message": answer.get("error")}


def _error_object(answer: Answer) -> Answer:
    if not _has_failed(answer):
        return answer
    return {**answer, "error": {"message": answer.get("error"), "code": "TOOL_FAILED"}}


def _words_in_data(answer: Answer) -> Answer:
    """A failure whose message is in place of the data, as in Composio."""
    if not _has_failed(answer):
        return answer
    return {**answer, "data": {"message": answer.get("error"), "status_code": 400}, "error": None}


def _data_beside_error(answer: Answer) -> Answer:
    return {**answer, "data": {"hint": "See the tool's schema."}} if _has_failed(answer) else answer


def _bare(serve: Serve) -> Serve:
    """Only the data; a failure then needs an HTTP status of its own."""

    async def bared(request: Request) -> Reply:
        reply = await serve(request)
        answer = reply.json if runs(request) and reply.is_good else None
        if not isinstance(answer, dict) or "data" not in answer:
            return reply
        if _has_failed(answer):
            return json_reply({"error": {"code": "tool_failed", "message": answer.get("error")}}, 422)
        return reply.with_json(answer["data"])

    return bared


DIFFERENCES = family(
    "results",
    [
        ("results-error-object", "The error of a failed run is an object with message.", _answers(_error_object)),
        (
            "results-error-in-data",
            "The words of a failed run stand in data; its error is null.",
            _answers(_words_in_data),
        ),
        ("results-data-beside-error", "A failed run has data beside its error.", _answers(_data_beside_error)),
        (
            "results-successful-alone",
            "A run's success is said by successful alone.",
            _answers(lambda a: without(a, "success")),
        ),
        (
            "results-success-alone",
            "A run's success is said by success alone.",
            _answers(lambda a: without(a, "successful")),
        ),
        ("results-flags-text", 'successful and success are texts: "true" and "false".', _answers(_text_flags)),
        ("results-flags-number", "successful and success are 1 and 0.", _answers(_number_flags)),
        ("results-status", "A run's success is said by status: success or error.", _answers(_status_word)),
        ("results-as-text", "The data of a run are JSON in a text.", _answers(_data_as_text)),
        ("results-response-data", "The data of a run stand under response_data within data.", _answers(_data_in_parts)),
        ("results-twice", "A result stands within a result, and only the inner one says failure.", _answers(_twice)),
        (
            "results-twice-as-text",
            "A result stands as JSON in a text within a result, and only the inner one says failure.",
            _answers(_twice_as_text),
        ),
        ("results-in-result", "The data of a run stand under result.", _under("result")),
        ("results-in-output", "The data of a run stand under output.", _under("output")),
        ("results-in-response", "The data of a run stand under response.", _under("response")),
        ("results-mcp", "A run answers with MCP's content alone.", _answers(lambda a: _mcp(a, structured=False))),
        (
            "results-mcp-structured",
            "A run answers with MCP's content and structuredContent.",
            _answers(lambda a: _mcp(a, structured=True)),
        ),
        ("results-mcp-pieces", "A run answers with MCP's content, its JSON in two blocks.", _answers(_mcp_in_pieces)),
        ("results-mcp-image", "A run answers with MCP's content: its JSON and an image.", _answers(_mcp_with_image)),
        (
            "results-mcp-in-data",
            "The data of a run are MCP's content, and only isError says failure.",
            _answers(_mcp_within),
        ),
        ("results-json-rpc", "A run answers with MCP's content under result, as JSON-RPC has it.", _answers(_json_rpc)),
        ("results-bare", "A run answers with its data alone, or with 422.", _bare),
    ],
)
