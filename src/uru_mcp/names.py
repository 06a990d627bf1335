"""The names under which Uru's tools are shown: `<namespace>__<tool>`, or a stable stand-in where clients forbid that.

Clients take only `[A-Za-z0-9_-]{1,64}`, and one bad name hides the whole server. A name is a function of the namespace
and the tool alone, so it is the same in every process, and two different tools do not share one.
"""

from __future__ import annotations

import hashlib
import re

LONGEST = 64
SEPARATOR = "__"
HASH_CHARS = 10

VALID = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
    packed = f"{len(namespace)}:{namespace}{tool}".encode("utf-8", "surrogatepass")
    suffix = "_x" + hashlib.sha256(packed).hexdigest()[:HASH_CHARS]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", plain)
    return readable[: LONGEST - len(suffix)] + suffix
