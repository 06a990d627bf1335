"""Sessions of the web pages, which start with a code that `sandbox serve` prints.

Browsers send a cookie to every port of a host, so another user's server on this machine could collect it. So each
session also has a place, a secret part of the URL, and the cookie is restricted to that path. The cookie is useless
without the place, and the place, which the browser's history keeps, is useless without the cookie.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .codes import is_equal, is_same, new_code, new_secret
from .csrf import FormTokens

LASTS = 8 * 3_600  # seconds without a visit
LINK_LASTS = 600  # seconds
MOST = 50  # sessions; beyond that, the oldest one ends


@dataclass(slots=True)
class Session:
    """A browser that is signed in. `notice` is shown at the top of its next page."""

    ends: float
    place: str = field(default_factory=new_secret)
    secret: str = field(default_factory=new_secret, repr=False)
    forms: FormTokens = field(default_factory=FormTokens, repr=False)
    notice: str = ""

    @property
    def path(self) -> str:
        return f"/app/s/{self.place}"

    @property
    def cookie(self) -> str:
        return cookie_of(self.place)


def cookie_of(place: str) -> str:
    """The name of a session's cookie. Other ports of this host cannot guess it, and so cannot overwrite the cookie."""
    return f"uru_{place[:10]}"


class Sessions:
    """The sessions of one server, only in memory.

    `code` is valid as long as the server runs. The code of a link works once and for ten minutes, since the browser's
    history keeps links.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.code = new_code()
        self._now = now
        self._links: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}

    def new_link_code(self) -> str:
        code = new_code()
        self._links[code] = self._now() + LINK_LASTS
        return code

    def enter(self, given: str) -> Session | None:
        """Start a session if the code is valid; the code of a link is then used up."""
        link = next((code for code in [*self._links] if is_same(given, code)), None)
        is_in_time = link is not None and self._links.pop(link) > self._now()
        if not (is_in_time or is_same(given, self.code)):
            return None
        session = Session(self._now() + LASTS)
        self._sessions[session.place] = session
        while len(self._sessions) > MOST:
            del self._sessions[next(iter(self._sessions))]
        return session

    def find(self, place: str, cookie: str) -> Session | None:
        """The session of this place, if the cookie belongs to it and it has not ended."""
        session = self._sessions.get(place)
        if session is None or not is_equal(cookie, session.secret):
            return None
        if session.ends <= self._now():
            self.leave(session)
            return None
        session.ends = self._now() + LASTS
        return session

    def leave(self, session: Session) -> None:
        self._sessions.pop(session.place, None)
