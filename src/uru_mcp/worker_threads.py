"""Runs CPU-bound work in a thread, so that the event loop keeps answering calls and noticing EOF and signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread

from uru_mcp import limits
from uru_mcp.untrusted_input.json_fields import is_larger

Value = TypeVar("Value")


async def in_time(value: Any, work: Callable[[], Value]) -> Value:
    """The result of `work`, which processes a JSON value: run directly if the value is small, else in a thread."""
    return await in_thread(work) if is_larger(value, limits.LARGE) else work()


async def in_thread(work: Callable[[], Value]) -> Value:
    """The result of `work`, run in a thread. On cancellation the thread is abandoned, not awaited."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
