from __future__ import annotations

import json
from typing import Any

import pytest

from uru_mcp.errors import ArgumentError
from uru_mcp.results.render import Remainder, Renderer
from uru_mcp.untrusted_input.redaction import Redaction

REST = Remainder("uru_result", "call_id", "call_1")


@pytest.mark.parametrize(
    ("data", "text"),
    [("plain words", "plain words"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), (None, "null"), ([], "[]"), (0, "0")],
)
def test_text_and_structure_say_the_same(data: Any, text: str) -> None:
    renderer = Renderer(Redaction(), budget=1_000)
    rendered = renderer.result(renderer.document(data, {"log_id": "log_1"}, ["[A note.]"]))
    said = rendered.text
    mark = said.splitlines()[2]
    assert said == f"[A note.]\n[Log id: log_1]\n{mark}\n{text}\n</{mark[1:]}"
    assert rendered.structure == {"log_id": "log_1", "note": "A note.", "data": data}
    assert list(rendered.structure)[-1] == "data"


@pytest.mark.parametrize("data", [{"rows": [[number] * 9 for number in range(2_000)], "total": 2_000}, "wörd " * 5_000])
def test_the_pieces_of_a_result_put_together_are_the_result(data: Any) -> None:
    renderer = Renderer(Redaction(), budget=3_000)
    document = renderer.document(data, {})
    whole, offset = "", 0
    while offset is not None:
        piece = renderer.result(document, REST, offset=offset)
        cut = piece.structure["cut"]
        assert (cut["offset"], cut["total"], cut["call_id"]) == (offset, len(document.text), "call_1")
        assert len(piece.body) <= 3_000
        whole += piece.body[: cut["shown"]]
        offset = cut["next_offset"]
    assert (whole if isinstance(data, str) else json.loads(whole)) == data


def test_a_number_longer_than_a_piece_comes_in_pieces_too() -> None:
    renderer = Renderer(Redaction(), budget=1_000)
    document = renderer.document(10**1_500, {})
    first, last = renderer.result(document, REST), renderer.result(document, REST, offset=1_000)
    assert first.structure["cut"]["next_offset"] == 1_000
    assert first.body + last.body == str(10**1_500)


def test_a_cut_says_in_words_where_it_goes_on() -> None:
    renderer = Renderer(Redaction(), budget=1_000)
    document = renderer.document("w" * 1_500, {})
    first, last = renderer.result(document, REST), renderer.result(document, REST, offset=1_000)
    assert first.notes == (
        "[Cut: characters 0 to 1000 of 1500. Go on with uru_result, call_id call_1, offset 1000, or with any other"
        " offset below 1500.]",
    )
    assert last.notes == ("[The last piece: characters 1000 to 1500 of 1500.]",)
    assert last.structure["data"] == "w" * 500


def test_an_offset_beyond_the_end_is_an_error_and_not_an_empty_piece() -> None:
    renderer = Renderer(Redaction(), budget=1_000)
    with pytest.raises(ArgumentError) as raised:
        renderer.result(renderer.document("short", {}), REST, offset=5)
    assert "5 characters" in raised.value.message
