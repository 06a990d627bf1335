"""Tries to escape an administrator's policy as another user: `python -m proofs.policy_escapes [PYTHON]`, as root.

PYTHON, by default the one that runs this, has its version and may be run by all users. It works in a mount namespace of
its own, on a copy of `/etc`, so that the real path is tried and the machine keeps what it has. Each attempt is a call
of a process of the user `nobody` that the policy does not allow, of a sandbox behind a socket. It prints what came of
each, and ends with 1 if one got through that docs/policy.md does not name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import anyio
import anyio.to_thread

from uru_mcp.config.policy_file import INSTALLED
from uru_mcp.errors import Code
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

NOBODY = 65534
WITHIN = 300  # seconds for one attempt
INSIDE = "URU_PROOF_INSIDE"  # set in the namespace
ROOT = Path(__file__).parent.parent
PATH = Path(INSTALLED.path)
NOTE = json.dumps({"tool": "company_demo__LOG_NOTE", "input": {"text": "escaped"}})
PYTHON = sys.argv[1] if len(sys.argv) > 1 else sys.executable
COMMAND = (PYTHON, "-P", "-m", "uru_mcp")
CALL = (*COMMAND, "call", "uru_execute", NOTE)
WIDE = 'permissions = ["read", "write", "execute"]\n'
VERDICTS = {
    (False, False): "held",
    (True, False): "ESCAPED",
    (True, True): "known",  # as the document says
    (False, True): "held too",
}
USER = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", 'exec "$@"', "sh")
USER_NAMESPACE = ("unshare", "--map-root-user", "--mount")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A command of nobody's, with these variables. `is_known` is whether docs/policy.md says that it gets through."""

    name: str
    command: Sequence[str] = CALL
    variables: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    directory: Path = Path("/")
    is_known: bool = False


def attempts(home: Path, elsewhere: str) -> Iterator[Attempt]:
    """All attempts. `home` is nobody's, and at `elsewhere` listens a sandbox that the policy does not allow."""
    wide = home / "etc" / "uru-mcp" / "policy.toml"
    yield Attempt("nothing is set")
    yield Attempt("all permissions are declared", variables={"URU_PERMISSIONS": "read,write,execute"})
    open_to_all = {"URU_TOOLS": "*", "URU_CONFIRM": "never", "URU_APPROVALS": "ask", "URU_AUDIT_LOG_REQUIRED": "false"}
    yield Attempt("all is opened", variables=open_to_all)
    yield Attempt("another home", variables={"HOME": str(home)})
    yield Attempt(
        "other directories for configurations", variables={"XDG_CONFIG_HOME": str(home), "XDG_CONFIG_DIRS": str(home)}
    )
    yield Attempt("other directories for data", variables={"ProgramData": str(home), "ALLUSERSPROFILE": str(home)})
    yield Attempt("a variable with a policy", variables={"URU_POLICY": str(wide)})
    yield Attempt("a variable with the file of a policy", variables={"URU_MCP_POLICY_FILE": str(wide)})
    yield Attempt("the directory of another policy", directory=home)
    yield Attempt("an argument with a policy", (*COMMAND, "--policy", str(wide), *CALL[4:]))
    yield Attempt("the sandbox of the process", (*COMMAND, "--sandbox", *CALL[4:]), {"URU_API_KEY": ""})
    yield Attempt("another address", variables={"URU_PROXY_URL": elsewhere})
    yield Attempt(
        "another name of the address", variables={"URU_PROXY_URL": elsewhere.replace("127.0.0.1", "localhost")}
    )
    yield Attempt("the address of the sandbox", variables={"URU_PROXY_URL": "https://sandbox-in-this-process.invalid"})
    yield Attempt("a proxy", variables={"HTTP_PROXY": elsewhere, "ALL_PROXY": elsewhere, "NO_PROXY": ""})
    yield Attempt("a server over pipes", COMMAND, stdin=conversation())
    yield Attempt("a server in another directory", COMMAND, stdin=conversation(), directory=home)
    for files in (5, 6, 7, 8, 12):
        yield Attempt(f"at most {files} open files", ("prlimit", f"--nofile={files}", *CALL))
    for what, command in CHANGES.items():
        yield Attempt(what, ("sh", "-c", f'{command.format(path=PATH, wide=wide)}; exec "$@"', "sh", *CALL))
    yield Attempt("root in a namespace of users", ("unshare", "--map-root-user", *CALL))
    hidden = 'mount -t tmpfs none /etc && exec "$@"'
    yield Attempt("another /etc in a namespace", (*USER_NAMESPACE, "sh", "-c", hidden, "sh", *CALL), is_known=True)
    yield Attempt("another program with the key", another_program(), is_known=True)


