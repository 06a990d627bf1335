"""Builds the views of MCP Apps: one HTML document each, with inline script and style.

Each view is a script in `pages/`; all share the page, the style and the script that talks to the host. The content
security policy of a document allows only its own script and style, by their hashes, and no connections, so no foreign
script runs in it even if the host is less strict. Source: SEP-1865 (MCP Apps), stable text of 2026-01-26.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import NamedTuple

from uru_mcp.messages import call_messages

EXTENSION = "io.modelcontextprotocol/ui"
MIME_TYPE = "text/html;profile=mcp-app"
FRAME, SHARED_SCRIPT, STYLE = "page.html", "host.js", "style.css"
POLICY = "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'"


class View(NamedTuple):
    """A view. `name` is the name of its script in `pages/`; `title` and `description` are for lists of resources."""

    name: str
    title: str
    description: str

    @property
    def uri(self) -> str:
        return f"ui://uru/{self.name}.html"

    @property
    def document(self) -> str:
        return _document(self.name)


KEY = View("key", "Key card", call_messages.KEY_CARD)
RUN = View("run", "Automation card", call_messages.RUN_CARD)
DECISION = View("decision", "Decision card", call_messages.DECISION_CARD)

VIEWS: Mapping[str, View] = {view.uri: view for view in (KEY, RUN, DECISION)}


@cache
def _document(name: str) -> str:
    """`<!doctype html>…`, about 20,000 characters."""
    script, style = f"{_page(SHARED_SCRIPT)}\n{_page(f'{name}.js')}", _page(STYLE)
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    return Template(_page(FRAME)).substitute(policy=policy, script=script, style=style)


def _page(name: str) -> str:
    return files(__package__).joinpath("pages", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
