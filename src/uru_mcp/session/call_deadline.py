"""Awaits an answer until a deadline, and turns every failure into an error of ours."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from uru_mcp.errors import KeyReplaced, NoAnswer, UruError, unforeseen
from uru_mcp.messages import access_messages, call_messages

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


async def in_time(answer: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    """Await the answer for so many seconds. Raises: `UruError` and no other exception."""
    try:
        with anyio.fail_after(seconds):
            try:
                return await answer()
            except KeyReplaced:
                return await answer()  # retried once from the start, through the gate with the new key
    except UruError:
        raise
    except TimeoutError:
        message = call_messages.CALL_NOT_ANSWERED.format(seconds=seconds)
        raise NoAnswer(message, fix=access_messages.TRY_IN_A_MINUTE, code="timed_out") from None
    except Exception as error:  # boundary: no exception text reaches the client
        log.exception("a request failed")
        raise unforeseen(error) from None
