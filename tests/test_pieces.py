from __future__ import annotations

import json
import random
from typing import Any

import pytest

from uru_mcp.fields import compact
from uru_mcp.pieces import cut_json, shortened_json, small_first, stretch_of

SHAPES: dict[str, Any] = {
    "list": [{"id": number, "text": "x" * 50} for number in range(100)],
    "object": {"rows": [["y" * 20] * 10] * 50, "total": 50, "next": None},
    "prose inside": {"one": {"long": "z" * 5_000}},
    "escapes": ['"\\\n\u0001é' * 3_000],
    "long names": {"k" * 900: 1, "j" * 900: 2, "short": 3},
    "nothing but brackets": [[[[]] * 50] * 50],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("room", [20, 100, 500, 1_000])
def test_a_cut_is_valid_json_within_its_room_and_a_stretch_of_the_original(shape: str, room: int) -> None:
    text = compact(SHAPES[shape])
    end, closers = cut_json(text, room)
    assert type(json.loads(text[:end] + closers)) is type(SHAPES[shape])
    assert 0 < end <= end + len(closers) <= room


def test_no_value_of_any_shape_makes_a_cut_invalid() -> None:
    chance = random.Random(3)  # noqa: S311 - always the same values

    def value(depth: int) -> Any:
        kind = chance.random()
        if depth > 4 or kind < 0.35:
            text = chance.choice(['ab"c\\\n', "x", "é\u0001😀"]) * chance.randint(0, 400)
            return chance.choice([1, -2.5e10, True, None, "", text])
        if kind < 0.65:
            return [value(depth + 1) for _ in range(chance.randint(0, 5))]
        return {f'"{n}' * chance.randint(1, 3): value(depth + 1) for n in range(chance.randint(0, 5))}

    for _ in range(2_000):
        text = compact([value(0), value(0)])
        room = chance.randint(2, len(text))
        end, closers = cut_json(text, room)
        json.loads(text[:end] + closers)
        assert end + len(closers) <= room


def test_items_of_a_list_are_kept_whole() -> None:
    rows = [{"line": number, "name": f"row {number}"} for number in range(500)]
    assert shortened_json(rows, 1_000) == rows[: len(shortened_json(rows, 1_000))]


def test_a_short_text_is_never_cut_and_a_long_one_is() -> None:
    assert shortened_json(["run_0123456789abcdef", "x" * 90], 30) == ["run_0123456789abcdef"]
    assert shortened_json(["y" * 5_000], 1_000) == ["y" * 996]


def test_totals_and_cursors_survive_beside_a_long_list() -> None:
    page = {"items": list(range(5_000)), "total": 5_000, "next_cursor": "abc"}
    cut = shortened_json(page, 500)
    assert (cut["total"], cut["next_cursor"]) == (5_000, "abc")
    assert cut["items"] == list(range(len(cut["items"])))
    assert small_first(page) == page


@pytest.mark.parametrize(
    ("excerpt", "stretch"),
    [
        ("… two\n\n  three …", "two\n\n  three"),
        ("two three", "two\n\n  three"),
        ("(note) f(x) \\(y)", "[note] f(x) \\(y)"),
        ("[note]...", "[note]"),
        ("one", None),
        ("four", None),
        ("…", None),
    ],
)
def test_an_excerpt_is_found_where_it_stands_once(excerpt: str, stretch: str | None) -> None:
    text = "one\none two\n\n  three [note] f(x) \\(y)"
    found = stretch_of(excerpt, text)
    assert (found and text[slice(*found)]) == stretch
