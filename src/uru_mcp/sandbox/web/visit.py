"""Requests of signed-in users, and the responses to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..data.database import Database
from ..data.keys import Key, Keys, UnknownKey
from ..sandbox import Sandbox
from .csrf import EntryTokens, Post
from .forms import Fields
from .mcp_server import McpServer
from .sessions import Session, Sessions, cookie_of
from .templates import environment


class Refusal(Exception):
    """The request cannot be fulfilled; the page says why, and where to continue."""

    def __init__(self, status: int, title: str, text: str, *, way_out: str = "/keys", label: str = "To the API keys"):
        super().__init__(text)
        self.status = status
        self.title = title
        self.way_out = way_out
        self.label = label


class Site:
    """The state that all pages share. `server` is None if the sandbox runs without the rest of uru-mcp."""

    def __init__(self, sandbox: Sandbox, server: McpServer | None = None, sessions: Sessions | None = None) -> None:
        self.sandbox = sandbox
        self.server = server
        self.sessions = sessions or Sessions()
        self.entry_tokens = EntryTokens()

    @cached_property
    def templates(self) -> Environment:
        return environment()

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        return HTMLResponse(self.templates.get_template(template).render(context), status)

    def entrance(self, status: int, problem: str = "", *, code: str = "") -> Response:
        """The page that asks for the code; with `code`, the page that submits it."""
        token = self.entry_tokens.issue()
        return self.page("entrance.html", status, problem=problem, code=code, token=token)


@dataclass(frozen=True, slots=True)
class Visit:
    site: Site
    session: Session
    request: Request

    @property
    def database(self) -> Database:
        return self.site.sandbox.database

    @property
    def keys(self) -> Keys:
        return self.site.sandbox.keys

    @property
    def url(self) -> str:
        """The sandbox's base URL, such as `http://127.0.0.1:3001`."""
        host, port = self.request.scope["server"]
        return f"http://{host}:{port}"

    def at(self, path: str) -> str:
        """The path of one of our pages, such as `/keys`, within the session."""
        return self.session.path + path

    def key(self) -> Key:
        """The key named in the URL. Raises: Refusal."""
        try:
            return self.keys.get(self.request.path_params["key_id"])
        except UnknownKey as error:
            raise Refusal(404, "No such key", "This address names a key that this sandbox does not have.") from error

    def workspace_names(self) -> dict[str | None, str]:
        return {None: "selects its own", **{one.id: one.name for one in self.site.sandbox.workspaces}}

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        notice, self.session.notice = self.session.notice, ""
        common = {
            "at": self.at,
            "form_token": self.session.forms.issue,
            "notice": notice,
            "here": self.request.url.path.removeprefix(self.session.path),
        }
        return self.site.page(template, status, **common, **context)

    def go(self, path: str, notice: str = "") -> Response:
        """Redirect to another page, which shows the notice."""
        self.session.notice = notice
        return RedirectResponse(self.at(path), 303)

    async def posted(self, *, again: str = "This form was sent already, and is not sent twice.") -> Fields:
        """The fields of a submitted form. `again` is the message for a repeated submission, such as a reload.

        Raises: Refusal, also for a form without a valid token.
        """
        fields = Fields(await self.request.body())
        match self.session.forms.spend(fields.one("token")):
            case Post.FRESH:
                return fields
            case Post.REPEATED:
                raise Refusal(409, "Sent already", again)
            case Post.FOREIGN:
                raise Refusal(403, "Not from this page", "This form is too old, or another site made it.")


Handler = Callable[[Visit], Awaitable[Response]]


def signed_in(site: Site, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The handler for requests with the session named in the URL; others get the sign-in page."""

    async def endpoint(request: Request) -> Response:
        place = request.path_params["place"]
        session = site.sessions.find(place, request.cookies.get(cookie_of(place), ""))
        if session is None:
            return site.entrance(401, "Your session has ended, or this address is another browser's.")
        visit = Visit(site, session, request)
        try:
            return await handler(visit)
        except Refusal as refusal:
            return visit.page("refusal.html", refusal.status, refusal=refusal)

    return endpoint
