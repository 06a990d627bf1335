"""Sign-in with a code or a link, and sign-out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .forms import Fields
from .visit import Site, Visit

OLD_FORM = "This form is too old. Type the code once more."
WRONG_CODE = "This code is not good. A link works once, and for ten minutes; the code works until the sandbox ends."


class Entrance:
    """The pages that need no session."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self.ask),
            Route("/app/enter", self.follow_link, methods=["GET"]),
            Route("/app/enter", self.enter, methods=["POST"]),
        ]

    async def ask(self, _request: Request) -> Response:
        return self._site.entrance(200)

    async def follow_link(self, request: Request) -> Response:
        """Submit the code of a link by a form, so that link previews do not use it up.

        The form also makes the next request a same-site one, for which browsers send a strict cookie.
        """
        return self._site.entrance(200, code=request.query_params.get("code", "")[:64])

    async def enter(self, request: Request) -> Response:
        fields = Fields(await request.body())
        if not self._site.entry_tokens.is_good(fields.one("token")):
            return self._site.entrance(403, OLD_FORM)
        session = self._site.sessions.enter(fields.one("code"))
        if session is None:
            return self._site.entrance(403, WRONG_CODE)
        answer = RedirectResponse(f"{session.path}/keys", 303)
        answer.set_cookie(session.cookie, session.secret, path=f"{session.path}/", httponly=True, samesite="strict")
        return answer


async def leave(visit: Visit) -> Response:
    await visit.posted()
    visit.site.sessions.leave(visit.session)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(visit.session.cookie, path=f"{visit.session.path}/", httponly=True, samesite="strict")
    return answer
