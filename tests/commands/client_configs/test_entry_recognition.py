"""What is uru-mcp for sure, what only may be, and what is Uru's Node client."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uru_mcp.commands.client_configs.entry_recognition import Recognition, recognise
from uru_mcp.commands.client_configs.reading import Server

BIN = Path(sys.executable).parent
OURS = [
    f"{BIN}/uru-mcp",
    f"{BIN}/uru-mcp --sandbox --db=/tmp/uru.db --tools 3",
    "uru-mcp",
    "/gone/uru-mcp --sandbox",
    "/gone/python-of-mine -m uru_mcp",
    r"C:\Users\me\.uru-mcp\Scripts\uru-mcp.exe",
    f"{sys.executable} {BIN}/uru-mcp",
    f"{sys.executable} -P -m uru_mcp --sandbox",
    "python3 -I -X utf8 -W ignore -m uru_mcp",
    "python3.12 -Pm uru_mcp",
    "py -3.11 -P -m uru_mcp",
    "uvx uru-mcp",
    "/opt/homebrew/bin/uvx --python 3.12 -q uru-mcp@latest --sandbox",
    "uvx uru_mcp==0.1.0",
    "uvx --from uru-mcp>=0.1,<1 uru-mcp",
    "uv tool run --isolated uru-mcp",
    "uv --offline tool run --from=uru-mcp uru-mcp",
    "uv run --no-project --with uru-mcp uru-mcp",
    "uv run --no-project --with uru-mcp==0.1.0 -- python -P -m uru_mcp",
]
IMPORTING = [
    "python -m uru_mcp",
    "python -E -muru_mcp --sandbox",
    "py -3 -m uru_mcp",
    "/usr/bin/python3 -u -B -m uru_mcp",
    "uv run --with uru-mcp uru-mcp",
    "uv run --no-project --with uru-mcp python -m uru_mcp",
    "uv run --no-project --with uru-mcp -m uru_mcp",
    "uvx --from uru-mcp python -m uru_mcp",
    "pipx run uru-mcp",
    "pipx run --spec uru-mcp==0.1.0 uru-mcp",
]
UNSURE = [
    "uvx --from /home/me/checkout uru-mcp",
    "uvx --from git+https://git.example/uru-mcp uru-mcp",
    "uvx --index-url https://packages.example uru-mcp",
    "uvx --an-option-of-tomorrow uru-mcp",
    "uvx uru-mcp install cursor",
    "uv run uru-mcp",
    "uv run --directory /home/me/uru-mcp python -P -m uru_mcp",
    "pipx run --spec /home/me/uru-mcp uru-mcp",
    "docker run -i --rm uru-mcp",
    "docker run -i --rm -e URU_API_KEY ghcr.example/me/uru-mcp:1.0",
    "podman run uru-mcp@sha256:0123",
    "bash -c exec\turu-mcp",
    "sh -lc PATH=$PATH:/x\turu-mcp",
    "env X=1 uru-mcp",
    "sudo -u me uru-mcp",
    "cmd /c uru-mcp",
    "cmd /c uvx uru-mcp",
    "wsl /home/me/.uru-mcp/bin/uru-mcp",
    "poetry run uru-mcp",
    "op run -- uru-mcp",
    f"{BIN}/uru-mcp sandbox serve",
    f"{BIN}/uru-mcp demo",
    "python /home/me/checkout/src/uru_mcp/__main__.py",
    "python -c import\turu_mcp.cli",
]
NODE = [
    "npx uru-mcp",
    "npx -y uru-mcp@latest",
    "npx --package=uru-mcp@1 uru-mcp",
    "npm exec -- uru-mcp",
    "pnpm dlx uru-mcp",
    "bunx uru-mcp",
    "node /usr/lib/node_modules/uru-mcp/dist/index.js",
    "node /path/uru-mcp/index.js",
    "cmd /c npx -y uru-mcp",
    r"C:\nodejs\npx.cmd -y uru-mcp",
]
OTHERS = [
    "npx -y @modelcontextprotocol/server-filesystem /home/me/code/uru-mcp",
    "npx -y @modelcontextprotocol/server-filesystem /home/me/uru-mcp-notes",
    "uvx mcp-server-git --repository /home/me/code/uru-mcp",
    "uvx --with uru-mcp mcp-server-time",
    "uvx uru-mcp-tools",
    "uv --directory /home/me/uru-mcp run other",
    "uv run other.py",
    "docker run -v /home/me/code/uru-mcp:/projects mcp/filesystem /projects",
    "docker run mcp/filesystem /uru-mcp",
    "/home/me/uru-mcp/.venv/bin/python other.py",
    "python -m other uru-mcp",
    "python -m uru_mcp_tools",
    "python server.py uru-mcp",
    "node server.js --name uru-mcp",
    "cat /home/me/uru-mcp",
    "touch uru-mcp",
    "/home/me/bin/mcp-filesystem /home/me/code/uru-mcp",
]


def recognised(words: str, **env: str) -> Recognition:
    """A tab in an argument stands for a blank."""
    command, *args = words.split(" ")
    server = Server("uru", 1, command, tuple(word.replace("\t", " ") for word in args), env)
    return recognise(server, {"PATH": str(BIN)})


@pytest.mark.parametrize("words", OURS)
def test_what_is_ours_for_sure_is_started(words: str) -> None:
    assert recognised(words) == Recognition("ours")


@pytest.mark.parametrize("words", IMPORTING)
def test_what_takes_code_from_the_working_directory_is_ours_and_said_to(words: str) -> None:
    assert recognised(words) == Recognition("ours", imports_here=True)


@pytest.mark.parametrize("words", UNSURE)
def test_what_may_be_ours_is_said_and_not_started(words: str) -> None:
    found = recognised(words)
    assert found.kind == "unsure"
    assert found.is_wrong or found.why.endswith("it was not started, since it is not certainly uru-mcp")


@pytest.mark.parametrize("words", NODE)
def test_the_client_for_node_is_named(words: str) -> None:
    found = recognised(words)
    assert (found.kind, "Uru's Node client" in found.why) == ("node", True)


@pytest.mark.parametrize("words", OTHERS)
def test_what_only_names_uru_mcp_is_another_server(words: str) -> None:
    assert recognised(words) == Recognition("other")


@pytest.mark.parametrize(
    ("env", "imports_here"),
    [
        ({"PYTHONSAFEPATH": "1"}, False),
        ({"PYTHONSAFEPATH": "1", "PYTHONPATH": "/opt/mine"}, False),
        ({"PYTHONSAFEPATH": "1", "PYTHONPATH": ":/opt/mine"}, True),
        ({"PYTHONPATH": "."}, True),
    ],
)
def test_variables_of_python_are_looked_at(env: dict[str, str], imports_here: bool) -> None:
    assert recognised("python -m uru_mcp", **env).imports_here is imports_here


def test_a_variable_of_this_terminal_is_not_one_of_the_client() -> None:
    server = Server("uru", 1, "python", ("-m", "uru_mcp"))
    assert recognise(server, {"PYTHONSAFEPATH": "1"}).imports_here


SCRIPTS = {
    "another program": ("#!/bin/sh\nexec true\n", "unsure"),
    "a script that names us": (f"#!{sys.executable}\n# from uru_mcp.cli import main\n", "unsure"),
    "our script without our package": (f"#!{sys.executable}\nfrom uru_mcp.cli import main\nmain()\n", "unsure"),
    "our script on another program": ("#!/bin/bash\nfrom uru_mcp.cli import main\n", "unsure"),
    "a script of Node": ("#!/usr/bin/env node\nrequire('./dist')\n", "node"),
    "nothing": ("", "unsure"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_of_our_name_is_looked_into(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, kind = SCRIPTS[name]
    interpreter = tmp_path / "elsewhere" / "bin" / "python3"
    file = tmp_path / "env" / "bin" / "uru-mcp"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(sys.executable, str(interpreter)))
    file.chmod(0o755)
    assert recognised(str(file)).kind == kind
