"""Parses the command lines of package runners (uvx, uv run, pipx, npx …): options, package and program.

Only known options are skipped, since the meaning of the word after an unknown option is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# A normalized PyPI name, with or without a version specifier; never a path, a URL, or extras.
VERSION = r"(?:===|[=~!<>]=|[<>])\s*[\w.*+!-]+"
OUR_PACKAGE = re.compile(rf"uru[-_.]mcp(?:@[\w.+!-]+|\s*{VERSION}(?:\s*,\s*{VERSION})*)?", re.IGNORECASE)
NODE_PACKAGE = re.compile(r"uru-mcp(?:@[^/\\]*)?")

# Source: `uvx --help`, `uv run --help` (uv 0.9) and `pipx run --help` (pipx 1.8). Options that name another index, a
# directory or a settings file are left out on purpose: with those, the package may come from anybody.
UV_FLAGS = frozenset(
    [
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "--isolated",
        "-n",
        "--no-cache",
        "--refresh",
        "-U",
        "--upgrade",
        "--reinstall",
        "--offline",
        "--no-config",
        "--strict",
        "--compile-bytecode",
        "--no-build",
        "--no-binary",
        "--no-progress",
        "--native-tls",
        "--managed-python",
        "--no-managed-python",
        "--no-python-downloads",
        "--no-env-file",
        "--no-project",
        "--no-sync",
        "--frozen",
        "--locked",
        "--no-dev",
        "--exact",
    ]
)
UV_VALUES = frozenset(
    [
        "--from",
        "-w",
        "--with",
        "-p",
        "--python",
        "--cache-dir",
        "--color",
        "--python-preference",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "--link-mode",
    ]
)
UV_RUN_VALUES = UV_VALUES | {"-m", "--module"}
PIPX_FLAGS = frozenset(["-q", "--quiet", "-v", "--verbose", "--no-cache"])
PIPX_VALUES = frozenset(["--spec", "--python", "--with"])

NODE_PROGRAMS = frozenset(["npx", "npm", "pnpx", "pnpm", "yarn", "bunx", "bun", "node", "deno"])
NODE_VERBS = frozenset(["exec", "x", "dlx", "run"])
NODE_PACKAGE_OPTIONS = ("-p", "--package")

CONTAINERS = frozenset(["docker", "podman", "nerdctl", "container"])
IMAGE = re.compile(r"(?:[\w.-]+(?::\d+)?/)*uru[-_]mcp(?:[:@][\w.:-]+)?")
WRAPPERS = frozenset(
    [
        "env",
        "sudo",
        "doas",
        "su",
        "nohup",
        "nice",
        "timeout",
        "stdbuf",
        "setsid",
        "xargs",
        "bash",
        "sh",
        "zsh",
        "dash",
        "ksh",
        "fish",
        "cmd",
        "powershell",
        "pwsh",
        "wsl",
        "ssh",
        "op",
        "doppler",
        "dotenv",
        "direnv",
        "mise",
        "asdf",
        "poetry",
        "pdm",
        "hatch",
        "rye",
        "conda",
        "mamba",
        "micromamba",
        "pixi",
        "nix",
        "flatpak",
    ]
)
SEPARATORS = re.compile(r"[\s;&|()<>\"'=`$]+")


@dataclass(frozen=True, slots=True)
class Options:
    """The options before the first positional argument: flags, and options with their values."""

    flags: frozenset[str]
    values: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]

    def of(self, *names: str) -> list[str]:
        return [value for name, value in self.values if name in names]


def past_options(words: Sequence[str], flags: frozenset[str], values: frozenset[str]) -> Options | None:
    """The options before the first positional argument; None if one of them is unknown."""
    seen: list[str] = []
    valued: list[tuple[str, str]] = []
    ahead = list(reversed(words))
    while ahead and ahead[-1].startswith("-") and ahead[-1] != "--":
        name, has_value, value = ahead.pop().partition("=")
        if name in values and (has_value or ahead):
            valued.append((name, value if has_value else ahead.pop()))
        elif name in flags and not has_value:
            seen.append(name)
        else:
            return None
    if ahead and ahead[-1] == "--":
        ahead.pop()
    return Options(frozenset(seen), tuple(valued), tuple(reversed(ahead)))


def is_node_client(program: str, words: Sequence[str]) -> bool:
    """Whether this runs Uru's own Node client, `uru-mcp` on npm, as a package or from one of its files."""
    if program not in NODE_PROGRAMS:
        return False
    named = [value for name, value in pairwise(words) if name in NODE_PACKAGE_OPTIONS]
    named += [word.partition("=")[2] for word in words if word.startswith("--package=")]
    plain = [word for word in words if not word.startswith("-")]
    if program not in ("npx", "pnpx", "bunx", "node") and plain[:1] and plain[0] in NODE_VERBS:
        plain = plain[1:]
    if program == "node":
        return "uru-mcp" in re.split(r"[/\\]", plain[0])[:-1] if plain else False
    return any(NODE_PACKAGE.fullmatch(one) for one in [*named, *plain[:1]])


def may_wrap(program: str, words: Sequence[str]) -> bool:
    """Whether this may start uru-mcp through another program that does more than that."""
    if program in CONTAINERS:
        return any(IMAGE.fullmatch(word) for word in words)
    parts = [part for word in words for part in SEPARATORS.split(word)]
    return program in WRAPPERS and any(_is_named(part) for part in parts)


def may_run(words: Sequence[str], module: str) -> bool:
    """Whether a package runner may start uru-mcp with these arguments, some of which are unknown."""
    pairs = [("", ""), *pairwise(("", *words))]
    is_named = any(OUR_PACKAGE.fullmatch(word) and before not in ("-w", "--with") for before, word in pairs)
    return is_named or ("-m", module) in pairs


def _is_named(word: str) -> bool:
    last = re.split(r"[/\\]", word)[-1].removesuffix(".exe")
    return last in ("uru-mcp", "uru_mcp") or OUR_PACKAGE.fullmatch(word) is not None
