"""Codex's TOML is changed in place: the tables of the server come and go, and all else stays byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands.client_configs.formats.texts import document, see_an_entry_come_change_and_go
from uru_mcp.errors import ConfigurationError

ENTRY = {"command": "/opt/é/uru-mcp", "args": [], "startup_timeout_sec": 30, "env": {"URU_API_KEY": "uru_test_0123"}}
TABLE = """\
[mcp_servers.uru]
command = "/opt/é/uru-mcp"
args = []
startup_timeout_sec = 30

[mcp_servers.uru.env]
URU_API_KEY = "uru_test_0123"
"""
LOOK_ALIKES = '''\
prompt = """
[mcp_servers.uru]
command = "no" \\"""
still the same"""""
other = \'\'\'
[mcp_servers.uru.env]
\'\'\'
list = [
  "[mcp_servers.uru]", # ]
  [1, 2],
]
# [mcp_servers.uru]
'''
EXAMPLES = {
    "nothing": "",
    "only comments": "# mine\n\n",
    "settings": 'model = "x"\n',
    "a table of servers": "[mcp_servers]\n[mcp_servers.a]\ncommand = 'a' # the first\n\n[z]\nx = 1\n",
    "dotted keys": 'mcp_servers.a.command = "a"\nmcp_servers.a.args = []\n',
    "quoted keys": '[ "mcp_servers" . \'b.c\' ]\n"command"="b"\n[[list]]\nx = 1\n[[list]]\n',
    "what looks like the server": LOOK_ALIKES,
    "values of every kind": "a = nan\nb = inf\nc = 1979-05-27T07:32:00Z\nd = 0xff\ne = {x = [1, {y = 2}]}\n\n\n",
}


@pytest.mark.parametrize("before", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("is_crlf", [False, True])
def test_the_server_is_a_table_at_the_end(before: str, *, is_crlf: bool) -> None:
    text = before + ("\n" if before.strip() else "") + TABLE
    before, text = ((one.replace("\n", "\r\n") if is_crlf and before else one) for one in (before, text))
    given = document(before, "codex")
    after = see_an_entry_come_change_and_go(given, ENTRY)
    assert after.data.decode() == text
    assert after.without_server("uru") == given


def test_a_last_line_without_an_end_gets_one() -> None:
    before = document('\ufeffmodel = "x" # mine', "codex")
    after = see_an_entry_come_change_and_go(before, ENTRY)
    assert after.data.decode() == '\ufeffmodel = "x" # mine\n\n' + TABLE


def test_of_an_entry_that_is_there_only_what_differs_is_changed() -> None:
    before = """\
[mcp_servers.uru] # mine
  command = "/old" # the old one
  enabled = false
  args = [
    "-x", # an x
  ]
env = { "A" = "1", B = "2" } # the environment
tools.search = { approval_mode = "approve" }

# of the next
[mcp_servers.b]
command = "b"
"""
    entry = {
        "command": "/new",
        "enabled": False,
        "args": ["-y"],
        "env": {"A": "1", "C": "3"},
        "tools": {"search": {"approval_mode": "approve"}},
        "startup_timeout_sec": 30,
    }
    after = document(before, "codex").with_server("uru", entry)
    assert after.data.decode() == before.replace('"/old"', '"/new"').replace(
        '[\n    "-x", # an x\n  ]', '["-y"]'
    ).replace('{ "A" = "1", B = "2" }', '{ A = "1", C = "3" }').replace(
        '"approve" }\n', '"approve" }\n  startup_timeout_sec = 30\n'
    )
    assert after.without_server("uru").data.decode() == '\n# of the next\n[mcp_servers.b]\ncommand = "b"\n'


def test_its_tables_are_found_among_others_and_their_comments_stay_with_the_others() -> None:
    before = '[mcp_servers.uru.env]\nA = "1"\n\n# b\n[mcp_servers.b]\n\n["mcp_servers"."uru"]\ncommand = "u"\n# end\n'
    one = document(before, "codex")
    assert one.server("uru") == {"env": {"A": "1"}, "command": "u"}
    assert one.without_server("uru").data.decode() == "\n# b\n[mcp_servers.b]\n# end\n"
    changed = one.with_server("uru", {"env": {"A": "2"}, "command": "v"})
    assert changed.data.decode() == before.replace('"1"', '"2"').replace('"u"\n', '"v"\n')


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("mcp_servers = {}\n", "mcp_servers is an inline table, { … }"),
        ('mcp_servers = {uru = {command = "a"}}\n', "mcp_servers is an inline table, { … }"),
        ('[mcp_servers]\nuru.command = "a"\n', "the server is not a table of its own, [mcp_servers.uru]"),
    ],
)
def test_what_cannot_be_changed_alone_is_left(before: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        document(before, "codex").with_server("uru", ENTRY)
    assert raised.value.message == f"configuration cannot be changed safely: {why}. It was not changed."
    assert raised.value.details == {"by_hand": ""}


def test_what_toml_cannot_hold_is_not_written() -> None:
    with pytest.raises(ConfigurationError, match="a character that TOML cannot hold"):
        document("", "codex").with_server("uru", {"command": "\udc80"})
    awkward = {"command": 'a\x7f\x00\n"\\', "env": {"A B": "ü\u2028"}}
    assert document("", "codex").with_server("uru", awkward).server("uru") == awkward


@pytest.mark.parametrize(
    ("data", "line", "column", "why"),
    [
        ("a = 1\nb = \n", 2, 5, "this is not TOML: invalid value"),
        ("a = 1\na = 2\n", 2, 6, "this is not TOML: cannot overwrite a value"),
        ("a = [1,\n", 2, 1, "this is not TOML: invalid value"),
        ("# x\n[[mcp_servers]]\n", 2, 1, "mcp_servers is not a table"),
        ("a = " + "[" * 100_000, 1, 1, "values are nested too deeply"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(data: str, line: int, column: int, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        document(data, "codex").server("uru")
    assert raised.value.message == f"configuration, line {line}, column {column}: {why}."


# Parts that may stand beside each other, in any order after the first, with blanks and comments between.
HEADS = [
    "",
    'model = "x"\n',
    "mcp_servers.a.command = 'a'\n",
    "x = [\n1,\n]\n",
    "notes = '''\n[mcp_servers.uru]\n'''\n",
]
PARTS = [
    '[mcp_servers.b]\ncommand = "b"\n',
    "[ mcp_servers . 'c.d' ] # c\nargs=[\n'[x]' ]\n",
    "[mcp_servers.b.env]\nA.B = 1\n",
    '[z]\n  s = """\n\n[mcp_servers.uru.env]"""\n',
    "[[list]]\n[list.uru]\n",
    "[uru]\n[uru.mcp_servers]\n",
]
BETWEEN = st.sampled_from(["", "\n", "\n\n", "# c\n", "  # [mcp_servers.uru]\n\n", " \t\n"])


@settings(max_examples=20)
@given(st.sampled_from(HEADS), st.permutations(PARTS), st.integers(0, len(PARTS)), st.data())
def test_any_configuration_gets_the_entry_and_nothing_else_and_comes_back(
    head: str, parts: list[str], count: int, data: st.DataObject
) -> None:
    text = "".join(piece + data.draw(BETWEEN) for piece in [head, *parts[:count]])
    text = text.replace("\n", "\r\n") if data.draw(st.booleans()) else text
    text = text.rstrip("\r\n") if data.draw(st.booleans()) else text
    before = document(data.draw(st.sampled_from(["", "\ufeff"])) + text, "codex")
    after = see_an_entry_come_change_and_go(before, ENTRY)
    root = tomllib.loads(text)
    assert tomllib.loads(after.text) == {**root, "mcp_servers": {**root.get("mcp_servers", {}), "uru": ENTRY}}
    assert after.data.startswith(before.data)
    if not text or text.endswith("\n"):
        assert after.without_server("uru") == before
