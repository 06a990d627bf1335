"""Where the key comes from: the environment, a file, or a command such as a password manager's.

Each way is a value that can be read as often as one likes. What was read before, and what Uru thinks of it, is not
known here; see `keyring.py`. Of a file no more is ever told than its path, and of a command no more than its name and
how it ended.
"""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import Process

from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.program_lookup import NEUTRAL_DIRECTORY, find_program
from uru_mcp.errors import Code, KeyUnavailable
from uru_mcp.messages import KEYS_PAGE

Value = TypeVar("Value")

COMMAND_WITHIN = 20.0  # seconds
LONGEST_LINE = 64 * 1024  # bytes of a file or of an output that are looked at
OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Exposure:
    """Who else can get at the key, and what to do about it."""

    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A key as it was found. `mark` tells whether its place has been changed since."""

    key: Key
    mark: object = None
    exposure: Exposure | None = None


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """A key that was given as it is. The environment of a running process never changes."""

    key: Key
    name: ClassVar[str] = "URU_API_KEY"
    steps: ClassVar[str] = "put it into URU_API_KEY, and start the client again"

    async def read(self) -> Reading:
        return Reading(self.key)

    async def has_changed(self, mark: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file whose first line is the key."""

    path: Path
    name: ClassVar[str] = "URU_API_KEY_FILE"

    @property
    def steps(self) -> str:
        return f"write it into the first line of {self.path} (no restart is needed)"

    async def read(self) -> Reading:
        """Raises: `KeyUnavailable`."""
        return await _in_thread(self._read)

    async def has_changed(self, mark: object) -> bool:
        """Whether the file is not, or may not be, what it was when this mark was made; None is no mark."""
        return mark is None or mark != await _in_thread(self._mark)

    def _mark(self) -> object:
        try:
            return _mark_of(self.path.stat())
        except OSError:
            return None

    def _read(self) -> Reading:
        try:
            found = self.path.stat()  # before it is read, so that what is written meanwhile shows as a change
            if not stat.S_ISREG(found.st_mode):
                raise self._unavailable("is not a file")
            with self.path.open("rb") as file:
                line = _first_line(file.read(LONGEST_LINE))
        except FileNotFoundError:
            raise self._unavailable("does not exist") from None
        except PermissionError:
            raise self._unavailable("may not be read by the user that uru-mcp runs as") from None
        except OSError as error:
            raise self._unavailable(f"cannot be read ({type(error).__name__})") from None
        if not line:
            raise self._unavailable("holds no key in its first line")
        key = _key(line, lambda why: self._unavailable(f"holds no key in its first line: {why}", code="malformed_key"))
        return Reading(key, _mark_of(found), self._exposure(found))

    def _unavailable(self, what: str, *, code: Code | None = None) -> KeyUnavailable:
        fix = (
            f"Write the key from {KEYS_PAGE} into the first line of that file, and nothing around it; the next call"
            " reads it. Another path in URU_API_KEY_FILE needs a restart of the client."
        )
        return KeyUnavailable(f"The key file {self.path} {what}.", fix=fix, code=code)

    def _exposure(self, found: os.stat_result) -> Exposure | None:
        if sys.platform == "win32" or not found.st_mode & OPEN_TO_OTHERS:
            return None
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        return Exposure(
            f"The key file {self.path} is open to other users of this machine (its mode is {mode}).",
            f"Run chmod 600 {shlex.quote(str(self.path))}",
        )


@dataclass(frozen=True, slots=True, repr=False)
class KeyCommand:
    """A command whose first line of output is the key.

    It is run without a shell, has nothing to read, and is neither looked for nor run in the working directory.
    """

    words: tuple[str, ...]
    path: str | None = None  # the value of PATH, where a program without a directory is looked for
    within: float = COMMAND_WITHIN
    name: ClassVar[str] = "URU_API_KEY_COMMAND"

    @property
    def program(self) -> str:
        """The command's name, without its path and its arguments."""
        return Path(self.words[0]).name

    @property
    def steps(self) -> str:
        return (
            f"store it where the command {self.program} of URU_API_KEY_COMMAND looks, such as your password manager"
            " (no restart is needed)"
        )

    async def read(self) -> Reading:
        """Raises: `KeyUnavailable`; after `within` seconds at the latest."""
        with anyio.move_on_after(self.within) as limit:
            status, output = await self._run()
        if limit.cancelled_caught:
            raise self._unavailable(f"was stopped after {self.within:g} seconds without an end")
        if status:
            raise self._unavailable(f"ended with exit code {status}" if status > 0 else f"ended by signal {-status}")
        line = _first_line(output)
        if not line:
            raise self._unavailable("printed nothing in its first line")
        return Reading(_key(line, lambda why: self._unavailable(f"printed no key: {why}", code="malformed_key")))

    async def has_changed(self, mark: object) -> bool:
        return False  # nobody knows without running it, and that may ask the user for something

    async def _run(self) -> tuple[int, bytes]:
        """Its exit code and what it printed, at least as far as the end of the first line."""
        output = b""
        program, *arguments = self.words
        is_named = Path(program).name == program  # a path is absolute, as the settings have seen to
        found = find_program(program, self.path) if is_named else program
        try:
            if found is None:
                raise FileNotFoundError
            process = await anyio.open_process(
                [found, *arguments],
                cwd=NEUTRAL_DIRECTORY,
                stdin=subprocess.DEVNULL,  # ours belongs to the protocol
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # so that what it starts can be ended with it
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
        return KeyUnavailable(
            f"The command {self.program} of URU_API_KEY_COMMAND gave no key: it {what}.",
            fix="Run it in a terminal and see that its first line is the key (is the password manager unlocked?), then"
            " call again. Another command needs a restart of the client.",
            code=code,
        )


KeySource = KeyVariable | KeyFile | KeyCommand


async def _in_thread(read: Callable[[], Value]) -> Value:
    """What it reads, without holding up the event loop: a home directory may be on a network that is slow."""
    return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)


def _mark_of(found: os.stat_result) -> object:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _first_line(data: bytes) -> str:
    """The first line, without the marks and blanks that editors and shells leave around it."""
    encoding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"  # as PowerShell writes
    return data.decode(encoding, errors="replace").split("\n", 1)[0].strip()


def _key(line: str, unavailable: Callable[[str], KeyUnavailable]) -> Key:
    try:
        return Key(line)
    except ValueError as error:
        raise unavailable(str(error)) from None


def end_process(process: Process) -> None:
    """Kill what is still there, and what it started."""
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
