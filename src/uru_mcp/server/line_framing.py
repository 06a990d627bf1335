"""Reads stdin line by line and gives the SDK one valid JSON-RPC message per line.

The SDK mistakes a request with an invalid id for a notification and never answers it. Such requests are refused here,
and batches are split.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from uru_mcp.server.batches import NOT_SERVED, VERSION, Answer, Batch, Batches
from uru_mcp.server.malformed_input import BYTE_ORDER_MARK, refuse_invalid_id, refuse_shapeless, refused

Write = Callable[[Answer | Batch], Awaitable[None]]


class Lines:
    """The lines of a text file. `on_end` is called at its end; `answer` writes responses that bypass the SDK."""

    def __init__(
        self, file: AsyncIterator[str], batches: Batches, *, answer: Write, on_end: Callable[[], None]
    ) -> None:
        self._file = file
        self._batches = batches
        self._answer = answer
        self._on_end = on_end
        self._ready: deque[str] = deque()
        self._has_batches = False

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        while not self._ready:
            try:
                line = await anext(self._file)
            except StopAsyncIteration:
                self._on_end()
                raise
            await self._take(line.removeprefix(BYTE_ORDER_MARK))
        return self._ready.popleft()

    async def _take(self, line: str) -> None:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):  # the SDK's parser fails on it too, and `recovered` then handles the line
            self._ready.append(line)
            return
        if not isinstance(found, list):
            await self._take_message(found, line)
        elif not self._has_batches:
            await self._answer(refused(None, NOT_SERVED))
        else:
            await self._take_batch(found)

    async def _take_message(self, found: Any, line: str) -> None:
        refusal = refuse_invalid_id(found) or refuse_shapeless(found) if isinstance(found, dict) else refused(None)
        if refusal is not None:
            await self._answer(refusal)
            return
        if found.get("method") == "initialize":
            params = found.get("params")
            self._has_batches = isinstance(params, dict) and params.get("protocolVersion") == VERSION
        completed = self._batches.cancel(found)
        if completed is not None:
            await self._answer(completed)
        self._ready.append(json.dumps(found) if repair(found) else line)

    async def _take_batch(self, members: list[Any]) -> None:
        for member in members:
            if isinstance(member, dict):
                repair(member)
        lines, answers = self._batches.begin(members)
        self._ready += lines
        for answer in answers:
            await self._answer(answer)


def repair(message: dict[str, Any]) -> bool:
    """Repair harmless mistakes in place. Returns whether there were any.

    A progress token that is neither a string nor an integer is removed; the call is then served without progress.
    A client's response may repeat our integer id as a float, 1.0 for 1; it becomes an integer again.
    """
    number = message.get("id")
    is_fraction = "method" not in message and isinstance(number, float) and number.is_integer()
    if is_fraction:
        message["id"] = int(message["id"])
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(meta, dict) or "progressToken" not in meta:
        return is_fraction
    token = meta["progressToken"]
    if isinstance(token, str) or (isinstance(token, int) and not isinstance(token, bool)):
        return is_fraction
    if isinstance(token, float) and token.is_integer():
        meta["progressToken"] = int(token)
    else:
        del meta["progressToken"]
    return True
