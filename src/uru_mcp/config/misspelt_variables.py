"""Detects misspelt `URU_…` variables that were meant for uru-mcp; pure.

Uru's other programs have their own variables, which are ignored. But a name that is a typo of one of ours, or that
describes a permission, a key or a choice of tools in other words, must be an error: if `URU_PERMISSION=read` were
ignored, every permission would be granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from uru_mcp.config.pattern_slips import edit_distance

PREFIX = "URU_"
SLIPS = 2  # typos in a name: letters added, missing, wrong or transposed


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of a name, not counting `NEUTRAL`. A name is meant for uru-mcp when all its words are in one of these sets.
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
DUTY = words("REQUIRE REQUIRED MANDATORY ENFORCE ENFORCED STRICT")
AUDIT = words("AUDIT LOG LOGS LOGGING FILE PATH TRAIL")

ALWAYS = words("PERMISSION PERMISSIONS PERMS SCOPES READONLY")  # even next to unknown words

MEANT_BY = (
    ("URU_PERMISSIONS", ACCESS, ACCESS_BESIDE),
    ("URU_API_KEY", KEY, KEY),
    ("URU_API_KEY_FILE", words("FILE PATH"), KEY | KEY_PLACES),
    ("URU_API_KEY_COMMAND", words("COMMAND CMD"), KEY | KEY_PLACES),
    ("URU_NAMESPACES", words("NAMESPACE NAMESPACES APP APPS"), TOOLS),
    ("URU_TOOLS", TOOLS, TOOLS),
    ("URU_CONFIRM", CONSENT, CONSENT | TOOLS),
    ("URU_AUDIT_LOG", words("AUDIT"), AUDIT),
    ("URU_AUDIT_LOG_REQUIRED", words("AUDIT"), AUDIT | DUTY),
)
"""The variable that is meant when one word of a name is in the first set and all its words are in the second."""


def meant_variable(name: str, known: Iterable[str]) -> str | None:
    """The known variable that an unknown name was meant to be; None when it belongs to another program."""
    near = sorted((distance, one) for one in known if (distance := edit_distance(one, name, SLIPS)) is not None)
    if near:
        return near[0][1]
    said = words(re.sub(r"[^A-Z]", " ", name.upper().removeprefix(PREFIX))) - NEUTRAL
    if said & ALWAYS:
        return "URU_PERMISSIONS"
    fitting = (variable for variable, some, every in MEANT_BY if said & some and said <= every)
    return next(fitting, None)
