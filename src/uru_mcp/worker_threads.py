"""Work that keeps the processor busy: in a thread, so that calls are answered, and EOF and signals seen, meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread

from uru_mcp import limits
from uru_mcp.untrusted_input.json_fields import is_larger

Value = TypeVar("Value")


async def in_time(value: Any, work: Callable[[], Value]) -> Value:
    """What the work makes of a JSON value: at once where the value is small."""
    return await in_thread(work) if is_larger(value, limits.LARGE) else work()


async def in_thread(work: Callable[[], Value]) -> Value:
    """Whoever stops waiting does not wait for the thread either."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
