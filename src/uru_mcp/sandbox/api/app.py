"""Uru's HTTP API as a Starlette application: routes, responses, and every error as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..data.callers import RECOVERY_TOOLS, Caller, authenticate, selected_workspace, workspaces
from ..data.database import Database
from ..data.keys import Keys
from ..errors import ApiError
from ..permissions import in_order
from ..tools.registry import Registry
from . import execution
from .faults import HungUp

RETRY_AFTER_MS = 500


class Api:
    """The endpoints, over one database and one registry of tools."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/health", self.health),
            Route("/keys/self", self.own_key),
            Route("/namespaces", self.namespaces),
            Route("/list/apps/{namespace}/tools", self.tools),
            Route("/tools/sync/version", self.sync_version),
            Route("/execute/{endpoint}", self.execute, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        return _json({"status": "ok"})

    async def own_key(self, request: Request) -> Response:
        caller = self._caller(request)
        keys = Keys(self._database)
        key, usage = keys.get(caller.key.id), keys.usage(caller.key.id)  # read again, to include this use
        known = {one.id: one.name for one in workspaces(self._database)}
        workspace_id = caller.workspace_id
        shown = ("id", "name", "last4", "status", "created_at", "last_used_at", "expires_at")
        return _json(
            {
                "key": {field: getattr(key, field) for field in shown},
                "workspace": {"id": workspace_id, "name": known[workspace_id]} if workspace_id else None,
                "permissions": in_order(key.permissions),
                "usage": {"requests_total": usage.requests_total, "requests_24h": usage.requests_24h},
            }
        )

    async def namespaces(self, request: Request) -> Response:
        caller = self._caller(request)
        if caller.workspace_id is None:
            return _json({"namespaces": [{"name": "platform", "recovery": True}]})
        self._check_version(caller.workspace_id, request.query_params.get("min_version"))
        return _json({"namespaces": self._registry.records(caller.workspace_id)})

    async def tools(self, request: Request) -> Response:
        caller, namespace = self._caller(request), request.path_params["namespace"]
        if caller.workspace_id is None and namespace == "platform":
            return _json(self._recovery_tools())
        workspace_id = selected_workspace(self._database, caller)
        if self._registry.record(workspace_id, namespace) is None:
            raise ApiError(404, "not_found", f"There is no namespace {namespace!r} in this workspace.")
        head = json.dumps({"namespace": namespace})[:-1].encode()
        return _bytes(head + b', "tools": ' + self._registry.listing(workspace_id, namespace) + b"}")

    async def sync_version(self, request: Request) -> Response:
        workspace_id = selected_workspace(self._database, self._caller(request))
        version = self._registry.version(workspace_id)
        etag = f'"{workspace_id}-{version}"'
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if etag in known or "*" in known:
            return Response(status_code=304, headers={"etag": etag})
        return _json({"version": version, "degraded": False}, headers={"etag": etag})

    async def execute(self, request: Request) -> Response:
        caller = self._caller(request)
        order = await execution.read_order(request)
        tool = execution.find_tool(self._database, self._registry, caller, order, request.headers)
        return _json(await execution.execute(self._database, self._registry, caller, order, tool))

    def _caller(self, request: Request) -> Caller:
        return authenticate(self._database, request.headers)

    def _check_version(self, workspace_id: str, wanted: str | None) -> None:
        if wanted is None:
            return
        if not wanted.isdecimal():
            raise ApiError(400, "invalid_request", "min_version must be a whole number.")
        if int(wanted) > self._registry.version(workspace_id):
            message = f"The tools are not at version {wanted} yet."
            raise ApiError(409, "TOOLS_NOT_READY", message, retry_after_ms=RETRY_AFTER_MS)

    def _recovery_tools(self) -> dict[str, Any]:
        found = [self._registry.find(None, "platform", name) for name in RECOVERY_TOOLS]
        return {"namespace": "platform", "tools": [tool.definitions[0] for tool in found if tool]}


def build_app(api: Api, middleware: Sequence[Middleware]) -> Starlette:
    handlers: dict[Any, Any] = {ApiError: _refusal, HTTPException: _wrong_address, Exception: _own_fault}
    app = Starlette(routes=api.routes, middleware=middleware, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # ASCII, since definitions from a catalog file may contain lone surrogates, which UTF-8 cannot encode.
    return _bytes(json.dumps(value).encode(), status, headers)


def _bytes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


def _refusal(_request: Request, error: ApiError) -> Response:
    return _json(error.body, error.status)


def _wrong_address(request: Request, error: HTTPException) -> Response:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    refusal = ApiError(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}.")
    return _json(refusal.body, error.status_code, dict(error.headers or {}))


def _own_fault(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HungUp):
        logging.getLogger(__name__).error("A defect of the sandbox", exc_info=error)
    return _json(ApiError(500, "internal", "The sandbox has a defect; see its log.").body, 500)
