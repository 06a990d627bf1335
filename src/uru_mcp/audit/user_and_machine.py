"""The names that the system gives the user and the machine, for the audit log.

They come from the system and not from the environment, which a user can change.
"""

from __future__ import annotations

import os
import sys
from functools import cache

LONGEST = 200  # characters
UNKNOWN = "unknown"


@cache
def user() -> str:
    """The login name; the number of a user who has no name, as in some containers."""
    if sys.platform == "win32":
        try:
            return _shown(os.getlogin())
        except OSError:  # a service, for example
            return UNKNOWN
    from pwd import getpwuid

    try:
        return _shown(getpwuid(os.geteuid()).pw_name)
    except KeyError:
        return str(os.geteuid())


@cache
def machine() -> str:
    """The host name."""
    from socket import gethostname

    return _shown(gethostname())


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in name)[:LONGEST]
