"""Reads the API key from its source: the environment, a file, or a command such as a password manager's.

A source can be read any number of times. It does not know which key it returned before or whether Uru accepted it;
see `keyring.py`. Messages contain only the path of a file, and only the name and exit status of a command.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import Process

from uru_mcp.credentials.api_key import Key, read_key
from uru_mcp.credentials.program_lookup import NEUTRAL_DIRECTORY, find_program
from uru_mcp.errors import Code, KeyUnavailable
from uru_mcp.messages.access_messages import KEYS_PAGE

Value = TypeVar("Value")

COMMAND_WITHIN = 20.0  # seconds
LONGEST_LINE = 64 * 1024  # bytes of a file or of a command's output that are read
SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "fish", "cmd", "powershell", "pwsh")
FOR_A_SHELL = "|~$`<>&;*"  # characters that a shell would act upon; ~ only at the start of a word
AFTER_A_FILE = "; the next call reads it. If you change URU_API_KEY_FILE instead, restart the client."
AFTER_A_COMMAND = ", then call again. If you change the command, restart the client."
OWN_FILE = (
    "Set URU_API_KEY_FILE to a file that belongs to the user that uru-mcp runs as, with mode 600 and the key in its"
    " first line, such as ~/.config/uru/key, and restart the client."
)
OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


class Exposure(NamedTuple):
    """A warning that others can access the key, and its fix."""

    message: str
    fix: str


class Reading(NamedTuple):
    """A key as it was read. `mark` shows whether the source has changed since."""

    key: Key
    mark: object = None
    exposure: Exposure | None = None


class KeyVariable(NamedTuple):
    """A key given in the environment, or by a sandbox in this process. It never changes while the process runs."""

    key: Key
    name: str = "URU_API_KEY"
    steps: str = "put it into URU_API_KEY, and restart the client"

    async def read(self) -> Reading:
        return Reading(self.key)

    async def has_changed(self, mark: object) -> bool:
        return False


class KeyFile(NamedTuple):
    """A file whose first line is the key."""

    path: Path
    name: str = "URU_API_KEY_FILE"

    @property
    def steps(self) -> str:
        return f"write it to the first line of {self.path} (no restart is needed)"

    async def read(self) -> Reading:
        """Raises: `KeyUnavailable`."""
        return await _in_thread(self._read)

    async def has_changed(self, mark: object) -> bool:
        """Whether the file has changed, or may have, since this mark was made; None means that there is no mark."""
        return mark is None or mark != await _in_thread(self._mark)

    def _mark(self) -> object:
        try:
            return _mark_of(self.path.stat())
        except OSError:
            return None

    def _read(self) -> Reading:
        try:
            found = self.path.stat()  # before reading, so that a concurrent write shows as a change
            if not stat.S_ISREG(found.st_mode):
                raise self._unavailable("is not a file", fix=OWN_FILE)
            with self.path.open("rb") as file:
                line = _first_line(file.read(LONGEST_LINE))
        except FileNotFoundError:
            raise self._unavailable("does not exist") from None
        except PermissionError:
            what = "is not readable by the user that uru-mcp runs as"
            raise self._unavailable(what, fix=self._fix_of_owner()) from None
        except OSError as error:
            raise self._unavailable(f"cannot be read ({type(error).__name__})") from None
        if not line:
            raise self._unavailable("has no key in its first line")
        key = _key(line, lambda why: self._unavailable(f"has no key in its first line: {why}", code="malformed_key"))
        return Reading(key, _mark_of(found), self._exposure(found))

    def _unavailable(self, what: str, *, fix: str | None = None, code: Code | None = None) -> KeyUnavailable:
        write_it = f"Write the key from {KEYS_PAGE}, and nothing else, to the first line of that file{AFTER_A_FILE}"
        return KeyUnavailable(f"The key file {self.path} {what}.", fix=fix or write_it, code=code)

    def _fix_of_owner(self) -> str:
        """What to do about a file that may not be read, or that others may: its owner can change its mode."""
        with suppress(OSError):
            if sys.platform != "win32" and os.geteuid() in (0, self.path.stat().st_uid):
                return f"Run chmod 600 {shlex.quote(str(self.path))}"
        return OWN_FILE

    def _exposure(self, found: os.stat_result) -> Exposure | None:
        if sys.platform == "win32" or not found.st_mode & OPEN_TO_OTHERS:
            return None
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        return Exposure(
            f"Other users of this machine can access the key file {self.path} (its mode is {mode}).",
            self._fix_of_owner(),
        )


class KeyCommand(NamedTuple):
    """A command whose first line of output is the key.

    It runs without a shell and without input. The working directory is neither searched for it nor used to run it.
    """

    words: tuple[str, ...]
    path: str | None = None  # the value of PATH, searched for a program without a directory
    within: float = COMMAND_WITHIN
    name: str = "URU_API_KEY_COMMAND"

    def __repr__(self) -> str:
        """Only the program: the arguments may reveal where a secret is stored."""
        return f"KeyCommand({self.program!r})"

    @property
    def program(self) -> str:
        """The name of the program, without its path and arguments."""
        return Path(self.words[0]).name

    @property
    def steps(self) -> str:
        return (
            f"store it where {self.program}, the command in URU_API_KEY_COMMAND, reads it, such as your password"
            " manager (no restart is needed)"
        )

    async def read(self) -> Reading:
        """Run the command, for at most `within` seconds. Raises: `KeyUnavailable`."""
        with anyio.move_on_after(self.within) as limit:
            status, output = await self._run()
        if limit.cancelled_caught:
            raise self._unavailable(f"did not finish within {self.within:g} seconds and was stopped")
        if status:
            raise self._unavailable(f"exited with code {status}" if status > 0 else f"was killed by signal {-status}")
        line = _first_line(output)
        if not line:
            raise self._unavailable("printed nothing in its first line")
        return Reading(_key(line, lambda why: self._unavailable(f"printed no key: {why}", code="malformed_key")))

    async def has_changed(self, mark: object) -> bool:
        return False  # only running it would show, and that may prompt the user

    async def _run(self) -> tuple[int, bytes]:
        """Its exit code and its output, at least up to the end of the first line."""
        output = b""
        program, *arguments = self.words
        is_named = Path(program).name == program  # otherwise it is an absolute path; the settings ensure that
        found = find_program(program, self.path) if is_named else program
        try:
            if found is None:
                raise FileNotFoundError
            process = await anyio.open_process(
                [found, *arguments],
                cwd=NEUTRAL_DIRECTORY,
                stdin=subprocess.DEVNULL,  # our stdin belongs to MCP
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # so that its child processes can be killed with it
            )
        except FileNotFoundError:
            raise self._unavailable("was not found; give its absolute path if it is not on the PATH") from None
        except OSError as error:
            raise self._unavailable(f"could not be started ({type(error).__name__})") from None
        try:
            if process.stdout is None:
                raise AssertionError("unreachable")
            async for piece in process.stdout:
                output += piece
                if b"\n" in output or len(output) > LONGEST_LINE:
                    break
            return await process.wait(), output
        finally:
            end_process(process)
            with anyio.CancelScope(shield=True):
                await process.aclose()

    def _unavailable(self, what: str, *, code: Code | None = None) -> KeyUnavailable:
        message = f"The command {self.program} in URU_API_KEY_COMMAND returned no key: it {what}."
        steps = "Run it in a terminal and check that its first line is the key (is the password manager unlocked?)"
        written = self._written_for_a_shell
        if written:
            message += f" It runs without a shell, so it was given {' and '.join(written)} as written."
            steps = "Write paths in full, read a file with URU_API_KEY_FILE, or start a shell: sh -c 'COMMAND'"
        return KeyUnavailable(message, fix=f"{steps}{AFTER_A_COMMAND}", code=code)

    @property
    def _written_for_a_shell(self) -> list[str]:
        """The characters in the arguments that only a shell understands; none if the program is a shell."""
        if self.program.lower().removesuffix(".exe") in SHELLS:
            return []
        words = self.words[1:]
        bare = "".join(word for word in words if not re.search(r"\s", word))  # others were in quotation marks
        begins = {word[:1] for word in words} & {"~", "$"}
        return [one for one in FOR_A_SHELL if one in begins or (one != "~" and one in bare)]


KeySource = KeyVariable | KeyFile | KeyCommand


async def _in_thread(read: Callable[[], Value]) -> Value:
    """Read in a thread, without blocking the event loop: a home directory may be on a slow network drive."""
    return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)


def _mark_of(found: os.stat_result) -> object:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _first_line(data: bytes) -> str:
    """The first line, without a byte order mark and the blanks that editors and shells leave around it."""
    encoding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"  # as PowerShell writes
    return data.decode(encoding, errors="replace").split("\n", 1)[0].strip()


def _key(line: str, unavailable: Callable[[str], KeyUnavailable]) -> Key:
    try:
        return read_key(line)
    except ValueError as error:
        raise unavailable(str(error)) from None


def end_process(process: Process) -> None:
    """Kill the process, if it is still running, and its child processes."""
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
