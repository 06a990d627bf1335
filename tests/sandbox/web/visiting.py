"""Somebody at the pages with an HTTP client instead of a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving
from uru_mcp.sandbox.web.app import beside
from uru_mcp.sandbox.web.sessions import cookie_of
from uru_mcp.sandbox.web.visit import Site


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose client keeps cookies for exactly their paths, as browsers do."""

    site: Site
    url: str
    client: httpx2.AsyncClient
    path: str = ""

    @property
    def place(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def cookie(self) -> str:
        return self.client.cookies[cookie_of(self.place)]

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(self.path + path, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str] | None = None, **more: str) -> httpx2.Response:
        return await self.client.post(self.path + path, data={**(fields or {}), **more})

    async def token(self, path: str = "/keys/new") -> str:
        return token_in((await self.get(path)).text)


def token_in(html: str) -> str:
    """The token of the last form on the page."""
    tokens: list[str] = re.findall(r'name="token" value="([^"]+)"', html)
    return tokens[-1]


@asynccontextmanager
async def served(sandbox: Sandbox, **options: Any) -> AsyncIterator[Person]:
    """A stranger at the served pages."""
    site = Site(sandbox)
    async with (
        serving(sandbox, app=beside(sandbox.app, site), **options) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as client,
    ):
        yield Person(site, url, client)


async def enter(stranger: Person, code: str) -> httpx2.Response:
    return await stranger.post("/app/enter", token=token_in((await stranger.get("/")).text), code=code)


@asynccontextmanager
async def signed_in(sandbox: Sandbox, **options: Any) -> AsyncIterator[Person]:
    async with served(sandbox, **options) as stranger:
        answer = await enter(stranger, stranger.site.sessions.code)
        path = answer.headers["location"].removesuffix("/keys")
        yield Person(stranger.site, stranger.url, stranger.client, path)
