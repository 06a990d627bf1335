from __future__ import annotations

import json
from typing import Any

import pytest

from uru_mcp.redaction import Redaction
from uru_mcp.render import Renderer, fitted
from uru_mcp.wire import RunResult


@pytest.mark.parametrize(
    ("data", "text"),
    [("plain words", "plain words"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), (None, "null"), ([], "[]"), (0, "0")],
)
def test_text_and_structure_say_the_same(data: Any, text: str) -> None:
    rendered = Renderer(Redaction(), budget=1_000).result(RunResult(data, "log_1"))
    assert rendered.text == text
    assert rendered.structure == {"data": data, "log_id": "log_1"}


@pytest.mark.parametrize(
    "data",
    [
        [{"id": number, "text": "x" * 50} for number in range(100)],
        {"rows": [["y" * 20] * 10] * 50, "total": 50, "next": None},
        {"one": {"long": "z" * 5_000}},
        ['"\\' * 3_000],
        {"k" * 900: 1, "j" * 900: 2, "short": 3},
    ],
    ids=["list", "object", "nested text", "escapes", "long names"],
)
def test_json_that_is_cut_stays_valid_and_within_its_room(data: Any) -> None:
    for room in (100, 500, 1_000):
        cut = fitted(data, room)
        assert type(cut) is type(data)
        assert len(json.dumps(cut, ensure_ascii=False, separators=(",", ":"))) <= room


def test_small_members_survive_beside_a_large_one() -> None:
    cut = fitted({"rows": list(range(5_000)), "total": 5_000, "next_cursor": "abc"}, 500)
    assert (cut["total"], cut["next_cursor"]) == (5_000, "abc")
    assert cut["rows"] == list(range(len(cut["rows"])))


def test_a_cut_text_says_how_much_there_is() -> None:
    rendered = Renderer(Redaction(), budget=1_000).result(RunResult("w" * 5_000, None))
    assert rendered.structure["cut"] == {"shown": 1_000, "total": 5_000}
    assert rendered.text.startswith("w" * 1_000 + "\n[Cut: 1000 of 5000 characters.")
