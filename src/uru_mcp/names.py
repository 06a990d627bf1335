"""The names under which Uru's tools and prompts are shown: `<namespace>__<tool>`, or a stable stand-in where clients
forbid that; a prompt's from its title.

Clients take only `[A-Za-z0-9_-]{1,64}`, and one bad name hides the whole server. A name is a function of the namespace
and the tool alone, so it is the same in every process. A plain name leads back to one tool. Of stand-ins, two that read
alike are the same once in a million million; then `catalog.assembled` leaves the later tool out and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

LONGEST = 64
SEPARATOR = "__"
HASH_CHARS = 10  # hexadecimal: enough against chance, and more would leave less of the name to be read

VALID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PROMPT = re.compile(r"[a-z0-9_]{1,64}")
STAND_IN = re.compile(rf".*_x[0-9a-f]{{{HASH_CHARS}}}")


def shown_name(namespace: str, tool: str) -> str:
    """The name for MCP clients.

    The plain form is kept when it is valid and can be taken apart again in only one way; otherwise its readable part is
    followed by `_x` and a hash of both names, a form that no plain name has.
    """
    plain = f"{namespace}{SEPARATOR}{tool}"
    takes_apart = plain.partition(SEPARATOR)[::2] == (namespace, tool)
    if takes_apart and VALID.fullmatch(plain) and not STAND_IN.fullmatch(plain):
        return plain
    return _stand_in(plain, f"{len(namespace)}:{namespace}{tool}")


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
    suffix = "_x" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARS]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[: LONGEST - len(suffix)] + suffix
