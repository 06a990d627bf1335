"""A configuration is changed in place: the entry comes and goes, and all else stays byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uru_mcp.commands.client_configs.document import Document, undone
from uru_mcp.commands.client_configs.formats.json_syntax import parse
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.errors import ConfigurationError

ENTRY = {"command": "/opt/python", "args": ["-m", "uru_mcp"], "env": {"URU_API_KEY": "uru_test_0123"}}
SPREAD = """\
"uru": {
  "command": "/opt/python",
  "args": [
    "-m",
    "uru_mcp"
  ],
  "env": {
    "URU_API_KEY": "uru_test_0123"
  }
}"""
COMPACT = '"uru":{"command":"/opt/python","args":["-m","uru_mcp"],"env":{"URU_API_KEY":"uru_test_0123"}}'
SPACED = '"uru": {"command": "/opt/python", "args": ["-m", "uru_mcp"], "env": {"URU_API_KEY": "uru_test_0123"}}'


def document(data: str | bytes, client: str = "claude-desktop") -> Document:
    configuration = Configuration(CLIENTS[client], Path("configuration.json"))
    return Document(configuration, data if isinstance(data, bytes) else data.encode())


def spread(margin: str, indent: str = "  ", line_end: str = "\n") -> str:
    first, *others = SPREAD.splitlines()
    steps = [(len(line) - len(line.lstrip())) // 2 for line in others]
    rest = [margin + indent * step + line.lstrip() for step, line in zip(steps, others, strict=True)]
    return line_end.join([margin + first, *rest])


EXAMPLES = {
    "an empty file": ("", '{\n  "mcpServers": {\n' + spread("    ") + "\n  }\n}\n"),
    "an empty object": ("{}", '{\n  "mcpServers": {\n' + spread("    ") + "\n  }\n}"),
    "an empty object over two lines": ("{\n}\n", '{\n  "mcpServers": {\n' + spread("    ") + "\n  }\n}\n"),
    "no server yet": (
        '{\n  "mcpServers": {},\n  "theme": "dark"\n}\n',
        '{\n  "mcpServers": {\n' + spread("    ") + '\n  },\n  "theme": "dark"\n}\n',
    ),
    "another server, with four spaces": (
        '{\n    "mcpServers": {\n        "a": {"command": "a"}\n    }\n}',
        '{\n    "mcpServers": {\n        "a": {"command": "a"},\n' + spread("        ", "    ") + "\n    }\n}",
    ),
    "tabs, CRLF and a mark": (
        b'\xef\xbb\xbf{\r\n\t"theme": "dark"\r\n}\r\n',
        '\ufeff{\r\n\t"theme": "dark",\r\n\t"mcpServers": {\r\n' + spread("\t\t", "\t", "\r\n") + "\r\n\t}\r\n}\r\n",
    ),
    "one line": ('{"mcpServers":{"a":{"command":"a"}}}', '{"mcpServers":{"a":{"command":"a"},' + COMPACT + "}}"),
    "one line with blanks": (
        '{"mcpServers": {"a": {"command": "a"}}}\n',
        '{"mcpServers": {"a": {"command": "a"}, ' + SPACED + "}}\n",
    ),
    "one line without a server": ('{"mcpServers": {}}', '{"mcpServers": {' + SPACED + "}}"),
}

RELAXED = {
    "only comments": ("// mine", '// mine\n{\n  "context_servers": {\n' + spread("    ") + "\n  }\n}\n"),
    "a comment after the last server": (
        '{\n  "context_servers": {\n    "a": {} // the first\n  }\n}',
        '{\n  "context_servers": {\n    "a": {}, // the first\n' + spread("    ") + "\n  }\n}",
    ),
    "a comma after the last server": (
        '{\n  // all\n  "context_servers": {\n    "a": {},\n  },\n}',
        '{\n  // all\n  "context_servers": {\n    "a": {},\n' + spread("    ") + ",\n  },\n}",
    ),
    "nothing but a comment among the servers": (
        '{\n  "context_servers": {\n    // none\n  }\n}',
        '{\n  "context_servers": {\n    // none\n' + spread("    ") + "\n  }\n}",
    ),
}

ALL = [(client, *pair) for client, pairs in (("claude-desktop", EXAMPLES), ("zed", RELAXED)) for pair in pairs.values()]
NAMES = [*EXAMPLES, *RELAXED]


@pytest.mark.parametrize(("client", "before", "after"), ALL, ids=NAMES)
def test_the_entry_is_added_as_the_file_is_written(client: str, before: str | bytes, after: str) -> None:
    assert document(before, client).with_server("uru", ENTRY).data.decode() == after


@pytest.mark.parametrize(("client", "before", "after"), ALL, ids=NAMES)
def test_what_was_added_is_undone_byte_for_byte(client: str, before: str | bytes, after: str) -> None:
    original = document(before, client)
    assert undone(document(after, client), "uru", [document("{broken"), original]) == original


BESIDE_ANOTHER = [one for one in ALL if '"a"' in str(one[1])]


@pytest.mark.parametrize(("client", "before", "after"), BESIDE_ANOTHER)
def test_beside_another_server_it_is_undone_without_any_memory(client: str, before: str, after: str) -> None:
    assert undone(document(after, client), "uru", []) == document(before, client)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"mcpServers": {"uru": {}, "b": 1}}', '{"mcpServers": {"b": 1}}'),
        ('{"mcpServers": {"a": 1, "uru": {}, "b": 1}}', '{"mcpServers": {"a": 1, "b": 1}}'),
        ('{"mcpServers": {"a": 1, "uru": {}}}', '{"mcpServers": {"a": 1}}'),
        ('{"mcpServers": {\n  "uru": {},\n  "b": 1\n}}', '{"mcpServers": {\n  "b": 1\n}}'),
        ('{"mcpServers": {\n  "a": 1,\n  "uru": {}}}', '{"mcpServers": {\n  "a": 1}}'),
        ('{"mcpServers": {\n  "uru": {}\n}}', '{"mcpServers": {}}'),
    ],
)
def test_first_in_the_middle_or_last_it_goes_with_its_comma(before: str, after: str) -> None:
    assert document(before).without_server("uru") == document(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"servers": {\n// c\n"uru": {}, "b": 1}}', '{"servers": {\n// c\n"b": 1}}'),
        ('{"servers": {\n// c\n"uru": {}}}', '{"servers": {\n// c\n}}'),
        ('{"servers": {"a": 1, /* c */ "uru": {}, }}', '{"servers": {"a": 1, /* c */  }}'),
        ('{"servers": {"uru": {}, // c\n"b": 1}}', '{"servers": { // c\n"b": 1}}'),
        ('{"servers": {"uru": {} /* c */, "b": 1}}', '{"servers": {"b": 1}}'),
    ],
)
def test_comments_beside_it_stay_and_swallow_nothing(before: str, after: str) -> None:
    left = document(before, "vscode").without_server("uru")
    assert left == document(after, "vscode")
    assert left.server("b") == document(before, "vscode").server("b")


def test_of_an_entry_that_is_there_only_what_differs_is_changed() -> None:
    before = (
        '{"servers": {\n  "uru": { // mine\n    "command": "/old", "cwd": "/",\n    "env": {"A": "1", "B": "2"},\n  }}}'
    )
    after = before.replace("/old", "/new").replace(', "B": "2"', ', "C": "3"')
    entry = {"command": "/new", "cwd": "/", "env": {"A": "1", "C": "3"}}
    assert document(before, "vscode").with_server("uru", entry).data.decode() == after


def test_an_entry_that_is_no_object_is_replaced() -> None:
    assert document('{"mcpServers":{"uru":null}}').with_server("uru", {"command": "a"}).data == (
        b'{"mcpServers":{"uru":{"command":"a"}}}'
    )


@pytest.mark.parametrize("change", [lambda one: one.with_server("uru", ENTRY), lambda one: one.without_server("uru")])
def test_two_servers_of_the_name_are_for_the_person_to_sort_out(change: Any) -> None:
    with pytest.raises(ConfigurationError, match="line 2, column 1: a second server is named uru"):
        change(document('{"mcpServers": {"uru": {},\n"uru": {}, "b": 1}}'))


def test_half_a_character_in_an_unknown_field_stays_what_it_is() -> None:
    before = document(r'{"mcpServers": {"uru": {"command": "a", "x": "\ud800"}}}')
    assert before.with_server("uru", {"command": "\udc80", "x": "\ud800"}).server("uru") == {
        "command": "\udc80",
        "x": "\ud800",
    }


def test_a_document_is_read_only_once_since_some_are_large() -> None:
    one = document('{"mcpServers": {"a": {}}}')
    assert one.entries is one.entries
    assert one.text is one.text


# Any object, written in any of the ways in which people and programs write JSON, with comments where they are allowed.
values = st.sampled_from(
    [None, True, -1.5e3, "", 'a "quoted" \\', "{ // é", [], [1, ["x"]], {}, {"b": {"c": [{}]}, "": 0}]
)
servers = st.none() | st.dictionaries(st.sampled_from(["a", "b", "é"]), values, max_size=2)
others = st.dictionaries(st.sampled_from(["theme", "x", ""]), values, max_size=2)
blanks = st.text(alphabet=" \t\n", max_size=3) | st.sampled_from(["// c\n", " /* { , */ ", "\n  // c\n  "])


@st.composite
def written(draw: st.DrawFn) -> str:
    """A VS Code configuration."""
    how: dict[str, Any] = draw(st.sampled_from([{"indent": 2}, {"indent": 4}, {"indent": "\t"}, {}, {"indent": 0}]))
    compact: dict[str, Any] = {"separators": (",", ":")}
    first, middle, last = draw(others), draw(servers), draw(others)
    root = {**first, **({} if middle is None else {"servers": middle}), **last}
    text = json.dumps(root, ensure_ascii=draw(st.booleans()), **(how or draw(st.sampled_from([{}, compact]))))
    if draw(st.booleans()):
        pieces, at = [], 0
        for token in [*_structure(text)]:
            pieces += [text[at:token], draw(blanks) if draw(st.booleans()) else ""]
            at = token
        text = "".join([*pieces, text[at:]])
    return draw(st.sampled_from(["", "\ufeff"])) + (text.replace("\n", "\r\n") if draw(st.booleans()) else text)


def _structure(text: str) -> list[int]:
    """Where blanks and comments may stand: before each brace, bracket, comma and colon outside of strings."""
    found, is_inside, is_escaped = [], False, False
    for at, character in enumerate(text):
        if is_inside:
            is_inside = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            is_inside = True
        elif character in "{}[],:":
            found.append(at)
    return found


@settings(max_examples=60)
@given(written())
def test_any_configuration_gets_the_entry_and_nothing_else_and_comes_back(text: str) -> None:
    before = document(text, "vscode")
    root = parse(before.text, is_relaxed=True)
    assert root is not None
    after = before.with_server("uru", ENTRY)
    changed = parse(after.text, is_relaxed=True)
    assert changed is not None
    assert changed.value == {**root.value, "servers": {**root.value.get("servers", {}), "uru": ENTRY}}
    assert list(changed.value)[: len(root.value)] == list(root.value)
    assert after.with_server("uru", ENTRY) == after
    assert undone(after, "uru", [before]) == before

    without = parse(after.without_server("uru").text, is_relaxed=True)
    assert without is not None
    assert without.value == {**root.value, "servers": root.value.get("servers", {})}
    if root.value.get("servers") and "*/" not in text and "// c" not in text:
        assert after.without_server("uru") == before
