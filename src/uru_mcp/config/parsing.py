"""Parses the values of single settings; a ValueError says what is wrong with a value.

Each error message completes the sentence “it cannot be used: …”. The variables are defined in `settings.py`.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from uru_mcp.permissions import Permissions
from uru_mcp.untrusted_input.permission_parsing import read_names
from uru_mcp.untrusted_input.quoting import quoted

SHOWN_CHARS = 60  # of a value in a message
QUOTES = {('"', '"'), ("'", "'"), ("“", "”"), ("\u2018", "\u2019"), ("„", "“"), ("«", "»"), ("`", "`")}
SHORTEST_INTERVAL = 0.1  # seconds; a shorter one is probably a mistake, and would overload Uru


def unquoted(text: str) -> str:
    """The value without surrounding blanks and quotation marks; `"a b" c "d"` has two quoted parts and stays."""
    text = text.strip()
    while len(text) > 1 and (text[0], text[-1]) in QUOTES:
        inner = text[1:-1].strip()
        if text[0] in inner and (inner[0], inner[-1]) not in QUOTES:
            break
        text = inner
    return text


def shown(text: str) -> str:
    """What was given, in quotation marks: on one line, short, and never a key."""
    return f"“{without_key(text)}”"


def without_key(text: str) -> str:
    from uru_mcp.untrusted_input.redaction import Redaction  # some patterns to compile, which only an error needs

    return quoted(Redaction().text(text), SHOWN_CHARS)


def base_url(text: str) -> str:
    """Raises: ValueError, which shows the text only if it cannot contain a password."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        named = "it" if {*"@?#"} & {*text} else shown(text)
        raise ValueError(f"{named} is not a URL that starts with https://, or with http:// for this machine")
    _ = parts.port  # raises ValueError if it is not a number
    if parts.username is not None or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("it contains user info, a query or a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("http:// is allowed only for this machine, since it would send the key unencrypted")
    return text.rstrip("/")


def permissions(text: str) -> Permissions:
    named = read_names(text)
    if named.unknown:
        raise ValueError(f"{shown(named.unknown[0])} is none of read, write and execute")
    if not named.granted:
        raise ValueError("it names no permission")
    return named.granted


def patterns(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def uuid(text: str) -> str:
    from uuid import UUID  # few settings need it at the start

    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is not a UUID") from None


def one_of(*words: str) -> Callable[[str], str]:
    """A parser of one of these words, whatever its case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{shown(text)} is none of {', '.join(words)}")
        return text.lower()

    return parse


def seconds(least: float, most: float, *, or_none: bool = False) -> Callable[[str], float]:
    """A parser of a number of seconds in this range, or of 0 if `or_none`."""

    def parse(text: str) -> float:
        value = _number(text)
        if value is not None and (least <= value <= most or (or_none and value == 0)):
            return value
        also = ", or 0" if or_none else ""
        raise ValueError(f"{shown(text)} is not a number of seconds from {least:g} to {most:g}{also}")

    return parse


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of a whole number in this range."""

    def parse(text: str) -> int:
        value = _number(text)
        if value is not None and least <= value <= most and value.is_integer():
            return int(value)
        raise ValueError(f"{shown(text)} is not a whole number from {least} to {most}")

    return parse


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def yes_or_no(text: str) -> bool:
    """Only words that can mean nothing else: a slip in a setting that restricts must not switch it off."""
    return one_of("true", "false")(text) == "true"


def absolute_path(text: str) -> Path:
    """A file path as a user writes it, with `~` expanded.

    Raises: ValueError, also for a relative path, since each client starts servers in a different directory.
    """
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("the home directory does not exist") from error
    if not path.is_absolute():
        raise ValueError("it is not an absolute path, and each client starts servers in a different directory")
    return path


def log_path(text: str) -> Path:
    """Raises: ValueError, as `absolute_path`, with what was given."""
    try:
        return absolute_path(text)
    except ValueError as error:
        raise ValueError(f"{shown(text)}: {error}") from None


def cache_directory(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The cache directory, or None if the environment does not name one. XDG_CACHE_HOME is used on every platform.

    `platformdirs` is not used because it always reads the environment of the process.
    """
    own = {"win32": ("LOCALAPPDATA", ""), "darwin": ("HOME", "Library/Caches")}.get(platform, ("HOME", ".cache"))
    for variable, below in (("XDG_CACHE_HOME", ""), own):
        directory = Path(environ.get(variable, ""))
        if directory.is_absolute():  # the XDG specification says to ignore relative paths
            return directory / below / "uru-mcp"
    return None


def split_command(text: str, *, windows: bool = sys.platform == "win32") -> tuple[str, ...]:
    """The words of a command, split as a shell would; the first may start with `~`.

    Raises: ValueError, also for a relative path to the program, for the same reason as in `absolute_path`.
    """
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters = True, ""
    if windows:
        words.escape = ""  # a backslash is part of a path there
    program, *arguments = words
    if not program:
        raise ValueError("its first word is empty")
    if program.startswith("~") or "/" in program or (windows and "\\" in program):
        program = str(absolute_path(program))
    return (program, *arguments)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
