"""Generates the MCP names of Uru's tools, `<namespace>__<tool>` or a stable hashed name, and of its prompts.

Model APIs accept only `[A-Za-z0-9_-]{1,64}`, and one invalid name hides the whole server; clients add a prefix such as
`mcp__uru__`. A name depends only on the namespace and the tool, so it is the same in every process. A plain name
identifies one tool. Two hashed names with the same readable part collide with a probability of about 1e-12; then
`assembly.assembled` leaves out the later tool and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

from uru_mcp.config.tool_patterns import SEPARATOR

LONGEST = 64
LONGEST_LISTED = LONGEST - len("mcp__uru__")
NAMESPACE_CHARS = 10  # of a namespace that a shortened name keeps at least: `gmail_very`
HASH_CHARS = 10  # hexadecimal: enough to prevent collisions, and short enough to keep the name readable

VALID = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST}}}")
PROMPT = re.compile(rf"[a-z0-9_]{{1,{LONGEST}}}")
STAND_IN = re.compile(rf".*_x[0-9a-f]{{{HASH_CHARS}}}")


def shown_name(namespace: str, tool: str) -> str:
    """The name for MCP clients.

    The plain form is used if it is valid and can be split in only one way; otherwise its readable part is followed by
    `_x` and a hash of both names, a form that no plain name has. A name that is too long loses the end of the namespace
    first, and then the end of the tool's own name.
    """
    plain = f"{namespace}{SEPARATOR}{tool}"
    takes_apart = plain.partition(SEPARATOR)[::2] == (namespace, tool)
    if takes_apart and VALID.fullmatch(plain) and not STAND_IN.fullmatch(plain):
        return plain
    return _short_name(namespace, tool)


def listed_name(namespace: str, tool: str) -> str:
    """The name in a list, short enough for a client's prefix; it differs from `shown_name` if that is too long."""
    name = shown_name(namespace, tool)
    return name if len(name) <= LONGEST_LISTED else _short_name(namespace, tool)


def _short_name(namespace: str, tool: str) -> str:
    account, own = _readable(namespace), _readable(tool)
    room = LONGEST_LISTED - len(_suffix("")) - len(SEPARATOR)
    account = account[: max(NAMESPACE_CHARS, room - len(own))]
    return f"{account}{SEPARATOR}{own[: room - len(account)]}{_suffix(f'{len(namespace)}:{namespace}{tool}')}"


def may_be_of(name: str, namespace: str) -> bool:
    """Whether a tool of this name may belong to the namespace; a hashed name shows only a part of it."""
    if name.startswith(f"{namespace}{SEPARATOR}"):
        return True
    account = _readable(namespace)
    if not STAND_IN.fullmatch(name) or not name.startswith(account[:NAMESPACE_CHARS]):
        return False
    return any(name.startswith(f"{account[:kept]}{SEPARATOR}") for kept in range(len(account) + 1))


def prompt_names(titles: Mapping[str, str]) -> dict[str, str]:
    """The names of prompts by id, made from their titles: lower case, and unique.

    If two would share a name, both get a hash of their ids, so that a name never refers to another prompt later.
    """
    plain = {own: re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") for own, title in titles.items()}
    often = Counter(plain.values())
    valid = {own for own, name in plain.items() if PROMPT.fullmatch(name) and not STAND_IN.fullmatch(name)}
    return {
        own: name if own in valid and often[name] == 1 else _stand_in(name or "prompt", own)
        for own, name in plain.items()
    }


def _stand_in(name: str, identity: str) -> str:
    suffix = _suffix(identity)
    return _readable(name)[: LONGEST - len(suffix)] + suffix


def _suffix(identity: str) -> str:
    return "_x" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARS]


def _readable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)
