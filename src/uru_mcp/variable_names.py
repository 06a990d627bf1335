"""Which unknown `URU_…` variables are meant for uru-mcp; pure.

Uru's other programs have variables too, which are none of our business. But a name that is a slip away from one of
ours, or asks in other words for a permission, a key or a choice of tools, must not be ignored: `URU_PERMISSION=read`
would open everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PREFIX = "URU_"
SLIPS = 2  # letters too many, too few, wrong or exchanged


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of a name, without those of `NEUTRAL`. A name is meant for us when all its words are in one of these sets.
NEUTRAL = words("MCP SERVER CLAUDE MY THE NAME NAMES LIST SET VALUE")
KEY = words("API KEY KEYS TOKEN TOKENS APIKEY APITOKEN SECRET ACCESS AUTH BEARER AUTHORIZATION CREDENTIAL CREDENTIALS")
KEY_PLACES = words("FILE PATH COMMAND CMD")
ACCESS = words(
    "PERMISSION PERMISSIONS PERM PERMS PERMITTED SCOPE SCOPES GRANT GRANTS GRANTED RIGHT RIGHTS ROLE ROLES LEVEL"
    " CEILING READ WRITE EXECUTE READONLY ONLY ALLOW ALLOWED DENY DENIED MODE SAFE DISABLE"
)
ACCESS_BESIDE = ACCESS | words("ACCESS KEY API NO")
TOOLS = words(
    "TOOL TOOLS TOOLSET TOOLSETS NAMESPACE NAMESPACES APP APPS ALLOW ALLOWED ALLOWLIST WHITELIST DENY DENIED DENYLIST"
    " BLACKLIST BLOCK BLOCKED BLOCKLIST INCLUDE INCLUDED EXCLUDE EXCLUDED FILTER FILTERS ONLY ENABLE ENABLED DISABLE"
    " DISABLED PATTERN PATTERNS"
)
CONSENT = words("CONFIRM CONFIRMATION APPROVAL APPROVALS APPROVE REQUIRE REQUIRED ASK")

ALWAYS = words("PERMISSION PERMISSIONS PERMS SCOPES READONLY")  # whatever else is in the name

MEANT_BY = (
    ("URU_PERMISSIONS", ACCESS, ACCESS_BESIDE),
    ("URU_API_KEY", KEY, KEY),
    ("URU_API_KEY_FILE", words("FILE PATH"), KEY | KEY_PLACES),
    ("URU_API_KEY_COMMAND", words("COMMAND CMD"), KEY | KEY_PLACES),
    ("URU_NAMESPACES", words("NAMESPACE NAMESPACES APP APPS"), TOOLS),
    ("URU_TOOLS", TOOLS, TOOLS),
    ("URU_CONFIRM", CONSENT, CONSENT | TOOLS),
)
"""What a name means whose words are all in the last set, and one of them in the first."""


def meant_variable(name: str, known: Iterable[str]) -> str | None:
    """The variable of ours that an unknown name was meant to be; None where it is another program's."""
    near = sorted((distance, one) for one in known if (distance := slips(name, one, most=SLIPS)) is not None)
    if near:
        return near[0][1]
    said = words(re.sub(r"[^A-Z]", " ", name.upper().removeprefix(PREFIX))) - NEUTRAL
    if said & ALWAYS:
        return "URU_PERMISSIONS"
    fitting = (variable for variable, some, every in MEANT_BY if said & some and said <= every)
    return next(fitting, None)


def slips(name: str, other: str, *, most: int) -> int | None:
    """The letters by which two names differ, neighbours exchanged counting as one; None when they are more than `most`.

    Source: the restricted Damerau-Levenshtein distance.
    """
    if abs(len(name) - len(other)) > most:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(name, 1):
        before_that, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, name[i - 2]) == (other[j - 2], wanted):
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
    return row[-1] if row[-1] <= most else None
