"""Writes the report of `uru-mcp doctor --report` for maintainers: Uru's responses without their contents.

It contains only fixed words, numbers, and publicly known field names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from uru_mcp import __version__
from uru_mcp.commands.doctor.answer_shapes import lines_of
from uru_mcp.commands.doctor.api_facts import FACTS
from uru_mcp.commands.doctor.endpoint_probes import Probe, Probes
from uru_mcp.config.settings import Settings
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.connect import connect

HEADERS = (
    *("allow", "cache-control", "cf-ray", "content-encoding", "etag", "location", "retry-after", "server"),
    *("set-cookie", "vary", "via", "www-authenticate", "x-powered-by", "x-ratelimit-remaining", "x-request-id"),
)
TYPES = (
    *("application/json", "application/problem+json", "text/html", "text/plain", "text/json", "text/event-stream"),
    *("application/xml", "text/xml", "application/octet-stream"),
)
SIZES = ((0, "empty"), (1_000, "up to 1 kB"), (10_000, "up to 10 kB"), (100_000, "up to 100 kB"), (10**6, "up to 1 MB"))
HELD = {True: "held", False: "did not hold", None: "could not be checked"}
TITLE = "# What an Uru answers to uru-mcp"
HEAD = f"""\
{TITLE}

Written by `uru-mcp doctor --report`, version {__version__}, for the maintainers of uru-mcp.

- For each read-only endpoint, it contains the status, type, size, time, names of a few headers, and the shape of the \
body: publicly known field names, types, and lengths of lists and texts.
- It contains no key, name, title, text, id, address or value, and no field name that is not publicly known: those are \
counted as `(other key)`. Namespaces are numbered.
- Each endpoint was requested once. Nothing was changed in Uru.

Read it before you send it: paste it into an issue, see docs/api.md.
"""


async def survey(settings: Settings, redaction: Redaction) -> list[Probe]:
    """Request each endpoint once. Raises: `KeyUnavailable`."""
    connection = connect(settings, redaction)
    try:
        await connection.keyring.current()
        return await Probes(connection, settings).make()
    finally:
        await connection.aclose()


def rendered(probes: Sequence[Probe]) -> str:
    """The report as Markdown."""
    return "\n".join([HEAD, *_facts(probes), "", *(line for probe in probes for line in _section(probe))])


def _facts(probes: Sequence[Probe]) -> Iterator[str]:
    yield "## Facts of docs/api.md\n"
    yield "“held” means that a harmless read agreed with the fact, not that the whole fact is proven.\n"
    yield "| id | fact | grade | here |"
    yield "|---|---|---|---|"
    for fact in FACTS:
        yield f"| {fact.id} | {fact.text} | {fact.grade} | {HELD[fact.held(probes)]} |"


def _section(probe: Probe) -> Iterator[str]:
    yield f"## {probe.method} {probe.path}\n"
    if probe.answer is None:
        yield f"No readable answer: {probe.code}, after {probe.ms:.0f} ms.\n"
        return
    answer = probe.answer
    yield f"- status {answer.status}, {_type(answer.headers.get('content-type'))}, {_size(answer.body)}"
    yield f"- {probe.ms:.0f} ms"
    present = [name for name in HEADERS if name in answer.headers]
    yield f"- headers: {', '.join(present) or 'none of those looked for'}\n"
    yield "```text"
    yield from [*lines_of(probe.body)] if probe.body is not None else [f"body: {_other(answer.body)}"]
    yield "```\n"


def _type(stated: str | None) -> str:
    if stated is None:
        return "no type"
    media_type = stated.split(";")[0].strip().lower()
    return media_type if media_type in TYPES else "another type"


def _size(body: bytes) -> str:
    return next((name for most, name in SIZES if len(body) <= most), "more than 1 MB")


def _other(body: bytes) -> str:
    text = body.strip().lower()
    if not text:
        return "nothing"
    if text == b"null":
        return "null"
    return "markup, not JSON" if text.startswith(b"<") else "not JSON"
