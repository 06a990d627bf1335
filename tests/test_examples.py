"""Every command in the documents is run, as a person would who types one block after another.

They run in a home directory and a working directory of their own, with the key of an Uru in this process. What cannot
be run so is in `ELSEWHERE`, with the reason, and those of MCP Inspector are asked by another client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio.to_thread
import click
import pytest
from click.testing import CliRunner, Result

from tests.commands.client_configs.test_locations import VARIABLES as WHERE
from tests.documents import CODE, DOCUMENTS, ROOT, Command, blocks, commands, said_in_passing
from tests.process import served
from tests.world import Claude, Connect, Uru, text_of
from uru_mcp.cli import main
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.config.settings import VARIABLES
from uru_mcp.sandbox.serve import serving

ELSEWHERE = {
    "python3 -m venv": "makes an environment; .ci/run runs the README's first line that ends in -m pytest as it stands",
    ".venv/bin/pip install": "the same, and CI installs the wheel besides",
    "~/.uru-mcp/bin/pip install": "the same",
    ".venv/bin/python -m pytest": "is what runs this",
    ".ci/run": "is what runs this",
    ".venv/bin/python -m benchmarks": "takes minutes; .ci/run does it in short",
    ".venv/bin/python -m build": "needs the packages of a release and a network",
    ".venv/bin/twine check": "the same",
    ".venv/bin/python bundle/pack.py": "tests/test_bundle.py packs, and not into the checkout",
    ".venv/bin/uru-mcp demo": "tests/commands/test_demo.py",
    ".venv/bin/python bundle/pack.py --wheels": "the same, and makes wheels",
    **dict.fromkeys(
        (
            *("sha256sum", "/opt/uru-mcp-0.1.0/bin/pip", "su -s", "ln -", "install -D", "ps -", "grep [/]opt", "URU_"),
            *("umask", "mkdir", "printf Key", "read -rs", "test -n", "printf %s\\n $key", "mv ", "echo saved"),
            *("for client", "do", "/opt/uru-mcp/bin/uru-mcp install $client", "done", "rm -", "find ~"),
        ),
        "needs root and users: proofs/teams.py follows docs/teams.md",
    ),
    "npx @modelcontextprotocol/inspector": "needs Node and a network; asked by another client below",
    "sudo": "needs root: tests/config/test_policy_file.py reads such files",
    "uru-mcp doctor --policy /etc/": "the same",
    "printf %s\\n {": "its messages are sent by a test below",
    "sleep": "keeps the pipe open",
    "uru-mcp install claude-desktop --set URU_PROXY_URL=": "needs the network: tests/commands/test_key_address.py",
    "uru-mcp sandbox serve": "serves until it is ended: tests/sandbox/test_commands.py",
}
SERVES = ("uru-mcp", "--sandbox")  # which is MCP on pipes, and not for a terminal

ALL = [command for command in commands() if command.words != SERVES]
RUN = [command for command in ALL if not any(str(command).startswith(prefix) for prefix in ELSEWHERE)]
INSPECTED = [command for command in ALL if command.words[0] == "npx"]
TABLE = DOCUMENTS["README.md"].partition("| client | name |")[2]
INSTALLING = dict(re.findall(r"\| ([^|`]+) \| `([a-z-]+)`(?= \|)", TABLE))

# Of `mcp-inspector --cli --help`, version 2.12, those that the documents use.
INSPECTOR_OPTIONS = {
    "--cli",
    "--config",
    "--format",
    "--method",
    "--prompt-args",
    "--prompt-name",
    "--protocol-era",
    "--server",
    "--strict",
    "--tool-arg",
    "--tool-args-json",
    "--tool-name",
    "--uri",
    "-e",
}
OF_SCRIPTS = {"--get", "--short", "--fastmcp", "--node", "--cache", "--catalog"}  # of proofs/ and benchmarks/
OF_OTHERS = {"--clear", "--wheels"}  # of venv and bundle/pack.py
UNSET = dict.fromkeys([*VARIABLES, *WHERE])


class Terminal:
    """A person's terminal: where it stands, and what was seen in it last."""

    def __init__(self, home: Path, url: str, key: str) -> None:
        self._home = home
        self._key = {"URU_API_KEY": key, "URU_PROXY_URL": url}
        self._made = "KEY_ID"  # of a sandbox's key, until there is one

    async def run(self, command: Command, *more: str) -> Result:
        words = [self._expanded(word) for word in (*command.words[1:], *more)]
        environ = {**UNSET, "HOME": str(self._home), "USERPROFILE": str(self._home), "NO_COLOR": "1"}
        environ |= {} if "--sandbox" in words else self._key
        ran = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, words, env=environ, color=True))
        made = re.match(r"key_[0-9a-f]+", ran.output)
        self._made = made[0] if made and "create" in words else self._made
        return ran

    def _expanded(self, word: str) -> str:
        return word.replace("KEY_ID", self._made) if not word.startswith("~/") else str(self._home / word[2:])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory, in which the person stands, with an audit log and a policy as the documents show them."""
    (entry,) = re.findall(r'^\{"v": 1, "time".+$', DOCUMENTS["docs/audit.md"], re.MULTILINE)
    (tmp_path / "uru-audit.jsonl").write_text(entry + "\n")
    policy, *_ = (text for document, _, text in blocks("toml") if document == "docs/policy.md")
    (tmp_path / "policy.toml").write_text(policy)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_the_commands_of_every_document_do_what_they_are_there_for(home: Path, uru: Uru) -> None:
    assert len(RUN) > 15
    async with serving(uru.sandbox) as url:
        terminal = Terminal(home, url, uru.key().text)
        for command in RUN:
            assert command.is_ours, f"{command} in {command.document}: neither ours nor in ELSEWHERE"
            ran = await terminal.run(command)
            assert ran.exit_code == 0, (command, ran.output)
            assert "\x1b" not in ran.output, (command, "NO_COLOR is set")


@pytest.mark.parametrize("client", INSTALLING.values())
async def test_each_client_is_installed_in_one_line(client: str, home: Path, uru: Uru) -> None:
    async with serving(uru.sandbox) as url:
        terminal = Terminal(home, url, uru.key().text)
        ran = await terminal.run(Command("README.md", ("uru-mcp", "install", client)))
    assert ran.exit_code == 0, ran.output
    assert CLIENTS[client].next_step in ran.output


def test_every_client_has_its_line() -> None:
    assert {client.title: client.name for client in CLIENTS.values()} == INSTALLING


@pytest.mark.parametrize("command", [*filter(lambda one: one.is_ours, ALL), *said_in_passing()], ids=str)
def test_commands_and_options_that_are_named_exist(command: Command) -> None:
    ran = CliRunner().invoke(main, [*command.words[1:], "--help"])
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("Usage: ") or command.words[1:] == ("--version",)


def test_options_that_are_named_alone_exist() -> None:
    named = {span.split()[0] for text in DOCUMENTS.values() for span in CODE.findall(text) if span.startswith("--")}
    assert len(named) > 10
    assert named <= {*options_of(main), *INSPECTOR_OPTIONS, *OF_SCRIPTS, *OF_OTHERS}


def options_of(command: click.Command) -> Iterator[str]:
    """Those of the command and of all below it."""
    yield from (name for parameter in command.params for name in parameter.opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options_of(below)


def test_nothing_is_excused_that_is_not_there() -> None:
    assert [prefix for prefix in ELSEWHERE if not any(str(command).startswith(prefix) for command in ALL)] == []


@pytest.mark.parametrize("command", INSPECTED, ids=str)
async def test_what_the_inspector_is_told_to_do_can_be_done(command: Command, connect_once: Connect) -> None:
    options = [(name, value) for name, value in pairwise([*command.words[2:], ""]) if name.startswith("-")]
    assert {name for name, _ in options} <= INSPECTOR_OPTIONS
    told = dict(options)
    if "--config" in told:
        servers = json.loads((ROOT / told["--config"]).read_text(encoding="utf-8"))["mcpServers"]
        assert servers[told["--server"]]["args"] == ["--sandbox"]
    variables = dict(value.split("=", 1) for name, value in options if name == "-e")
    assert variables.keys() <= set(VARIABLES)
    ceiling = {"PERMISSIONS": variables["URU_PERMISSIONS"]} if "URU_PERMISSIONS" in variables else {}
    async with connect_once(**ceiling) as claude:
        answer = await asked(claude, told["--method"], told, list(pairs(options, "--tool-arg", "--prompt-args")))
    assert answer == ("refused" if ceiling else "answered")


async def asked(claude: Claude, method: str, told: dict[str, str], given: Iterable[tuple[str, str]]) -> str:
    """What comes of the method, with what the Inspector would have been given."""
    if method == "tools/list":
        assert await claude.tools()
    elif method == "resources/list":
        assert await claude.resources()
    elif method == "resources/read":
        assert await claude.read(told["--uri"])
    elif method == "prompts/get":
        assert (await claude.client.get_prompt(told["--prompt-name"], dict(given))).messages
    else:
        assert method == "tools/call"
        arguments: dict[str, Any] = {**dict(given), **json.loads(told.get("--tool-args-json", "{}"))}
        result = await claude.call(told["--tool-name"], arguments)
        return "refused" if "insufficient_permission" in text_of(result) else "answered"
    return "answered"


def pairs(options: Iterable[tuple[str, str]], *names: str) -> Iterator[tuple[str, str]]:
    for name, value in options:
        if name in names:
            key, _, text = value.partition("=")
            yield key, text


async def test_the_messages_for_a_pipe_are_answered(tmp_path: Path) -> None:
    (spoken,) = [command for command in ALL if command.words[0] == "printf" and "jsonrpc" in str(command)]
    answers = []
    async with served("--sandbox", HOME=str(tmp_path)) as claude:
        for line in spoken.words[2:]:
            message = json.loads(line)
            if "id" in message:
                answers.append(await claude.result(message["method"], message["params"]))
            else:
                await claude.send(line)
    assert answers[0]["serverInfo"]["name"] == "uru-mcp"
    assert answers[1]["structuredContent"]["state"] == "ready"