CHANGES = {
    "the file is written": "echo x > {path}",
    "the file is removed": "rm -f {path}",
    "the file is replaced": "mv -f {wide} {path}",
    "the file is made writable": "chmod 666 {path}",
    "the directory is renamed": "mv {path}.. {path}.old; mv $(dirname {path}) /etc/other",
    "the directory is replaced by a link": "ln -sfn $(dirname {wide}) $(dirname {path})",
    "the file has another name too": "ln {path} $(dirname {wide})/linked.toml; echo x > $(dirname {wide})/linked.toml",
}


def conversation() -> str:
    """What a client sends to a server: the handshake, and the call."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "nobody", "version": "1"}}
    call = {"name": "uru_execute", "arguments": json.loads(NOTE)}
    messages = (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": call},
    )
    return "".join(json.dumps({"jsonrpc": "2.0", **one}) + "\n" for one in messages)


def another_program() -> tuple[str, ...]:
    source = (
        "import os, urllib.request;"
        "url = os.environ['URU_PROXY_URL'] + '/execute/company_demo__execute_tool';"
        'body = b\'{"tool_name": "LOG_NOTE", "parameters": {"text": "escaped"}}\';'
        "headers = {'Authorization': 'Bearer ' + os.environ['URU_API_KEY'], 'Content-Type': 'application/json',"
        " 'X-Namespace': 'company_demo'};"
        "print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).status)"
    )
    return (PYTHON, "-c", source)


def as_nobody(attempt: Attempt, variables: Mapping[str, str]) -> str:
    """The error that the attempt came to, or the last line that it printed."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": ":".join(sys.path)}
    ran = subprocess.run(
        [*USER, *attempt.command],
        input=attempt.stdin,
        capture_output=True,
        text=True,
        env={**environ, **variables, **attempt.variables},
        cwd=attempt.directory,
        timeout=WITHIN,
        check=False,
    )
    said = [line.strip() for line in f"{ran.stderr}\n{ran.stdout}".splitlines()]
    codes = [found[0] for line in said if (found := re.search(rf"\b({'|'.join(get_args(Code))})\b", line))]
    return codes[-1] if codes else next(filter(None, reversed(said)), f"exit code {ran.returncode}")[:120]


def prepared(home: Path, url: str) -> None:
    """Put a copy of `/etc` in its place, with a policy, and another one where nobody may write."""
    home.parent.chmod(0o755)
    etc = home.parent / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    run("mount", "--bind", str(etc), "/etc")
    PATH.parent.mkdir(mode=0o755, exist_ok=True)
    PATH.write_text(f'permissions = ["read"]\nbase_urls = ["{url}"]\n')
    PATH.chmod(0o644)
    wide = home / "etc" / "uru-mcp" / "policy.toml"
    wide.parent.mkdir(parents=True)
    for place in (wide, home / "policy.toml", home / "uru-mcp" / "policy.toml"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(WIDE)
    run("chown", "-R", f"{NOBODY}:{NOBODY}", str(home))


def run(program: str, *arguments: str) -> None:
    subprocess.run([shutil.which(program) or program, *arguments], check=True)


async def main() -> int:
    escaped = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        sandbox, other = Sandbox.open(), Sandbox.open()
        key = sandbox.keys.create(name="nobody's", workspace="Acme", permissions={"read", "write", "execute"}).text
        async with serving(sandbox) as url, serving(other) as elsewhere:
            prepared(home, url)
            for attempt in attempts(home, elsewhere):
                before = (notes(sandbox), len(other.requests))
                variables = {"URU_API_KEY": key, "URU_PROXY_URL": url}
                said = await anyio.to_thread.run_sync(as_nobody, attempt, variables)
                is_through = before != (notes(sandbox), len(other.requests))
                escaped += is_through and not attempt.is_known
                print(f"{VERDICTS[is_through, attempt.is_known]:9} {attempt.name}: {said}", flush=True)
        run("umount", "/etc")
    print(f"{escaped} escaped that docs/policy.md does not name")
    return 1 if escaped else 0


def notes(sandbox: Sandbox) -> int:
    return len(sandbox.database.rows("SELECT text FROM notes"))


if __name__ == "__main__":
    if os.environ.get(INSIDE):
        sys.exit(anyio.run(main))
    inside = ["unshare", "--mount", sys.executable, "-m", "proofs.policy_escapes", *sys.argv[1:]]
    sys.exit(subprocess.run(inside, env={**os.environ, INSIDE: "1"}, cwd=ROOT, check=False).returncode)
