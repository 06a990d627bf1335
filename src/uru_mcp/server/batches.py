"""JSON-RPC batches: splits an array of messages, and collects the responses into one array.

Only MCP 2025-03-26 has batches, and it requires servers to support them. This module does no I/O.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import mcp.types as types
from pydantic import ValidationError

from uru_mcp.messages import call_messages
from uru_mcp.server.malformed_input import recovered, refuse_invalid_id, refused, replace_lone_surrogates

VERSION = "2025-03-26"
CANCELLED = "notifications/cancelled"
AT_MOST = 1000  # messages of a batch

NOT_SERVED = call_messages.BATCHES_OF_ONE_VERSION.format(version=VERSION)
EMPTY = call_messages.EMPTY_BATCH
TOO_MANY = call_messages.LARGE_BATCH.format(at_most=AT_MOST)
ALONE = call_messages.INITIALIZE_ALONE
IN_USE = call_messages.ID_IN_USE

Id = int | str
Answer = types.JSONRPCResponse | types.JSONRPCError


@dataclass(eq=False, slots=True)
class Batch:
    """The responses so far, and the ids of the requests that are still pending."""

    answers: list[Answer] = field(default_factory=list)
    waiting: set[Id] = field(default_factory=set)

    def model_dump_json(self, **options: Any) -> str:
        """Serialize like a model of the SDK, which calls this method on every message that it writes."""
        return f"[{','.join(answer.model_dump_json(**options) for answer in self.answers)}]"


class Batches:
    """Tracks the batches that still have pending requests."""

    def __init__(self) -> None:
        self._by_id: dict[Id, Batch] = {}

    def begin(self, members: list[Any]) -> tuple[list[str], list[Answer | Batch]]:
        """Start a batch: returns its messages, one per line, and the responses that can be written at once.

        Those are an error for the whole batch, or batches that are already complete.
        """
        if not members or len(members) > AT_MOST:
            return [], [refused(None, EMPTY if not members else TOO_MANY)]
        batch, lines = Batch(), []
        done: list[Answer | Batch] = []
        for member in members:
            refusal = self._refusal(member, batch)
            if refusal is not None:
                batch.answers.append(refusal)
                continue
            lines.append(json.dumps(replace_lone_surrogates(member)))
            completed = self.cancel(member)
            if completed is not None and completed is not batch:
                done.append(completed)
        if batch.answers and not batch.waiting:
            done.append(batch)
        return lines, done

    def collect(self, answer: Answer) -> Answer | Batch | None:
        """Add a response: returns it if it belongs to no batch, its batch if that is now complete, and else None."""
        batch = self._by_id.get(answer.id) if isinstance(answer.id, (int, str)) else None
        if batch is None:
            return answer
        batch.answers.append(answer)
        return self._settle(batch, answer.id)

    def cancel(self, message: dict[str, Any]) -> Batch | None:
        """If the message cancels a request, drop that request: returns its batch if that is now complete."""
        params = message.get("params") if message.get("method") == CANCELLED else None
        number = params.get("requestId") if isinstance(params, dict) else None
        batch = self._by_id.get(number) if isinstance(number, (int, str)) else None
        done = None if batch is None else self._settle(batch, number)
        return done if done is not None and done.answers else None

    def _settle(self, batch: Batch, number: Any) -> Batch | None:
        del self._by_id[number]
        batch.waiting.discard(number)
        return batch if not batch.waiting else None

    def _refusal(self, member: Any, batch: Batch) -> Answer | None:
        """The error for a member that cannot be handled; None if it can be, and a request then becomes pending."""
        refusal = refuse_invalid_id(member) if isinstance(member, dict) else refused(None)
        if refusal is not None:
            return refusal
        try:
            message = types.jsonrpc_message_adapter.validate_python(replace_lone_surrogates(member), by_name=False)
        except ValidationError as error:
            answer = recovered(error)
            return answer if isinstance(answer, types.JSONRPCError) else refused(None)
        if not isinstance(message, types.JSONRPCRequest):
            return None
        if message.method == "initialize" or message.id in self._by_id:
            return refused(message.id, ALONE if message.method == "initialize" else IN_USE)
        self._by_id[message.id] = batch
        batch.waiting.add(message.id)
        return None
