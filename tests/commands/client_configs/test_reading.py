"""Configurations are read as their clients read them, and what is wrong is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uru_mcp.commands.client_configs.formats.json_syntax import parse
from uru_mcp.commands.client_configs.formats.text_entries import Malformed
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.reading import Server, read_servers
from uru_mcp.errors import ConfigurationError

RELAXED = """\
// my servers
{
  /* all of them */
  "servers": {
    "a": {"command": "/bin/a", "args": ["-x"], "env": {"N": "1"},}, // the first
    "b": {"url": "https://example.com/mcp"},
    "a": 3,
  },
}
"""


def servers(tmp_path: Path, data: bytes | str, client: str = "claude-desktop") -> list[Server]:
    path = tmp_path / "configuration.json"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_servers(Configuration(CLIENTS[client], path))


def test_servers_are_read_in_their_order_and_twice_when_they_are_there_twice(tmp_path: Path) -> None:
    assert servers(tmp_path, RELAXED, "vscode") == [
        Server("a", 5, "/bin/a", ("-x",), {"N": "1"}),
        Server("b", 6),
        Server("a", 7),
    ]


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\xef\xbb\xbf{}", b'{"mcpServers": {}}', b'{"other": 1}'])
def test_a_file_without_servers_has_none(data: bytes, tmp_path: Path) -> None:
    assert servers(tmp_path, data) == []


@pytest.mark.parametrize(
    ("data", "line", "column", "why"),
    [
        ('{\n  "a": 1\n  "b": 2}', 3, 3, "expected a comma or }"),
        ('{\r\n\t"a": }', 2, 7, "expected a value"),
        ("{\n  // mine\n}", 2, 3, "comments are not allowed in this file"),
        ('{"a": [1,]}', 1, 9, "unexpected comma before ]"),
        ('{"a" 1}', 1, 6, "expected a colon"),
        ("{a: 1}", 1, 2, "expected a name in quotation marks"),
        ('{"a": "x\n"}', 1, 7, "the string is not closed or contains an invalid character"),
        ("{} {}", 1, 4, "unexpected text after the end of the JSON"),
        ("[]", 1, 1, "expected an object, { … }"),
        ('{\n"mcpServers": []}', 2, 15, "mcpServers is not an object, { … }"),
        ('{"mcpServers": {},\n "mcpServers": {}}', 2, 2, "mcpServers appears twice"),
        ("[" * 5000, 1, 101, "values are nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "the number is too long"),
        ('{"a": tru', 1, 7, "expected a value"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(data: str, line: int, column: int, why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        servers(tmp_path, data)
    file = tmp_path / "configuration.json"
    assert raised.value.message == f"{file}, line {line}, column {column}: {why}."
    assert raised.value.details == {"line": line, "column": column}
    assert "Settings → Developer → Edit Config" in raised.value.fix


def test_what_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"line 2: this is not UTF-8 text"):
        servers(tmp_path, b'{\n"a": "\xff"}')


def test_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_servers(Configuration(CLIENTS["zed"], tmp_path))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=30)
@given(json_values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_is_read_as_python_reads_it(value: object, indent: int | str | None, is_relaxed: bool) -> None:
    text = json.dumps(value, indent=indent)
    node = parse(text, is_relaxed=is_relaxed)
    assert node is not None
    assert (node.value, node.start, node.end) == (value, 0, len(text))


@given(st.text(alphabet='{}[]",:/*\\ \n1atrue-.e'))
def test_anything_that_is_not_json_for_python_is_not_for_us(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        if text.strip(" \n"):
            with pytest.raises(Malformed):
                parse(text, is_relaxed=False)
    else:
        node = parse(text, is_relaxed=False)
        assert node is not None
        assert node.value == expected
