"""The web pages as an ASGI application, and its combination with the API on one port."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from . import activity_page, key_pages, workspace_pages
from .claude_page import ClaudePage
from .entrance import Entrance, leave
from .guard import guarded
from .templates import STATIC
from .visit import Handler, Site, signed_in

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TYPES = {"style.css": "text/css", "pages.js": "text/javascript", "icon.svg": "image/svg+xml"}


def beside(api: ASGIApp, site: Site) -> ASGIApp:
    """The API, plus the pages at `/` and under `/app/`, paths that the API does not use."""
    pages = guarded(_pages(site))

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and (scope["path"] == "/" or scope["path"].startswith("/app/"))
        await (pages if is_page else api)(scope, receive, send)

    return served


def _pages(site: Site) -> Starlette:
    routes = [*Entrance(site).routes, Route("/app/static/{name}", _static), *_routes(site)]

    async def wrong_address(_request: Request, error: HTTPException) -> Response:
        return site.entrance(error.status_code, "There is no such page.")

    async def own_fault(_request: Request, error: Exception) -> Response:
        logging.getLogger(__name__).error("A defect of the sandbox's pages", exc_info=error)
        return site.entrance(500, "The sandbox has a defect; see its log.")

    handlers: dict[Any, Any] = {HTTPException: wrong_address, Exception: own_fault}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def _routes(site: Site) -> list[Route]:
    def get(path: str, handler: Handler) -> Route:
        return Route(f"/app/s/{{place}}{path}", signed_in(site, handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(f"/app/s/{{place}}{path}", signed_in(site, handler), methods=["POST"])

    return [
        get("/keys", key_pages.overview),
        get("/keys/new", key_pages.new),
        post("/keys/new", key_pages.create),
        get("/keys/{key_id}", key_pages.one),
        get("/keys/{key_id}/rotate", key_pages.ask_rotation),
        post("/keys/{key_id}/rotate", key_pages.rotate),
        get("/keys/{key_id}/delete", key_pages.ask_deletion),
        post("/keys/{key_id}/delete", key_pages.delete),
        get("/keys/{key_id}/claude", ClaudePage().show),
        get("/activity", activity_page.show),
        get("/activity/rows", activity_page.rows),
        get("/workspaces", workspace_pages.first),
        get("/workspaces/{workspace_id}/{subject}", workspace_pages.show),
        post("/workspaces/{workspace_id}/runs/{run_id}", workspace_pages.decide),
        post("/leave", leave),
    ]


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in TYPES:
        raise HTTPException(404)
    return FileResponse(STATIC / name, media_type=TYPES[name], headers={"cache-control": "no-cache"})
