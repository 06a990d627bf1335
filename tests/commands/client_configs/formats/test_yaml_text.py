"""Goose's YAML is changed in place: the lines of the server come and go, and all else stays byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands.client_configs.formats.texts import document, see_an_entry_come_change_and_go
from uru_mcp.errors import ConfigurationError

ENTRY: dict[str, Any] = {
    "type": "stdio",
    "cmd": "/opt/é/uru-mcp",
    "args": [],
    "enabled": True,
    "envs": {"URU_API_KEY": "uru_test_0123"},
}
LINES = """\
  uru:
    type: "stdio"
    cmd: "/opt/é/uru-mcp"
    args: []
    enabled: true
    envs:
      URU_API_KEY: "uru_test_0123"
"""
HEAD = "extensions:\n"
OTHER = """\
# mine
GOOSE_MODEL: é # the model

extensions: # all of them
  a:
    enabled: true
    args:
    - x
    # the last of a

  "b c": {cmd: b, args: ["uru:"]}
"""
WIDE = LINES.replace("    ", "        ").replace("  uru", "    uru").replace("          URU", "            URU")
BILLIONS = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [{f'*a{n},' * 9}]\n" for n in range(9))
FOUR = "extensions:\n    a:\n        cmd: a\n"
EXAMPLES = {
    "nothing": ("", HEAD + LINES),
    "only comments": ("# mine\n\n", "# mine\n\n" + HEAD + LINES),
    "a start of the document": ("---\n", "---\n" + HEAD + LINES),
    "a directive": ("%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n" + HEAD + LINES),
    "no servers": ("extensions: {}\nz: 1\n", HEAD + LINES + "z: 1\n"),
    "no servers, with a comment": ("extensions: {} # none\n", "extensions: # none\n" + LINES),
    "nothing below": ("extensions: # none\n\nz: 1\n", "extensions: # none\n" + LINES + "\nz: 1\n"),
    "null": ("extensions: null\nz: 1\n", HEAD + LINES + "z: 1\n"),
    "other servers": (OTHER + "# end\nz: 1\n", OTHER + LINES + "# end\nz: 1\n"),
    "another indentation": (FOUR + "z:\n", FOUR + WIDE + "z:\n"),
    "servers that are not indented by a name": ("x:\n- extensions:\n", "x:\n- extensions:\n" + HEAD + LINES),
    "a name in quotation marks": ("'extensions' :\n  a: ~\n", "'extensions' :\n  a: ~\n" + LINES),
    "a text in lines": ("extensions:\n  a:\n    cmd: |\n      uru:\n       cmd: x\nz: 1\n", None),
    "a text that keeps its ends": ("extensions:\n  a:\n    cmd: >+\n      uru:\n\n\nz: |-\n  extensions:\n", None),
    "a text of several lines": ("extensions:\n  a:\n    cmd: 'x\n\n      uru: y'\n  b: x\n     y\n", None),
    "anchors and tags": ("a: &x 1\nextensions: !!map\n  a: &y\n    cmd: !custom x\n", None),
}  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("is_crlf", [False, True])
def test_the_server_is_the_last_of_its_mapping(before: str, expected: str | None, *, is_crlf: bool) -> None:
    line_end = "\r\n" if is_crlf and before else "\n"
    one = document(before.replace("\n", line_end), "goose")
    after = see_an_entry_come_change_and_go(one, ENTRY)
    if expected is not None:
        assert after.data.decode() == expected.replace("\n", line_end)
    if "  a:" in before:
        assert after.without_server("uru") == one


def test_without_its_only_server_the_mapping_is_empty_and_not_null() -> None:
    after = document("a: 1\n" + HEAD + LINES + "# end\n", "goose").without_server("uru")
    assert after.data.decode() == "a: 1\nextensions: {}\n# end\n"


def test_a_last_line_without_an_end_gets_one() -> None:
    after = see_an_entry_come_change_and_go(document("\ufeffGOOSE_MODEL: x # mine", "goose"), ENTRY)
    assert after.data.decode() == "\ufeffGOOSE_MODEL: x # mine\n" + HEAD + LINES


def test_of_an_entry_that_is_there_only_what_differs_is_changed() -> None:
    before = """\
extensions:
  uru: # mine
      cmd: /old # the old one
      enabled: false
      args: # the arguments
      - -x
      envs:
        A: "1"
        B: two # b
      description: |
        Old

        words
      # of b
  b:
    cmd: b
"""
    entry = {
        "cmd": "/new",
        "enabled": False,
        "args": ["-y"],
        "envs": {"A": "1", "C": "3"},
        "description": "new",
        "timeout": 300,
    }
    after = document(before, "goose").with_server("uru", entry)
    assert (
        after.data.decode()
        == """\
extensions:
  uru: # mine
      cmd: "/new" # the old one
      enabled: false
      args: ["-y"]
      envs:
        A: "1"
        C: "3"
      description: "new"
      timeout: 300
      # of b
  b:
    cmd: b
