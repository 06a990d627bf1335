"""Clients and agent frameworks of others, each on this server: `python -m proofs.frameworks [--cache DIR] [NAME …]`.

Each is installed into an environment of its own: below DIR, where it is kept, or for the time of the run. It takes the
whole list of tools with its own converter, reads a resource, and reads, writes and runs through the dispatch tools,
against a sandbox in a file, in which is looked for what was written. `--catalog FILE` adds the tools of a file in the
shape of Uru's API. It prints a table in Markdown, and ends with 1 when one did not take or do all of it.

TypeScript's SDKs need npm.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from proofs.framework_clients.steps import ENVIRONMENT, STEPS
from uru_mcp.sandbox import Sandbox

SCRIPTS = Path(__file__).with_name("framework_clients")
INSTALLED_WITHIN = 900  # seconds
WITHIN = 300  # seconds for all steps of one
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Framework:
    """What is installed, the first of which is the one whose version is told, and the script that is run there."""

    name: str
    directory: str
    packages: tuple[str, ...]
    script: str
    remarks: str = ""

    @property
    def is_node(self) -> bool:
        return self.script.endswith(".mjs")


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen of one: how many tools it took, which steps it did, and what went wrong."""

    framework: Framework
    taken: int
    did: frozenset[str]
    trouble: str

    def is_well(self, listed: int) -> bool:
        return self.taken == listed and self.did == STEPS.keys()


NODE = "node@22.23.3"
FRAMEWORKS = (
    Framework("TypeScript SDK", "ts1", ("@modelcontextprotocol/sdk@1.32.2", NODE), "with_typescript_sdk.mjs"),
    Framework("TypeScript SDK", "ts2", ("@modelcontextprotocol/client@2.4.0", NODE), "with_typescript_sdk.mjs"),
    Framework("Python SDK", "mcp1", ("mcp==1.30.0",), "with_python_sdk_1.py"),
    Framework("Python SDK", "mcp2", ("mcp==2.3.0",), "with_python_sdk_2.py"),
    Framework(
        "LangChain", "langchain", ("langchain-mcp-adapters==0.3.2",), "with_langchain.py", "a process for each call"
    ),
    Framework(
        "Pydantic AI", "pydantic-ai", ("pydantic-ai-slim[mcp]==2.68.0",), "with_pydantic_ai.py", "told to wait 60 s"
    ),
    Framework(
        "OpenAI Agents", "openai-agents", ("openai-agents==0.24.0",), "with_openai_agents.py", "told to wait 60 s"
    ),
    Framework("CrewAI", "crewai", ("crewai-tools[mcp]==1.15.30", "crewai==1.15.30"), "with_crewai.py"),
    Framework("Semantic Kernel", "semantic-kernel", ("semantic-kernel[mcp]==1.45.0",), "with_semantic_kernel.py"),
    Framework("Google ADK", "google-adk", ("google-adk==2.13.0", "mcp<2"), "with_google_adk.py"),
    Framework(
        "LlamaIndex", "llama-index", ("llama-index-tools-mcp==0.6.0",), "with_llama_index.py", "a process for each call"
    ),
    Framework(
        "AutoGen", "autogen", ("autogen-ext[mcp]==0.7.5", "autogen-agentchat==0.7.5", "mcp<2"), "with_autogen.py"
    ),
    Framework("smolagents", "smolagents", ("smolagents[mcp]==1.26.0", "mcp<2"), "with_smolagents.py"),
    Framework("Strands Agents", "strands", ("strands-agents==1.62.0",), "with_strands.py"),
    Framework("Agno", "agno", ("agno==3.1.10", "fastmcp>=4,<5"), "with_agno.py"),
)


def installed(framework: Framework, cache: Path) -> Path:
    """The program that runs the framework's script. Raises: CalledProcessError, TimeoutExpired."""
    directory = cache / framework.directory
    mark = directory / "proof-packages.txt"
    is_there = mark.is_file() and mark.read_text().split() == sorted(framework.packages)
    if framework.is_node:
        directory.mkdir(parents=True, exist_ok=True)
        if not is_there:
            _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(directory), *framework.packages])
        program = directory / "node_modules" / ".bin" / "node"
    else:
        program = directory / "bin" / "python"
        if not program.exists():
            _run([sys.executable, "-m", "venv", str(directory)])
        if not is_there:
            _run([str(program), "-m", "pip", "install", "--quiet", *framework.packages])
    mark.write_text("\n".join(sorted(framework.packages)))
    return program


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALLED_WITHIN)


