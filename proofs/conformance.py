"""Programs of others that test MCP servers, run on this one: `python -m proofs.conformance [--get]`.

* the MCP conformance suite, with what each of two versions of the protocol requires, over HTTP (see `stage.py`);
  `expected_failures.yaml` says what it may find amiss, and why
* `mcp-conform` and `pytest-mcptest`, over stdio
* MCP Inspector's `--strict`, in both protocol eras: of the tools that are listed by themselves, and of all tools with
  those of strangers. Its errors count; its warnings are about schemas that are Uru's.

None of the last three may find anything amiss. The programs are looked for on the PATH; what is not there is named and
skipped. With `--get` they are installed for the time of the run, into a directory of their own, which needs npm. It
prints a line for each suite and ends with 1 when one found something that was not expected, or took too long.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import anyio

from proofs.stage import staged

ROOT = Path(__file__).parent.parent
BASELINE = Path(__file__).with_name("expected_failures.yaml")
STRANGERS = ROOT / "tests" / "data" / "catalog.json"

WITHIN = 120  # seconds for a suite
GET_WITHIN = 300  # seconds for npm, and for pip
NODE = (22, 19)
FROM_NPM = (
    "node@22.23.3",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
)
FROM_PYPI = ("mcp-conform==0.1.0", "pytest-mcptest==0.1.1")

URU_MCP = (sys.executable, "-P", "-m", "uru_mcp", "--sandbox")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`amiss` is what was found and not expected, for people; empty when all is well."""

    summary: str
    amiss: str


class Workshop:
    """A directory to work in, and the programs of a PATH."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder = folder
        self.path = path

    def has(self, program: str) -> bool:
        return shutil.which(program, path=self.path) is not None

    async def run(self, *command: str, within: float = WITHIN, **variables: str) -> CompletedProcess[bytes]:
        """Run a program without the user's `URU_*` settings. Raises: TimeoutError, OSError."""
        program = shutil.which(command[0], path=self.path) or command[0]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("URU_")}
        env = {**kept, "PATH": self.path, **variables}
        with anyio.fail_after(within):
            return await anyio.run_process([program, *command[1:]], cwd=self.folder, env=env, check=False)

    async def get(self) -> Workshop:
        """One with all the programs, by the ordinary clients of their registries. Raises: SystemExit."""
        venv = self.folder / "venv"
        bin_of_venv = venv / ("Scripts" if os.name == "nt" else "bin")
        for command in (
            ("npm", "install", "--no-audit", "--no-fund", "--no-save", *FROM_NPM),
            (sys.executable, "-m", "venv", str(venv)),
            (str(bin_of_venv / "python"), "-m", "pip", "install", "--quiet", *FROM_PYPI),
        ):
            done = await self.run(*command, within=GET_WITHIN)
            if done.returncode:
                sys.exit(f"{shlex.join(command)}\n{_said(done)}")
        found = (self.folder / "node_modules" / ".bin", bin_of_venv)
        return Workshop(self.folder, os.pathsep.join((*map(str, found), self.path)))


async def conformance(revision: str, shop: Workshop) -> Verdict:
    async with staged() as url:
        suite = ("conformance", "server", "--url", url, "--requirements", revision)
        done = await shop.run(*suite, "--expected-failures", str(BASELINE), "-o", str(shop.folder / revision))
    said = _said(done)
    total = re.search(r"^Total: (\d+) passed", said, re.MULTILINE)
    expected = len(re.findall(r"^  ~ ", said, re.MULTILINE))
    if total is None or done.returncode:
        return Verdict("failed", said[max(0, said.find("=== SUMMARY ===")) :])
    return Verdict(f"{total[1]} checks passed, {expected} failed as expected", "")


async def mcp_conform(shop: Workshop) -> Verdict:
    suite = ("mcp-conform", "server", "--transport", "stdio", "--format", "json")
    done = await shop.run(*suite, "--command", shlex.join(URU_MCP))
    try:
        checks = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError):
        return Verdict("failed", _said(done))
    failed = [f"{check['name']}: {check['message']}" for check in checks if not check["passed"]]
    amiss = "\n".join(failed) or (_said(done) if done.returncode else "")
    return Verdict(f"{len(checks) - len(failed)} checks passed, {len(failed)} failed", amiss)


