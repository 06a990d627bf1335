"""Differences of `/tools/sync/version`: missing, or without a usable version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from ..api.request_log import Request
from . import html_pages
from .difference import (
    Around,
    Reply,
    Serve,
    answering,
    at,
    changing,
    family,
    html_reply,
    json_reply,
    refusal,
    text_reply,
    without,
)

PATH = "/tools/sync/version"


def _answer(reply: Reply) -> Around:
    return answering(at(PATH), reply)


def _version(value: Any) -> Around:
    return changing(at(PATH), lambda answer: {**answer, "version": value})


def _moving(of: Callable[[int], int]) -> Around:
    """A version that depends on the number of requests, without an ETag."""

    def around(serve: Serve) -> Serve:
        asked = count()

        async def moved(request: Request) -> Reply:
            if request.path != PATH:
                return await serve(request)
            reply = await serve(replace(request, headers=without(request.headers, "if-none-match")))
            if not reply.is_good:
                return reply
            bare = replace(reply, headers=without(reply.headers, "etag"))
            return bare.with_json({**reply.json, "version": of(next(asked))})

        return moved

    return around


def _always_unchanged(serve: Serve) -> Serve:
    async def unchanged(request: Request) -> Reply:
        reply = await serve(request)
        if request.path != PATH or not reply.is_good:
            return reply
        return Reply(304, b"", {"etag": reply.headers["etag"]})

    return unchanged


DIFFERENCES = family(
    "tool version",
    [
        ("no-tool-version", "/tools/sync/version answers 404.", _answer(json_reply({"message": "Not Found"}, 404))),
        (
            "tool-version-404-html",
            "/tools/sync/version answers 404 with the page of Express.",
            _answer(html_reply(html_pages.express("GET", PATH), 404)),
        ),
        ("tool-version-403", "/tools/sync/version answers 403.", _answer(json_reply({"message": "Forbidden"}, 403))),
        ("tool-version-405", "/tools/sync/version answers 405.", _answer(text_reply("Method Not Allowed", 405))),
        (
            "tool-version-500",
            "/tools/sync/version answers 500 with the code tools_sync_version_failed.",
            _answer(refusal(500, "tools_sync_version_failed", "The version is not known.")),
        ),
        (
            "tool-version-html",
            "/tools/sync/version answers 200 with a web application.",
            _answer(html_reply(html_pages.APPLICATION)),
        ),
        ("tool-version-word", "The version is a word.", _version("a1b2c3d")),
        ("tool-version-number-text", "The version is a number in a text.", _version("1")),
        ("tool-version-date", "The version is a date.", _version("2026-11-20T09:00:00Z")),
        ("tool-version-null", "The version is null.", _version(None)),
        (
            "tool-version-no-field",
            "The answer has no version.",
            changing(at(PATH), lambda answer: without(answer, "version")),
        ),
        ("tool-version-shrinks", "The version is smaller each time.", _moving(lambda asked: 1000 - asked)),
        (
            "tool-version-restless",
            "The version is greater each time, though no tool changes.",
            _moving(lambda n: n + 1),
        ),
        ("tool-version-304", "/tools/sync/version always answers 304.", _always_unchanged),
    ],
)
