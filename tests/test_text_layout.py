"""Tables, wrapped and shortened lines fit a terminal of any width, also with wide characters and long names."""

from __future__ import annotations

import pytest

from uru_mcp.text_layout import (
    UNLIMITED,
    padded,
    shortened,
    shortened_in_the_middle,
    table,
    terminal_width,
    width_of,
    wrapped,
)

HEADING = ["ID", "NAME", "WORKSPACE", "USES"]
ROWS = [
    ["key_1", "Claude Desktop", "Acme", "7"],
    ["key_2", "東京の営業チームのための鍵", "Globex GmbH & Co. KG", "1234"],
]


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    assert table(ROWS, heading=HEADING, width=120, right=frozenset({3})) == [
        "ID     NAME                        WORKSPACE             USES",
        "key_1  Claude Desktop              Acme                     7",
        "key_2  東京の営業チームのための鍵  Globex GmbH & Co. KG  1234",
    ]


def test_a_table_that_does_not_fit_becomes_a_block_for_each_row() -> None:
    assert table(ROWS, heading=HEADING, width=60) == [
        "key_1",
        "  name       Claude Desktop",
        "  workspace  Acme",
        "  uses       7",
        "key_2",
        "  name       東京の営業チームのための鍵",
        "  workspace  Globex GmbH & Co. KG",
        "  uses       1234",
    ]


@pytest.mark.parametrize("width", [20, 60, 80, 120])
@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [["  tool", "Sends a mail to whom it may concern, and says so in as many words as it takes."]],
        [["x" * 19, "鍵" * 200], ["é" * 15, "👍 " * 60]],
        [["a", "", ""], ["b", "c", "d e " * 50]],
    ],
)
def test_no_line_is_wider_than_the_terminal(rows: list[list[str]], width: int) -> None:
    lines = table(rows, width=width)
    assert [line for line in lines if width_of(line) > width] == []
    shown = "".join(lines).replace(" ", "")
    assert all(cell.replace(" ", "") in shown for row in rows for cell in row)


def test_free_text_in_the_last_column_stays_in_its_column() -> None:
    assert table([["op", "one of list, get and search; required. What is to be done"]], width=36) == [
        "op  one of list, get and search;",
        "    required. What is to be done",
    ]


def test_words_that_may_be_copied_stay_whole() -> None:
    path = "/a/long/path/to/a/configuration.json"
    assert wrapped(f"Written: {path} now", 24, indent=2) == ["Written:", f"  {path}", "  now"]


def test_long_texts_are_cut_at_a_character_and_say_so() -> None:
    assert shortened("鍵鍵鍵鍵", 6) == "鍵鍵…"
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened_in_the_middle("gmail_demo__GMAIL_SEND_EMAIL", 11) == "gmail…EMAIL"
    assert width_of(shortened_in_the_middle("鍵" * 30, 11)) <= 11
    assert padded("鍵", 4) == "鍵  "


def test_the_width_is_that_of_the_terminal_and_no_limit_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert terminal_width() == 72
    monkeypatch.setenv("COLUMNS", "0")
    assert terminal_width() == UNLIMITED  # the output of the tests is no terminal
