"""What single variables may hold: a text into a value, or a ValueError that says what is wrong with it.

The words of an error follow on “it cannot be used:”. Which variables there are is in `settings.py`.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from uru_mcp.permission_names import read_names
from uru_mcp.permissions import Permissions

QUOTES = {('"', '"'), ("'", "'"), ("“", "”"), ("\u2018", "\u2019"), ("„", "“"), ("«", "»"), ("`", "`")}
UUID = re.compile(r"(?:urn:uuid:|\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?")
SHORTEST_INTERVAL = 0.1  # seconds; a shorter one is a slip, and would keep Uru busy


def unquoted(text: str) -> str:
    """The value without the blanks and the pair of quotation marks around it; `"a b" c "d"` has two, which stay."""
    text = text.strip()
    while len(text) > 1 and (text[0], text[-1]) in QUOTES:
        inner = text[1:-1].strip()
        if text[0] in inner and (inner[0], inner[-1]) not in QUOTES:
            break
        text = inner
    return text


def base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise ValueError("it is not an http(s) URL")
    _ = parts.port  # raises ValueError when it is not a number
    if parts.username is not None or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("it holds user info, a query or a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("it is http:// on a host other than this machine, which would send the key in the clear")
    return text.rstrip("/")


def permissions(text: str) -> Permissions:
    named = read_names(text)
    if named.unknown:
        raise ValueError(f"{named.unknown[0]!r} is not a permission")
    if not named.granted:
        raise ValueError("it names no permission")
    return named.granted


def patterns(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one of these words, in any case."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"it is not one of {', '.join(words)}")
        return text.lower()

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """A reader of a number in these bounds, which are allowed too."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            raise ValueError("it is not a number") from None
        if not least <= found <= most:  # nor is `nan`
            raise ValueError(f"it is not from {least:g} to {most:.12g}")
        return found

    return read


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A reader of a whole number in these bounds, which are allowed too; `10.0` is one."""
    read_number = number(least, most)

    def read(text: str) -> int:
        found = read_number(text)
        if not found.is_integer():
            raise ValueError("it is not a whole number")
        return int(found)

    return read


def interval(text: str) -> float:
    seconds = number(0, 86_400)(text)
    if 0 < seconds < SHORTEST_INTERVAL:
        raise ValueError(f"it is shorter than {SHORTEST_INTERVAL:g} seconds, and not 0")
    return seconds


def uuid(text: str) -> str:
    """A UUID in the form that Uru writes. Braces, `urn:uuid:` and missing hyphens are put right."""
    digits = UUID.fullmatch(text.lower())
    if digits is None:
        raise ValueError("it is not a UUID")
    return "-".join(digits.groups())


def absolute_path(text: str) -> Path:
    """The path of a file as people write it.

    Raises: ValueError, also when it is relative: clients start servers in directories that nobody would think of.
    """
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("there is no such home directory") from error
    if not path.is_absolute():
        raise ValueError("it is not an absolute path, and clients start servers in directories of their own")
    return path


def cache_directory(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The directory for what may be lost, or None where the environment names none. XDG_CACHE_HOME counts everywhere.

    Not by `platformdirs`, which reads the environment of the process and takes no other.
    """
    own = {"win32": ("LOCALAPPDATA", ""), "darwin": ("HOME", "Library/Caches")}.get(platform, ("HOME", ".cache"))
    for variable, below in (("XDG_CACHE_HOME", ""), own):
        directory = Path(environ.get(variable, ""))
        if directory.is_absolute():  # a relative one is to be ignored, says the XDG specification
            return directory / below / "uru-mcp"
    return None


def split_command(text: str, *, windows: bool = sys.platform == "win32") -> tuple[str, ...]:
    """The words of a command, split as a shell would; the first may begin with `~`.

    Raises: ValueError, also for a program given by a relative path, for the reason that a file's may not be one.
    """
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters = True, ""
    if windows:
        words.escape = ""  # a backslash is part of a path there
    program, *arguments = words
    if not program:
        raise ValueError("it begins with an empty word")
    if program.startswith("~") or "/" in program or (windows and "\\" in program):
        program = str(absolute_path(program))
    return (program, *arguments)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
