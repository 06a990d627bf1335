"""No line on stdin makes its reader raise."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp import types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from uru_mcp.server.malformed_input import recovered, refuse_shapeless

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("jsonrpc", "id", "method", "params", "result", "error"), VALUES)
)


def read(line: str) -> SessionMessage | types.JSONRPCError | None:
    """What becomes of a line, as it is refused at once, and otherwise as the SDK and this module read it."""
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
        refusal = refuse_shapeless(found) if isinstance(found, dict) else None
        if refusal is not None:
            return refusal
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except (ValidationError, ValueError) as error:
        return recovered(error)


@given(st.text())
@example("9" * 6_000)
@example('{"id": ' + "9" * 6_000 + "}")
@example('"\\ud800"')
@example("[" * 100_000)
@example('{"a": ' * 2_000 + "1" + "}" * 2_000)
def test_any_text_is_a_message_or_an_error_or_nothing(line: str) -> None:
    answer = read(line)
    assert answer is not None or not line.strip()


@given(MESSAGES)
@example({"jsonrpc": None, "id": 0, "method": None, "params": None, "result": None, "error": None})
@example({"jsonrpc": "2.0", "id": "a", "method": None, "result": None})
def test_what_is_almost_a_message_is_answered_under_its_own_id(message: dict[str, Any]) -> None:
    answer = read(json.dumps(message))
    if isinstance(answer, types.JSONRPCError):
        own = message.get("id")
        assert answer.id == (own if isinstance(own, (int, str)) and not isinstance(own, bool) else None)


@pytest.mark.parametrize("number", [7, "seven"])
def test_an_id_is_found_also_where_another_member_is_wrong(number: int | str) -> None:
    answer = read(json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping", "params": [1]}))
    assert isinstance(answer, types.JSONRPCError)
    assert answer.id == number