async def pytest_mcptest(shop: Workshop) -> Verdict:
    suite = ("pytest", "-p", "no:cacheprovider", "--pyargs", "pytest_mcp.suite")
    done = await shop.run(*suite, "--mcp-server", shlex.join(URU_MCP))
    counts = re.search(r"=+ (.*\d+ passed.*) in [\d.]+s", _said(done))
    return Verdict(counts[1] if counts else "failed", _said(done) if done.returncode or not counts else "")


async def inspector(era: str, which: str, shop: Workshop) -> Verdict:
    program, *arguments = URU_MCP
    servers = {
        "listed": {"command": program, "args": arguments},
        "all": {
            "command": program,
            "args": [*arguments, "--catalog", str(STRANGERS)],
            "env": {"URU_DIRECT_TOOLS": "all"},
        },
    }
    config = shop.folder / "servers.json"
    config.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    suite = ("mcp-inspector", "--cli", "-q", "--strict", "--protocol-era", era, "--method", "tools/list")
    done = await shop.run(*suite, "--config", str(config), "--server", which)
    try:
        tools = json.loads(done.stdout)["tools"]
    except (ValueError, KeyError):
        return Verdict("failed", _said(done))
    errors, warnings = (done.stderr.count(f"{kind}: tool".encode()) for kind in ("Error", "Warning"))
    counts = f"{len(tools)} tools, {errors} errors, {warnings} warnings"
    return Verdict(counts, done.stderr.decode() if done.returncode else "")


def _said(done: CompletedProcess[bytes]) -> str:
    text = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    program: str
    run: Callable[[Workshop], Awaitable[Verdict]]
    on_node: bool = False


SUITES = (
    *(
        Suite(f"conformance {revision}", "conformance", functools.partial(conformance, revision), on_node=True)
        for revision in ("2025-11-25", "2026-07-28")
    ),
    Suite("mcp-conform", "mcp-conform", mcp_conform),
    Suite("pytest-mcptest", "pytest", pytest_mcptest),
    *(
        Suite(
            f"inspector {era}, {which} tools", "mcp-inspector", functools.partial(inspector, era, which), on_node=True
        )
        for which in ("listed", "all")
        for era in ("legacy", "modern")
    ),
)


async def what_is_missing(suite: Suite, shop: Workshop) -> str | None:
    """What a suite needs and does not find, in words."""
    if not shop.has(suite.program):
        return f"no {suite.program} on the PATH"
    if suite.program == "pytest" and b"--mcp-server" not in (await shop.run("pytest", "--help")).stdout:
        return "the pytest on the PATH lacks pytest-mcptest"
    if suite.on_node:
        version = (await shop.run("node", "--version")).stdout.decode() if shop.has("node") else "none"
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < NODE:
            return f"Node is {version.strip()}, and {NODE[0]}.{NODE[1]} is needed"
    return None


async def judged(suite: Suite, shop: Workshop) -> Verdict:
    try:
        return await suite.run(shop)
    except TimeoutError:
        return Verdict("failed", f"It took longer than {WITHIN} seconds.")


async def main(*, get: bool) -> int:
    logging.disable(logging.WARNING)  # the suites provoke them
    failed = skipped = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shop = Workshop(Path(folder), os.environ.get("PATH", os.defpath))
        shop = await shop.get() if get else shop
        for suite in SUITES:
            missing = await what_is_missing(suite, shop)
            if missing is not None:
                skipped += 1
                print(f"{suite.name:30} skipped: {missing}", flush=True)
                continue
            began = time.monotonic()
            verdict = await judged(suite, shop)
            failed += bool(verdict.amiss)
            print(f"{suite.name:30} {verdict.summary}, in {time.monotonic() - began:.0f} s", flush=True)
            if verdict.amiss:
                print(verdict.amiss, flush=True)
    if skipped:
        packages = " ".join((*FROM_NPM, *FROM_PYPI))
        print(f"{skipped} skipped. `python -m proofs.conformance --get` installs for its own time: {packages}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(functools.partial(main, get="--get" in sys.argv[1:])))
