"""The clients' configurations on this machine: whether they can be read, and whether what they start as uru-mcp starts.

Servers that are not ours are named where two share a name, and never started.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.clients.places import Configuration, configurations
from uru_mcp.clients.reading import Server, read_servers
from uru_mcp.doctor.checks import Examination, Finding, failed, ok, skipped
from uru_mcp.doctor.trial import Silent, is_tracked, shake_hands
from uru_mcp.doctor.variables import given
from uru_mcp.errors import SettingsError, UruError
from uru_mcp.settings import read_settings

OURS = re.compile(r"uru[-_]mcp([@=\[<>~].*)?")
VALUE_OF_OPTION = ("-m", "--module")  # whose value may be our name; that of another option is something else
FILLS_IN_NOTHING = ("claude-desktop",)  # the others may fill in placeholders, ${…}
SANDBOX_FILE = "--db"  # and after it, or after =, the file that a sandbox is kept in

HERE = f'"command": {json.dumps(sys.executable)}, "args": ["-m", "uru_mcp"]'


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration and its servers, or why they cannot be read."""

    configuration: Configuration
    servers: tuple[Server, ...] = ()
    error: UruError | None = None

    @property
    def title(self) -> str:
        return self.configuration.client.title

    @property
    def ours(self) -> list[Server]:
        return [server for server in self.servers if is_ours(server)]

    def name(self, server: Server) -> str:
        """How a server is called here."""
        return f"{self.title} “{server.name}”"


def found_on(platform: str, home: Path, environ: Mapping[str, str]) -> list[Found]:
    return [_read(one) for one in configurations(platform, home, environ)]


def is_ours(server: Server) -> bool:
    """Whether it starts uru-mcp: by the name of its program, or by a word of its arguments that is run."""
    if server.command is None:
        return False
    words = [server.command]
    for before, word in zip((server.command, *server.args), server.args, strict=False):
        if not before.startswith("-") or before in VALUE_OF_OPTION:
            words.append(word)
    return any(OURS.fullmatch(re.split(r"[/\\]", word)[-1].removesuffix(".exe")) for word in words)


def serves_sandbox(server: Server) -> bool:
    return "--sandbox" in server.args


def _without_file(server: Server) -> tuple[list[str], str]:
    """Its arguments for a trial, and what to say of it: a sandbox makes itself a key in its file at each start."""
    words = [
        word
        for before, word in zip(("", *server.args), server.args, strict=False)
        if SANDBOX_FILE not in (before, word) and not word.startswith(f"{SANDBOX_FILE}=")
    ]
    if not serves_sandbox(server) or len(words) == len(server.args):
        return [*server.args], ""
    return words, f", tried without {SANDBOX_FILE}, so that nothing is written there"


def environment_of(server: Server, environ: Mapping[str, str]) -> dict[str, str]:
    """What a client starts it with: of our variables those of the configuration alone."""
    ours = given(environ)
    return {**{name: value for name, value in environ.items() if name not in ours}, **server.env}


async def examine_configuration(examination: Examination, found: Found, environ: Mapping[str, str]) -> None:
    """Make the checks of one configuration."""
    path = found.configuration.path
    if found.error is not None:
        examination.tell(found.title, failed(found.error))
        return
    if not found.ours:
        examination.tell(found.title, skipped(f"{path} has no uru-mcp in it"))
    else:
        examination.tell(found.title, ok(str(path)))
    for finding in _doubled(found):
        examination.tell(found.title, finding)
    for server in found.ours:
        await _examine_server(examination, found, server, environ)
    if any(_holds_key(server) for server in found.ours) and await is_tracked(path, environ):
        seen = f"{path} holds a key and is tracked by Git, so that whoever gets the repository gets the key"
        remedy = (
            "Put the key into a file of its own, chmod 600, and URU_API_KEY_FILE in the place of URU_API_KEY; then"
            " replace the key in Uru, since the repository's history keeps this one."
        )
        examination.tell(found.title, Finding("warning", seen, remedy))


async def _examine_server(examination: Examination, found: Found, server: Server, environ: Mapping[str, str]) -> None:
    name = found.name(server)
    command, settings, start = f"{name} command", f"{name} settings", f"{name} start"
    with_own = environment_of(server, environ)

    async def look_at_command() -> Finding:
        return _command(found, server, with_own)

    async def look_at_settings() -> Finding:
        return _settings(found, server, with_own)

    async def start_it() -> Finding:
        program = shutil.which(server.command or "", path=with_own.get("PATH")) or ""
        words, untouched = _without_file(server)
        try:
            return ok(f"starts and speaks MCP: {await shake_hands([program, *words], with_own)}{untouched}")
        except Silent as error:
            return Finding("failed", f"{server.command} {error}.", f"Write in {found.configuration.path}: {HERE}")

    await examination.look(command, look_at_command)
    await examination.look(settings, look_at_settings)
    await examination.look(start, start_it, after=(command,))


def _read(configuration: Configuration) -> Found:
    try:
        return Found(configuration, tuple(read_servers(configuration)))
    except UruError as error:
        return Found(configuration, error=error)


def _doubled(found: Found) -> Iterator[Finding]:
    """Names that two servers have; JSON readers take the last one and say nothing."""
    for name, count in Counter(server.name for server in found.servers).items():
        if count > 1:
            lines = ", ".join(str(server.line) for server in found.servers if server.name == name)
            seen = f"{count} servers have the name “{name}” (lines {lines}), and the client sees the last one only"
            yield Finding("failed", seen, f"Rename or remove the others in {found.configuration.path}.")


def _command(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    command = server.command or ""
    program = shutil.which(command, path=environ.get("PATH"))
    if program is None:
        return Finding("failed", f"{command} {_why_not(command)}.", f"Write in {found.configuration.path}: {HERE}")
    if not Path(command).is_absolute():
        return Finding(
            "warning",
            f"{command} is not an absolute path, and desktop programs do not know your PATH.",
            f"Write {json.dumps(program)} in its place, in {found.configuration.path}.",
        )
    return ok(command)


def _why_not(command: str) -> str:
    if Path(command).is_file():
        return "is no program that you may run"
    return "does not exist" if Path(command).is_absolute() else "is found nowhere on the PATH"


def _settings(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    if serves_sandbox(server):
        return skipped("it serves a sandbox, which needs none")
    has_placeholders = any("${" in value for value in server.env.values())
    if has_placeholders and found.configuration.client.name not in FILLS_IN_NOTHING:
        return skipped(f"they hold placeholders, which {found.title} fills in")
    try:
        read_settings(environ)
    except SettingsError as error:
        return failed(error)
    return ok(", ".join(sorted(given(environ))))


def _holds_key(server: Server) -> bool:
    key = server.env.get("URU_API_KEY", "").strip()
    return bool(key) and "${" not in key
