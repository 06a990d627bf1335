"""Recognises copies of uru-mcp that a package runner made for one use, and says how to install it permanently.

A client starts a server for months, but `uvx` and `pipx run` delete their copies when they like.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from urllib.parse import urlsplit
from urllib.request import url2pathname

# Source: directory names in uv's cache, which may be anywhere; since astral-sh/uv#4784, `uvx` runs from there.
UV_CACHE = re.compile(r"(?:archive|builds|environments)-v[0-9]+")
# Source: `pipx run` names an environment by 15 hexadecimal digits, in PIPX_HOME/.cache or the user's cache directory.
PIPX_NAME = re.compile(r"[0-9a-f]{15}")
PIPX_CACHES = (".cache", "pipx", "cache")


def runner_of(program: str) -> str | None:
    """The package runner that made the copy with this program or Python: `uvx` or `pipx run`; None if it is permanent.

    Nothing is read, so that it also works for the paths of another machine.
    """
    parts = re.split(r"[/\\]", program)
    if any(UV_CACHE.fullmatch(part) for part in parts):
        return "uvx"
    is_pipx = any(above.lower() in PIPX_CACHES and PIPX_NAME.fullmatch(name) for above, name in pairwise(parts))
    return "pipx run" if is_pipx else None


def warning() -> tuple[str, str] | None:
    """What is wrong with the copy that runs here, and the fix; None if it is permanent."""
    runner = runner_of(sys.executable)
    if runner is None:
        return None
    return (
        f"This copy of uru-mcp was made by {runner}, which may delete it at any time, and a client would not find it.",
        how_to_install(runner),
    )


def how_to_install(runner: str) -> str:
    """The steps to a permanent installation, from the directory or file that this copy was made from if that is known.

    A name in a package index is never recommended: there, the project may be another one.
    """
    source = _source()
    tool = "uv tool install" if runner == "uvx" else "pipx install"
    if source is not None:
        return f"Install it permanently, with {tool} {shlex.quote(source)}."
    return f"Install it permanently from the same source, with {tool} or in a virtual environment (README, “Install”)."


def _source() -> str | None:
    """The directory, file or repository that this package was installed from. Source: PEP 610, direct_url.json."""
    try:
        told = json.loads(distribution("uru-mcp").read_text("direct_url.json") or "{}")
        url = told.get("url")
    except (PackageNotFoundError, ValueError, AttributeError):
        return None
    if not isinstance(url, str) or "@" in url:  # it could contain a password
        return None
    parts = urlsplit(url)
    if parts.scheme == "file":
        return url2pathname(parts.path)
    vcs = told.get("vcs_info")
    return f"{vcs['vcs']}+{url}" if isinstance(vcs, dict) and isinstance(vcs.get("vcs"), str) else url
