"""Lines of stdin as the SDK can read them: one message each.

The SDK takes a request with an id that it does not know for a notification, which nobody answers. Such a request is
refused here, and a batch is taken apart.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from uru_mcp.server.batches import NOT_SERVED, VERSION, Answer, Batch, Batches
from uru_mcp.server.malformed_input import BYTE_ORDER_MARK, misnumbered, refused

Write = Callable[[Answer | Batch], Awaitable[None]]


class Lines:
    """The lines of a text file, until its end, of which `on_end` is told. `answer` writes what needs no SDK."""

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
        except (ValueError, RecursionError):  # which is refused where the SDK's reader fails
            self._ready.append(line)
            return
        if not isinstance(found, list):
            await self._take_message(found, line)
        elif not self._has_batches:
            await self._answer(refused(None, NOT_SERVED))
        else:
            await self._take_batch(found)

    async def _take_message(self, found: Any, line: str) -> None:
        refusal = misnumbered(found) if isinstance(found, dict) else refused(None)
        if refusal is not None:
            await self._answer(refusal)
            return
        if found.get("method") == "initialize":
            params = found.get("params")
            self._has_batches = isinstance(params, dict) and params.get("protocolVersion") == VERSION
        completed = self._batches.cancel(found)
        if completed is not None:
            await self._answer(completed)
        self._ready.append(json.dumps(found) if mended(found) else line)

    async def _take_batch(self, members: list[Any]) -> None:
        for member in members:
            if isinstance(member, dict):
                mended(member)
        lines, answers = self._batches.begin(members)
        self._ready += lines
        for answer in answers:
            await self._answer(answer)


def mended(message: dict[str, Any]) -> bool:
    """Mend what does no harm, and tell whether there was something.

    A progress token that is neither text nor a whole number is taken away, so that the call is served without progress.
    An answer to us may repeat our id as a fraction: 1.0 for 1.
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