"""
    )


def test_an_entry_in_braces_is_written_anew() -> None:
    before = "extensions:\n  uru: {cmd: a, envs: {A: 1}} # mine\n  b: {cmd: b}\n"
    after = document(before, "goose").with_server("uru", {"cmd": "c", "envs": {"A": 1}})
    assert after.data.decode() == 'extensions:\n  b: {cmd: b}\n  uru:\n    cmd: "c"\n    envs:\n      A: 1\n'


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("extensions: {a: {cmd: a}}\n", "extensions is written in braces, { … }"),
        ("extensions: {uru: {cmd: a}}\n", "extensions is written in braces, { … }"),
        ("{}\n", "it is written in braces, { … }"),
        ('{"extensions": {}}', "it is written in braces, { … }"),
        ("a: &x {b: 1}\nextensions:\n  c: *x\n", "it has aliases, *name, which repeat other parts of it"),
        ("a: 1\n...\n", "it has an explicit end of the document, ..."),
        ("a: |\n  its last line has no end", "the result would differ in more than this entry"),
    ],
)
def test_what_cannot_be_changed_alone_is_left(before: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        document(before, "goose").with_server("uru", ENTRY)
    assert raised.value.message == f"configuration cannot be changed safely: {why}. It was not changed."


def test_a_line_that_the_entry_shares_is_not_removed() -> None:
    one = document("? extensions\n: uru:\n    cmd: a\n  b: 1\n", "goose")
    assert one.with_server("uru", {"cmd": "b"}).data == b'? extensions\n: uru:\n    cmd: "b"\n  b: 1\n'
    with pytest.raises(ConfigurationError, match="the result would differ in more than this entry"):
        one.without_server("uru")


def test_what_yaml_cannot_hold_is_not_written_and_the_rest_is_escaped() -> None:
    with pytest.raises(ConfigurationError, match="a character that YAML cannot hold"):
        document("", "goose").with_server("uru", {"cmd": "\udc80"})
    awkward = {"cmd": 'a\x7f\x85\x00\n"\\', "envs": {"no": "ü\u2028", "A B": "yes", "1": "null: #"}, "timeout": None}
    assert document("", "goose").with_server("uru", awkward).server("uru") == awkward


@pytest.mark.parametrize(
    ("data", "line", "column", "why"),
    [
        ("a: 1\nb: c: d\n", 2, 5, "this is not YAML: mapping values are not allowed here"),
        ("a:\n\t- b\n", 2, 1, "this is not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n---\nb: 2\n", 2, 1, "this is not YAML: but found another document"),
        ("- extensions\n", 1, 1, "expected a mapping, name: value"),
        ("a: 1\nextensions:\n- a\n", 3, 1, "extensions is not a mapping"),
        ("extensions: {}\nextensions: {}\n", 2, 1, "extensions appears twice"),
        ("a: b\x00\n", 1, 5, "the file has an invalid character"),
        ("- " * 101, 1, 201, "values are nested too deeply"),
        ("a: &a [*a]\n", 1, 4, "it is too large, or its aliases are"),
        (BILLIONS, 6, 5, "it is too large, or its aliases are"),
        ("#" * 100_001, 1, 1, "it is too large"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_with_its_place(data: str, line: int, column: int, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        document(data, "goose").server("uru")
    assert raised.value.message == f"configuration, line {line}, column {column}: {why}."


def test_two_servers_of_the_name_are_for_the_person_to_sort_out() -> None:
    with pytest.raises(ConfigurationError, match="line 4, column 3: a second server is named uru"):
        document("extensions:\n  uru:\n    cmd: a\n  uru:\n    cmd: b\n", "goose").with_server("uru", ENTRY)


# Parts that may stand beside each other in any order, with blanks and comments between.
ROOT = [
    "GOOSE_MODEL: é\n",
    "notes: |\n  extensions:\n    uru:\n",
    "list:\n- extensions: {}\n- 'uru'\n",
    "uru: {a: [b]}\n",
]
SERVERS = [
    "a:\n  cmd: a\n  args:\n  - x\n",
    "'b c': {cmd: b}\n",
    "d:\n",
    "e:\n    envs:\n       A: |-\n         uru:\n",
]
BETWEEN = st.sampled_from(["", "\n", "# c\n", "     # uru: {}\n\n"])


@settings(max_examples=15)
@given(st.permutations(ROOT), st.permutations(SERVERS), st.integers(1, 4), st.sampled_from([1, 2, 4]), st.data())
def test_any_configuration_gets_the_entry_and_nothing_else_and_comes_back(
    root: list[str], servers: list[str], count: int, indent: int, data: st.DataObject
) -> None:
    def margin(part: str) -> str:
        return "".join(" " * indent + line for line in part.splitlines(keepends=True))

    listed = "extensions:\n" + "".join(margin(part) + data.draw(BETWEEN) for part in servers[:count])
    text = "".join(part + data.draw(BETWEEN) for part in [*root[:2], listed, *root[2:count]])
    text = text.replace("\n", "\r\n") if data.draw(st.booleans()) else text
    before = document(data.draw(st.sampled_from(["", "\ufeff", "---\n"])) + text, "goose")
    after = see_an_entry_come_change_and_go(before, ENTRY)
    found = yaml.safe_load(before.text)
    assert yaml.safe_load(after.text) == {**found, "extensions": {**found["extensions"], "uru": ENTRY}}
    assert after.without_server("uru") == before
    at = next(n for n in range(len(after.text) + 1) if after.text[:n] != before.text[:n]) - 1
    assert after.text.endswith(before.text[at:])
