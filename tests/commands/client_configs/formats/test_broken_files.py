"""A file that is cut off anywhere, or has any odd value, is read or refused with the place, and nothing else is raised.

The commands then end with exit code 6, and doctor goes on with the other clients.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.client_configs.formats.texts import document
from tests.commands.test_install import install, put
from uru_mcp.commands.client_configs.document import Document
from uru_mcp.commands.client_configs.entry_recognition import recognise
from uru_mcp.commands.client_configs.machine import Machine
from uru_mcp.commands.client_configs.reading import Server
from uru_mcp.commands.doctor.found_configurations import found_on
from uru_mcp.errors import ConfigurationError

TOML = '''\
# é
x = {a = [1, 2.5], "b.c" = 'd'}
when = 1979-05-27T07:32:00Z
long = """
a ]= \\u00e9 "
"""
[[list]]
n = 0xff
[mcp_servers.docs]
args = ["-y", "docs"]
env.A = "1"
[mcp_servers."u.v".env]
B = 'c'
'''
YAML = """\
%YAML 1.1
---
model: "a\\U0001F600\\xe9" # é
flow: {a: [1, 'it''s', ? x : y], b: !!str 5}
alias: [&a 1, *a]
text: |2-
    many
tag: !<tag:yaml.org,2002:int> 0o17
extensions:
  docs: {cmd: npx, envs: {A: "1"}}
  uru:
    cmd: uru-mcp
...
"""
JSON = """\
// é
{"a": [1, -2.5e3, true, null, "\\u00e9\\n"], /* c */
 "servers": {"docs": {"command": "npx", "args": ["-y",], "env": {"A": "1"}},
  "uru": {"command": "uru-mcp"}}}
"""
MANY = "9" * 5000
ODD = [
    ("codex", f"a = {MANY}"),
    ("codex", f"[mcp_servers]\na = {MANY}"),
    ("codex", f"{'a.' * 2000}b = 1"),
    ("codex", "a = 2020-13-45"),
    ("codex", '[mcp_servers.uru]\ncommand = "/a\\u0000/uru-mcp"'),
    ("goose", 'a: "\\UFFFFFFFF"'),
    ("goose", f"%YAML {MANY}.1\n---\na: 1"),
    ("goose", "a: !<%FF> x"),
    ("goose", 'extensions:\n  uru: {timeout: !!int "", a: !!float "", b: !!bool maybe, c: !!int [1]}'),
    ("goose", f"extensions:\n  uru:\n    timeout: {MANY}"),
    ("goose", 'extensions:\n  uru:\n    cmd: "/a\\0/uru-mcp"'),
    ("vscode", f'{{"a": {MANY}}}'),
    ("vscode", '{"servers": {"uru": {"command": "/a\\u0000/uru-mcp"}}}'),
    ("vscode", '{"servers": {"\\ud800": {"command": "/\\ud800/uru-mcp", "args": ["\\ud800"]}}}'),
]


def cut(text: str) -> Iterator[bytes]:
    """The text without its end, its start, or one byte, at every position."""
    data = text.encode()
    for at in range(len(data)):
        yield from (data[:at], data[at:], data[:at] + data[at + 1 :])


def refusal(read: Callable[[], object]) -> str:
    """The message of the only error that may be raised, or nothing."""
    try:
        read()
    except ConfigurationError as error:
        return error.message
    return ""


def see_that_it_is_read_or_refused(broken: Document) -> bool:
    """Whether it is read."""
    refused = refusal(lambda: broken.entries)
    if refused:
        assert refused.startswith("configuration, line ")
        return False
    for entry in broken.entries:
        launch = broken.configuration.client.shape.launch(entry.value)
        recognise(Server(entry.name, 1, launch.command, launch.args, launch.env), {})
    unedited = refusal(lambda: broken.with_server("uru", {"command": "x"}))
    assert not unedited or "cannot be changed safely" in unedited or "a second server" in unedited
    return True


@pytest.mark.parametrize(
    ("client", "text"), [("codex", TOML), ("goose", YAML), ("claude-desktop", JSON), ("vscode", JSON)]
)
def test_a_file_that_is_cut_anywhere_is_read_or_refused_with_its_place(client: str, text: str) -> None:
    read = [see_that_it_is_read_or_refused(document(data, client)) for data in cut(text)]
    assert not all(read)


@pytest.mark.parametrize(("client", "text"), ODD)
def test_so_is_one_with_odd_values(client: str, text: str) -> None:
    see_that_it_is_read_or_refused(document(text.encode(), client))


@pytest.mark.parametrize(
    "text", ['[mcp_servers.docs\ncommand = "npx"\n', 'model "x"\n', "[mcp_servers\nx = 1\n", f"a = {MANY}\n"]
)
@pytest.mark.parametrize("words", [("codex",), ("codex", "--uninstall"), ()])
def test_the_commands_name_file_and_line_and_leave_it(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    file = put(tmp_path, text, "codex")
    ran = install(tmp_path, *words, *([] if "--uninstall" in words else ["--sandbox"]))
    assert ran.exit_code == 6, ran.output
    assert ran.output.startswith(f"Error: {file}, line 1, column ")
    assert (ran.output.count("\n"), "Traceback" in ran.output) == (2, False)
    assert file.read_text() == text


def test_doctor_goes_on_with_the_other_clients(tmp_path: Path) -> None:
    put(tmp_path, "[mcp_servers.docs\n", "codex")
    put(tmp_path, "a: [", "goose")
    put(tmp_path, '{"mcpServers": {"uru": {"command": "/gone/uru-mcp"}}}')
    found = {one.configuration.client.name: one for one in found_on(Machine(sys.platform, tmp_path, {}))}
    assert "line 1, column 18" in str(found["codex"].error)
    assert "this is not YAML" in str(found["goose"].error)
    assert [server.name for server in found["claude-desktop"].ours] == ["uru"]
