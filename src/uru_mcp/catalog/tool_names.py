"""The names under which Uru's tools and prompts are shown: `<namespace>__<tool>`, or a stable stand-in where clients
forbid that; a prompt's from its title.

Model APIs take only `[A-Za-z0-9_-]{1,64}`, and one bad name hides the whole server; clients put `mcp__uru__` before a
tool's name. A name is a function of the namespace
and the tool alone, so it is the same in every process. A plain name leads back to one tool. Of stand-ins, two that read
alike are the same once in a million million; then `catalog.assembled` leaves the later tool out and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

LONGEST = 64
LONGEST_LISTED = LONGEST - len("mcp__uru__")
NAMESPACE_CHARS = 10  # of a namespace that are kept at least, where a name is shortened: `gmail_very`
SEPARATOR = "__"
HASH_CHARS = 10  # hexadecimal: enough against chance, and more would leave less of the name to be read

VALID = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST}}}")
PROMPT = re.compile(rf"[a-z0-9_]{{1,{LONGEST}}}")
STAND_IN = re.compile(rf".*_x[0-9a-f]{{{HASH_CHARS}}}")


def shown_name(namespace: str, tool: str) -> str:
    """The name for MCP clients.

    The plain form is kept when it is valid and can be taken apart again in only one way; otherwise its readable part is
    followed by `_x` and a hash of both names, a form that no plain name has. Of a name that is too long, the end of the
    namespace goes first, and then the end of the tool's own name.
    """
    plain = f"{namespace}{SEPARATOR}{tool}"
    takes_apart = plain.partition(SEPARATOR)[::2] == (namespace, tool)
    if takes_apart and VALID.fullmatch(plain) and not STAND_IN.fullmatch(plain):
        return plain
    return _short_name(namespace, tool)


def listed_name(namespace: str, tool: str) -> str:
    """The name in a list, where clients put their own before it; another one than `shown_name` where that is long."""
    name = shown_name(namespace, tool)
    return name if len(name) <= LONGEST_LISTED else _short_name(namespace, tool)


def _short_name(namespace: str, tool: str) -> str:
    account, own = _readable(namespace), _readable(tool)
    room = LONGEST_LISTED - len(_suffix("")) - len(SEPARATOR)
    account = account[: max(NAMESPACE_CHARS, room - len(own))]
    return f"{account}{SEPARATOR}{own[: room - len(account)]}{_suffix(f'{len(namespace)}:{namespace}{tool}')}"


def may_be_of(name: str, namespace: str) -> bool:
    """Whether a tool of this name may be one of the namespace; of a stand-in, only a part of that can be seen."""
    if name.startswith(f"{namespace}{SEPARATOR}"):
        return True
    account = _readable(namespace)
    if not STAND_IN.fullmatch(name) or not name.startswith(account[:NAMESPACE_CHARS]):
        return False
    return any(name.startswith(f"{account[:kept]}{SEPARATOR}") for kept in range(len(account) + 1))


def prompt_names(titles: Mapping[str, str]) -> dict[str, str]:
    """The names of prompts by id, from their titles: lower case, and unique among these.

    Where two would share a name, both get a hash of their ids, so that a name never comes to mean another prompt.
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
