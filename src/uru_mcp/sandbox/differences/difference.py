"""Defines a difference (a name, a description, and a wrapper around request handling), and helpers to build one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..api.request_log import Request
from ..errors import ApiError

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """Raises: ValueError."""
        return json.loads(self.body)

    @property
    def is_json(self) -> bool:
        return self.headers.get("content-type") == JSON

    @property
    def is_good(self) -> bool:
        """Whether the reply succeeded and has a JSON body that can be changed."""
        return self.is_json and self.status < 300

    def with_json(self, value: Any) -> Reply:
        return replace(self, body=json.dumps(value).encode())

    def with_header(self, name: str, value: str) -> Reply:
        return replace(self, headers={**self.headers, name: value})


Serve = Callable[[Request], Awaitable[Reply]]
Around = Callable[[Serve], Serve]
Applies = Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the service differs from the description.

    `around` wraps the function that serves requests; its state belongs to one sandbox. `parts` names differences that
    are included in this one.
    """

    name: str
    family: str
    description: str
    around: Around = field(default=lambda serve: serve, repr=False)
    parts: tuple[str, ...] = ()


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"content-type": JSON})


def text_reply(text: str, status: int, kind: str = "text/plain; charset=utf-8") -> Reply:
    return Reply(status, text.encode(), {"content-type": kind})


def html_reply(page: str, status: int = 200) -> Reply:
    return text_reply(page, status, "text/html; charset=utf-8")


def refusal(status: int, code: str, message: str, **extra: Any) -> Reply:
    """An error in the format of the description."""
    return json_reply(ApiError(status, code, message, **extra).body, status)


def at(*paths: str) -> Applies:
    return lambda request: request.path in paths


def below(prefix: str) -> Applies:
    return lambda request: request.path.startswith(prefix)


def answering(applies: Applies, reply: Reply) -> Around:
    """Return this reply, for any key."""

    def around(serve: Serve) -> Serve:
        async def answered(request: Request) -> Reply:
            return reply if applies(request) else await serve(request)

        return answered

    return around


def changing(applies: Applies, change: Callable[[Any], Any]) -> Around:
    """Serve the request, and change the JSON of successful replies."""

    def around(serve: Serve) -> Serve:
        async def changed(request: Request) -> Reply:
            reply = await serve(request)
            return reply.with_json(change(reply.json)) if applies(request) and reply.is_good else reply

        return changed

    return around


def rewriting(change: Callable[[Reply], Reply], applies: Applies = lambda _: True) -> Around:
    """Serve the request, and change any reply."""

    def around(serve: Serve) -> Serve:
        async def rewritten(request: Request) -> Reply:
            reply = await serve(request)
            return change(reply) if applies(request) else reply

        return rewritten

    return around


def renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same fields in the same order under other names."""
    return {names.get(name, name): value for name, value in fields.items()}


def without(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def family(title: str, rows: Iterable[tuple[str, str, Around]]) -> list[Difference]:
    return [Difference(name, title, description, around) for name, description, around in rows]