def tried(framework: Framework, cache: Path, catalog: Path | None) -> Row:
    """What the framework does with a sandbox of its own."""
    try:
        program = installed(framework, cache)
    except (subprocess.SubprocessError, OSError) as error:
        return Row(framework, 0, frozenset(), f"not installed: {type(error).__name__}")
    note = f"Proof of {framework.name} {framework.script}"
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "sandbox.db"
        seen = _driven(framework, program, server(file, catalog), note, cache)
        did = frozenset(step for step in STEPS if seen.get(step) is True)
        return Row(framework, int(seen.get("taken", 0)), did & _kept(file, note), str(seen.get("trouble", "")))


def server(file: Path, catalog: Path | None) -> list[str]:
    more = ["--catalog", str(catalog.resolve())] if catalog else []
    return [sys.executable, "-P", "-m", "uru_mcp", "--sandbox", "--db", str(file), *more]


def _driven(framework: Framework, program: Path, command: list[str], note: str, cache: Path) -> dict[str, Any]:
    steps = json.loads(json.dumps(STEPS).replace("a note", note))
    told = {"server": command, "environment": ENVIRONMENT, "steps": steps}
    environ = {**os.environ, "PROOF_SERVER": json.dumps(command), "PROOF_NOTE": note, "PROOF_STEPS": json.dumps(told)}
    where = cache / framework.directory
    try:
        done = subprocess.run(
            [str(program), str(SCRIPTS / framework.script)],
            env=environ,
            cwd=where,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"trouble": f"not done after {WITHIN} seconds"}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith('{"taken"'):
            seen: dict[str, Any] = json.loads(line)
            return seen
    last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
    return {"trouble": f"ended with {done.returncode}: {' '.join(last)[:300]}"}


def _kept(file: Path, note: str) -> frozenset[str]:
    """The steps whose effect, where they have one, is there in the workspace."""
    sandbox = Sandbox.open(file)
    try:
        noted = sandbox.database.rows("SELECT text FROM notes WHERE text = ?", note)
        written = sandbox.database.rows("SELECT title FROM contexts WHERE title = ?", note)
    finally:
        sandbox.close()
    gone = {"ran"} if len(noted) != 1 else set()
    return frozenset(STEPS) - gone - ({"wrote"} if len(written) != 1 else set())


def listed(catalog: Path | None) -> int:
    """How many tools the server lists."""

    async def count() -> int:
        with tempfile.TemporaryDirectory() as place:
            command, *words = server(Path(place) / "sandbox.db", catalog)
            async with Client(StdioServerParameters(command=command, args=words, env=ENVIRONMENT)) as client:
                return len((await client.list_tools()).tools)

    return anyio.run(count)


def table(rows: list[Row], tools: int) -> Iterator[str]:
    """The table in Markdown."""
    yield "| name | version | tools taken | read a resource | read | wrote | ran | remarks |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        version = row.framework.packages[0].replace("==", "@").rpartition("@")[2]
        did = " | ".join("yes" if step in row.did else "no" for step in STEPS)
        remarks = row.trouble.replace("|", "/").replace("\n", " ") or row.framework.remarks
        yield f"| {row.framework.name} | {version} | {row.taken} of {tools} | {did} | {remarks} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("names", nargs="*", help="only these, by the beginning of their names in framework_clients")
    parser.add_argument("--cache", type=Path, help="keep the environments below this directory")
    parser.add_argument("--catalog", type=Path, help="add the tools of a JSON file in the shape of Uru's API")
    chosen = parser.parse_args()
    wanted = tuple(chosen.names) or ("",)
    asked = [one for one in FRAMEWORKS if one.script.removeprefix("with_").startswith(wanted)]
    if not asked:
        parser.error(f"no client begins so: {', '.join(chosen.names)}")
    with tempfile.TemporaryDirectory() as place:
        cache = (chosen.cache or Path(place)).resolve()
        tools = listed(chosen.catalog)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = list(pool.map(lambda one: tried(one, cache, chosen.catalog), asked))
    print("\n".join(table(rows, tools)))
    sys.exit(0 if all(row.is_well(tools) for row in rows) else 1)


if __name__ == "__main__":
    main()
