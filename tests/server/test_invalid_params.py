"""What is wrong with the parameters of a request is told by the name of the field, over raw JSON-RPC."""

from __future__ import annotations

from typing import Any

import pytest

from tests.process import MODERN, served

LOG_NOTE = "company_demo__LOG_NOTE"
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("tools/call", {"arguments": {}}, "`name` is missing"),
    ("tools/call", {"name": 7}, "`name`: expected string, got integer"),
    ("tools/call", {"name": LOG_NOTE, "arguments": ["uru_test_x"]}, "`arguments`: expected object, got array"),
    ("tools/call", {"name": LOG_NOTE, "arguments": "{}"}, "`arguments`: expected object, got string"),
    ("tools/list", {"cursor": True}, "`cursor`: expected string, got boolean"),
    ("resources/read", {}, "`uri` is missing"),
    ("resources/read", {"uri": {}}, "`uri`: expected string, got object"),
    ("prompts/get", {"name": "p", "arguments": {"a b": 1.5}}, "`arguments.a b`: expected string, got number"),
    ("completion/complete", {"argument": {"name": "a", "value": None}, "ref": {"type": "ref/prompt", "name": "p"}},
     "`argument.value`: expected string, got null"),
    ("completion/complete", {"argument": {"name": "a", "value": "x"}, "ref": {"type": "x"}}, "`ref.type` is not valid"),
]  # fmt: skip


@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
async def test_an_error_about_parameters_names_the_field_and_no_value(version: str) -> None:
    async with served("--sandbox") as claude:
        if version == MODERN:
            claude.modern = True
        else:
            early = (await claude.ask("tools/list"))["error"]
            assert "`initialize`" in early["message"]
            await claude.initialize(version)
        for method, params, said in CASES:
            error = (await claude.ask(method, params))["error"]
            assert error["code"] == -32602
            assert error["message"].startswith("Invalid request parameters: ")
            assert said in error["message"]
            assert "uru_test_x" not in str(error)
