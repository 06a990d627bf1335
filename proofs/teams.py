"""Follows `docs/teams.md` word for word, as root and as three users of this machine: `python -m proofs.teams`.

Every block of shell is run as it stands, in the order of the document, by whom its section is for. The users are made
for it and deleted again, with what was installed. The only things that the document does not say are the address of a
sandbox, where a team has Uru, what a person pastes, and what an earlier version left in `dist/`.

What a client would do is done with the samples as they were installed: their command line is started with their
environment, as each user, and asked for its tools and for who it is. With `--claude FILE`, that Claude Code says too
which servers it starts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from tests.documents import BLOCK, DOCUMENTS, ROOT

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

USERS = {"uru-proof-ada": ("read",), "uru-proof-ben": ("read", "write"), "uru-proof-eve": ("read", "write", "execute")}
MANAGED = Path("/etc/claude-code/managed-mcp.json")
SETTINGS = (MANAGED, MANAGED.with_name("managed-settings.json"), Path("/etc/vscode/policy.json"))
POLICY = Path("/etc/uru-mcp")
INSTALL_CURSOR = re.compile(r"`(/opt/uru-mcp/bin/uru-mcp install cursor [^`]+)`")
EARLIER = ("uru-mcp-0.0.9.mcpb", "wheels/uru_mcp-0.0.9-py3-none-any.whl", "wheels/requirements.txt", "SHA256SUMS")
RUNUSER = shutil.which("runuser") or "/usr/sbin/runuser"
PATH = "/usr/local/bin:/usr/bin:/bin"  # no Python of somebody's home
WITHIN = 300  # seconds for a command
ASKED: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "proof", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list"},
    {"id": 3, "method": "tools/call", "params": {"name": "uru_whoami", "arguments": {}}},
]


def installed() -> list[Path]:
    """What the document installs and removes again, as far as it is there."""
    return [path for path in (*Path("/opt").glob("uru-mcp*"), POLICY, *SETTINGS) if path.exists()]


def blocks_of(section: str) -> list[str]:
    """The blocks of shell in a section of the document, as they stand."""
    text = re.split(r"^## ", DOCUMENTS["docs/teams.md"], flags=re.MULTILINE)
    (found,) = [part for part in text if part.startswith(f"{section}\n")]
    return [block[3] for block in BLOCK.finditer(found) if block[2] == "sh"]


def run(script: str, *, user: str = "root", where: Path | None = None, url: str = "", pasted: str = "") -> str:
    """Run a block as a user. Raises: SystemExit with what it said, if it fails."""
    environ = {"PATH": PATH, "HOME": str(Path(f"~{user}").expanduser()), "LANG": "C.UTF-8"}
    environ |= {"URU_PROXY_URL": url} if url else {}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    command = ["bash", "-euo", "pipefail", "-c", script]
    if user != "root":
        command = [RUNUSER, "--user", user, "--", *command]
    ran = subprocess.run(
        command,
        cwd=where or "/",
        env=environ,
        input=pasted,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    print(f"--- {user}\n{script}{ran.stdout}{ran.stderr}", flush=True)
    if ran.returncode:
        raise SystemExit(f"It ended with {ran.returncode}.")
    return ran.stdout


def start(server: Mapping[str, Any], user: str, url: str) -> tuple[list[str], dict[str, Any]]:
    """The tools that a client is shown that starts `server` as it is configured, and the report of `uru_whoami`."""
    home = str(Path(f"~{user}").expanduser())
    environ = {"PATH": "/usr/bin:/bin", "HOME": home, "URU_PROXY_URL": url, **server["env"]}
    lines = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in ASKED)
    command = [RUNUSER, "--user", user, "--", server["command"], *server["args"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines)
        process.stdin.flush()
        answers: dict[int, Any] = {}
        while 2 not in answers or 3 not in answers:
            answer = json.loads(process.stdout.readline())
            answers[answer.get("id", 0)] = answer.get("result")
        (who_runs_it,) = blocks_of("Update")
        assert server["command"] in run(who_runs_it)
        process.stdin.close()
    return [tool["name"] for tool in answers[2]["tools"]], answers[3]["structuredContent"]


@contextmanager
def three_users() -> Iterator[None]:
    for user in USERS:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", user], check=True)
    try:
        yield
    finally:
        for user in USERS:
            subprocess.run(["userdel", "--remove", user], check=False, capture_output=True)


def check(user: str, url: str) -> None:
    """Start what is configured for Claude Code and for Claude Desktop, as the user."""
    code = json.loads(MANAGED.read_text())["mcpServers"]["uru"]
    shown, report = start(code, user, url)
    assert report["state"] == "ready", report
    assert set(report["permissions"]["effective"]) == set(USERS[user]), report
    for tier in ("reader", "editor", "operator"):
        (desktop,) = json.loads((ROOT / "examples" / "managed" / "claude-desktop" / f"{tier}.json").read_text())
        offered, narrowed = start(desktop, user, url)
        allowed = set(desktop["env"]["URU_PERMISSIONS"].split(",")) & set(USERS[user])
        assert set(narrowed["permissions"]["effective"]) == allowed, narrowed
        assert set(offered) <= desktop["toolPolicy"].keys(), offered
    print(f"--- {user} is shown {', '.join(shown)}; key …{report['key']['last4']}", flush=True)


def packed(work: Path) -> Path:
    """A copy of the project, packed as the document says."""
    copy = work / "uru-mcp"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (copy / "dist" / "wheels").mkdir(parents=True)
    for name in EARLIER:
        (copy / "dist" / name).write_text("of an earlier version")
    for block in blocks_of("Pack"):
        run(block, where=copy)
    assert not any((copy / "dist" / name).exists() for name in EARLIER[:2])
    return copy


async def follow(claude: str | None) -> None:
    sandbox = Sandbox.open()
    keys = {
        user: sandbox.keys.create(name=user, workspace="Acme", permissions=permissions).text
        for user, permissions in USERS.items()
    }
    with TemporaryDirectory() as work, three_users():
        async with serving(sandbox) as url:

            def in_order() -> None:
                copy = packed(Path(work))
                for block in blocks_of("Install on each machine"):
                    run(block, where=copy / "dist")
                for block in blocks_of("Clients"):
                    run(block, where=copy)
                for user, key in keys.items():
                    for block in blocks_of("Each person's key"):
                        said = run(block, user=user, url=url, pasted=key + "\n")
                        assert key not in said
                    check(user, url)
                    for command in INSTALL_CURSOR.findall(DOCUMENTS["docs/teams.md"]):
                        assert key not in run(f"{command}\n", user=user, url=url)
                    for block in blocks_of("What support asks for"):
                        assert key not in run(block.replace("doctor", "doctor || true"), user=user, url=url)
                    if claude:
                        assert "Connected" in run(f"{claude} mcp list\n", user=user, url=url)
                        run(f"! {claude} mcp add other -- /bin/true\n", user=user, url=url)
                for user in USERS:
                    for other in USERS.keys() - {user}:
                        theirs = Path(f"~{other}").expanduser() / ".config" / "uru" / "key"
                        assert "denied" in run(f"cat {theirs} 2>&1 || true", user=user)
                persons, machine = blocks_of("Remove")
                for user in USERS:
                    run(persons, user=user)
                    assert not run("grep -rl uru ~ --include='*.json*' --include='key*' || true", user=user)
                run(machine)
                assert not installed()

            await anyio.to_thread.run_sync(in_order)
    sandbox.close()


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--claude", help="the path of Claude Code, which all users can run")
    if os.geteuid() != 0 or sys.platform != "linux":
        raise SystemExit("This makes users, so it needs root on a Linux machine that may be spoilt.")
    if found := installed():
        raise SystemExit(f"There is already {', '.join(map(str, found))}.")
    try:
        anyio.run(follow, parser.parse_args().claude)
    finally:
        for block in blocks_of("Remove")[1:]:
            subprocess.run(["bash", "-c", block], check=False)


if __name__ == "__main__":
    main()
