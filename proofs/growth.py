"""Feeds growing input to everything that reads what strangers write: `python -m proofs.growth [SECONDS] [READER …]`.

Each reader of `READERS` takes a text. Each shape of `SHAPES` makes one of about so many characters: runs of what
patterns stumble over, brackets inside one another, lists of many small members. Sizes grow fourfold up to 1 MB, or
until a reading takes `ENOUGH` seconds of processor time, and where the last two took longer than `FLOOR`, the exponent
of the growth is what lies between them: 1 is linear. Prints a line for each reader with its worst shape, and ends with
1 when one grows faster than `STEEPEST` or takes longer than `CAP`. SECONDS bounds the whole; the rest is not looked at.
"""

from __future__ import annotations

import gc
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import FrameType
from typing import Any

from proofs.shapes import KEY, SHAPES
from uru_mcp.access import policy
from uru_mcp.audit.entry import read_entry as read_audit
from uru_mcp.catalog import cache_format, tool_names
from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import Catalog, classified, words_of
from uru_mcp.catalog.schemas import client_compatibility, draft_translation, scalar_types, unlistable_tools
from uru_mcp.catalog.search import postings, spelling, tool_index
from uru_mcp.commands.client_configs.formats import json_syntax
from uru_mcp.errors import ArgumentError, UruError
from uru_mcp.resources import cursors, prompts
from uru_mcp.results import base64_texts, media, provenance, truncation
from uru_mcp.results.render import Remainder, Renderer
from uru_mcp.server import malformed_input  # fmt: skip
from uru_mcp.tools import titles
from uru_mcp.untrusted_input import (
    invisible_characters,
    json_fields,
    json_numbers,
    json_parsing,
    permission_parsing,
    quoting,
    terminal_escaping,
    token_estimate,
    word_splitting,
)
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru import (
    catalog_version,
    compression,
    error_body,
    http_errors,
    key_record,
    namespaces_and_tools,
    records,
    resource_uris,
    response_body,
    retry,
    run_results,
    waiting_steps,
)

FIRST, LAST = 16 * 1024, 1024 * 1024  # characters
FLOOR = 0.1  # seconds, below which a time tells nothing: some systems count processor time in steps of 4 ms
QUICK = 0.01  # seconds for a quarter of a megabyte: what is so quick is not made to read a whole one
ENOUGH = 1.0  # seconds; what takes longer need not grow further
CAP = 10.0  # seconds for a single reading, which no reader may take
STEEPEST = 1.4  # exponent; sorting and a busy machine are below it, squares are above
TRIES = 3  # of which the fastest counts

REDACTION = Redaction()
REDACTION.remember(KEY)
RENDERER = Renderer(REDACTION, budget=20_000)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RECORD = ("name", "permissions", "workspace")  # members of the record of a key
BORNE = (UruError, ValueError, RecursionError, OverflowError)  # what a reader may say instead of a value


class TooSlow(BaseException):
    """A reading took longer than its cap."""


def value_of(text: str) -> Any:
    """The value of a text that is JSON, and otherwise the text: what a stranger may have put into a field."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def listed_tool(text: str) -> list[Any]:
    schema = {"type": "object", "properties": {text: {"description": text}}, "required": [text]}
    return [{"name": text[:400] or "n", "title": text, "description": text, "inputSchema": schema, "permission": text}]


def catalogued(text: str) -> Catalog:
    """What comes of a namespace and a tool that somebody wrote."""
    namespaces = namespaces_and_tools.read_namespaces([{"name": "n", "displayName": text}])
    tools = namespaces_and_tools.read_tools("n", listed_tool(text))
    return assembled(namespaces, {"n": tools}, [], REDACTION)


def fitted_schema(text: str) -> dict[str, Any]:
    """A schema with the text wherever one can be."""
    inner = {"type": text, "description": text, "format": text, "default": text, "enum": [text], "$ref": text}
    return {"properties": {text: inner, "value": value_of(text)}, "required": [text], "x": value_of(text)}


def tool_of(text: str) -> Any:
    (item,) = listed_tool(text)
    return classified(
        namespaces_and_tools.Namespace("n", text),
        namespaces_and_tools.read_tools("n", [{**item, "name": "t"}])[0][0],
        REDACTION,
    )


def record(text: str) -> dict[str, Any]:
    """A record with the text in each of its fields."""
    texts = dict.fromkeys(("title", "name", "description", "content", "instructions", "excerpt", "status"), text)
    dates = dict.fromkeys(("updated_at", "started_at", "finished_at", "created_at"), text)
    variable = {"name": text, "description": text, "choices": [text, text]}
    events = [{"node": text[:400], "type": "approval_requested", "detail": text}]
    return {"id": text[:400], "automation_id": "a", **texts, **dates, "variables": [variable], "events": events}


def read_records(text: str) -> None:
    for kind in records.KINDS:
        records.read_entry(kind, record(text))
        records.read_content(kind, record(text))
    waiting_steps.read_approvals({**record(text), "status": "waiting_for_approval"})
    records.read_page({"items": [record(text), value_of(text)], "next_cursor": text})


def prompt(text: str) -> None:
    read = prompts.bounded(records.read_prompt({**record(text), "id": "p"}))
    prompts.arguments_of(read)
    prompts.filled_in(text, {"a": "b", text: "c"})


def complain(text: str) -> None:
    for body in (text, {"message": text, "code": text, "details": {"tip": text}}, value_of(text)):
        refused = http_errors.refusal(
            409, error_body.read_error_body(body), retry_after=None, is_call=True, is_run=False, steps="put it there"
        )
        RENDERER.error(refused)


def render(value: Any) -> None:
    RENDERER.result(RENDERER.document(value, {"from": "x"}), Remainder("uru_result", "call_id", "call_1"))


def refuse(text: str) -> None:
    RENDERER.error(ArgumentError(text, fix=text, tool=text, problems=[value_of(text)]))


def search_for(text: str) -> None:
    index = tool_index.Index(
        {"a": postings.Document(text, text, text, text, text, text), "b": postings.Document("mail")}
    )
    index.search(text)


def salvage(text: str) -> None:
    from mcp.types import jsonrpc_message_adapter

    try:
        jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValueError as error:
        malformed_input.recovered(error)


def coded(text: str) -> None:
    compression.coding_of(text)
    data = text.encode(errors="replace")
    compression.beginning(data, "deflate", at_most=100_000)
    compression.decoded(data, "deflate", at_most=100_000_000, until=math.inf)


READERS: Mapping[str, Callable[[str], object]] = {
    "media.media_of": lambda text: media.media_of([{"type": "image", "data": text}, {"type": "resource_link"}]),
    "base64_texts.Naming": lambda text: base64_texts.Naming().text(text),
    "json_numbers.loads": lambda text: json_numbers.loads(json.dumps(text) if len(text) % 2 else json.dumps([text])),
    "quoting.Quotation": lambda text: quoting.Quotation(text, text).sentence,
    "quoting.described": quoting.described,
    "quoting.quoted_json": lambda text: quoting.quoted_json(json_fields.compact(text)),
    "invisible_characters.visible": invisible_characters.visible,
    "token_estimate.reach": lambda text: token_estimate.reach(text, 0, len(text) // 2),
    "audit_log.read_entry": lambda text: read_audit(
        json.dumps({"time": text, "tool": text, "outcome": text}), REDACTION
    ),
    "audit_log.read_entry (line)": lambda text: read_audit(text, REDACTION),
    "response_body.parsed": lambda text: response_body.parsed(
        response_body.Request("GET", "/"), response_body.Received(200, {"content-type": text}, b"{}", None), math.inf
    ),
    "assembly.assembled": catalogued,
    "catalog.words_of": lambda text: words_of(tool_of(text)),
    "json_syntax.parse": lambda text: json_syntax.parse(text, is_relaxed=True),
    "terminal_escaping.for_terminal": terminal_escaping.for_terminal,
    "error_body.read_error_body": complain,
    "compression": coded,
    "cursors.decode": lambda text: cursors.decode(text, int),
    "provenance.source_of": lambda text: provenance.source_of(tool_of(text)),
    "json_fields.is_deeper": lambda text: json_fields.is_deeper(value_of(text), 64),
    "json_fields.moment_at": lambda text: json_fields.moment_at({"x": text}, "x"),
    "json_parsing.parsed": lambda text: json_parsing.parsed(text.encode(errors="replace")),
    "json_parsing.strictly_parsed": json_parsing.strictly_parsed,
    "tool_names.prompt_names": lambda text: tool_names.prompt_names({"a": text, "b": text + "b"}),
    "tool_names.shown_name": lambda text: tool_names.shown_name(text, text),
    "permission_parsing.read_names": permission_parsing.read_names,
    "truncation.cut_json": lambda text: truncation.cut_json(json_fields.compact(value_of(text)), len(text) // 2),
    "truncation.shortened_json": lambda text: truncation.shortened_json({"a": {"b": value_of(text)}}, len(text) // 2),
    "policy.needs_of": lambda text: policy.needs_of("platform", text, declared=None, read_only=None),
    "prompts": prompt,
    "records": read_records,
    "redaction.is_clean": REDACTION.is_clean,
    "redaction.text": REDACTION.text,
    "redaction.value": lambda text: REDACTION.value([value_of(text), {text: text}]),
    "render.document": lambda text: render(value_of(text)),
    "render.document (text)": render,
    "render.error": refuse,
    "retry.parse_retry_after": lambda text: retry.parse_retry_after(text, now=NOW),
    "tool_index.Index": search_for,
    "spelling.meant": lambda text: spelling.meant(text, {"mail": 1}, ["mail"]),
    "cache_format.read_listing": lambda text: cache_format.read_listing([text.encode(errors="replace")]),
    "malformed_input.recovered": salvage,
    "resource_uris.parse_uri": resource_uris.parse_uri,
    "resource_uris.parse_uri (id)": lambda text: resource_uris.parse_uri(f"uru://contexts/{text}").uri,
    "catalog_version.read_version": lambda text: catalog_version.read_version({"version": text}),
    "key_record.read_key_record": lambda text: key_record.read_key_record(dict.fromkeys(RECORD, text)),
    "namespaces_and_tools.read_namespaces": lambda text: namespaces_and_tools.read_namespaces(
        [{"name": text, "displayName": text}, value_of(text)]
    ),
    "run_results.read_result": lambda text: run_results.read_result({"data": value_of(text), "error": text}),
    "namespaces_and_tools.read_tools": lambda text: namespaces_and_tools.read_tools(
        "n", [*listed_tool(text), value_of(text)]
    ),
    "draft_translation.modern": lambda text: draft_translation.modern(fitted_schema(text)),
    "client_compatibility.fit": lambda text: client_compatibility.fit(json.dumps(fitted_schema(text))),
    "scalar_types.PLAIN_PATTERN": scalar_types.PLAIN_PATTERN.fullmatch,
    "titles.short_title": lambda text: titles.short_title(text, text),
    "unlistable_tools.MAY_BE_REFUSED": unlistable_tools.MAY_BE_REFUSED.search,
    "word_splitting.first_sentence": word_splitting.first_sentence,
    "word_splitting.shortened": lambda text: word_splitting.shortened(text, len(text) // 2),
    "word_splitting.words": word_splitting.words,
}  # fmt: skip
"""Everything public that reads what an app, a client or Uru wrote. The check of arguments has a limit of time instead,
which `tests/catalog/test_validation.py` proves."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How the time of a reader grows with a shape: seconds at the last size, and the exponent, 0 below the floor."""

    reader: str
    shape: str
    size: int
    seconds: float
    exponent: float

    @property
    def is_borne(self) -> bool:
        return self.exponent <= STEEPEST and self.seconds <= CAP


@contextmanager
def capped(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` once the block has taken so many seconds of processor time, also inside a pattern."""

    def ring(_: int, __: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds_of(read: Callable[[str], object], text: str, cap: float = CAP) -> float:
    """Processor time of one reading; infinite when it takes longer than the cap."""
    gc.disable()  # its passes come when they like
    began = time.process_time()
    try:
        with capped(cap), suppress(*BORNE):
            read(text)
    except TooSlow:
        return math.inf
    finally:
        gc.enable()
    return time.process_time() - began


def growth_of(reader: str, shape: str, *, enough: float = ENOUGH) -> Growth:
    """How one reader bears one shape, in growing sizes until a reading takes `enough` seconds."""
    read, make = READERS[reader], SHAPES[shape]
    size, seconds = FIRST, seconds_of(read, make(FIRST))
    exponent = 0.0
    while size < LAST and seconds < enough and (size < LAST // 4 or seconds > QUICK):
        before, size = seconds, size * 4
        seconds = seconds_of(read, make(size))
        if _exponent(before, seconds) > STEEPEST:
            before = min(seconds_of(read, make(size // 4)) for _ in range(TRIES))
            seconds = min(seconds_of(read, make(size)) for _ in range(TRIES))
        steep = _exponent(before, seconds)
        if STEEPEST < steep < math.inf:  # a busy machine, or caches that end here: more input shows which
            steep = min(steep, _exponent(seconds, seconds_of(read, make(size * 4))))
        exponent = max(exponent, steep)
    return Growth(reader, shape, size, seconds, exponent)


def slow(reader: str, shapes: Iterable[str], *, size: int, cap: float) -> list[str]:
    """The shapes of this size that the reader does not bear within so many seconds of processor time."""
    return [shape for shape in shapes if math.isinf(seconds_of(READERS[reader], SHAPES[shape](size), cap))]


def _exponent(before: float, after: float) -> float:
    if math.isinf(after):
        return math.inf
    return math.log(after / max(before, FLOOR / 10), 4) if after > FLOOR else 0.0


def examined(reader: str, until: float) -> Iterator[Growth]:
    """How the reader bears each shape, until a moment of the monotonic clock."""
    for shape in SHAPES:
        if time.monotonic() > until:
            return
        yield growth_of(reader, shape)


def main(seconds: float, *chosen: str) -> int:
    began, failed, count = time.monotonic(), 0, 0
    print(f"{'reader':32s} {'shapes':>6s} {'slowest':>9s} {'of':>7s} {'steepest':>8s}  shape")
    for reader in chosen or READERS:
        found = list(examined(reader, began + seconds))
        if not found:
            break
        slowest = max(found, key=lambda one: (not one.is_borne, one.seconds))
        steepest = max(one.exponent for one in found)
        count += len(found)
        figures = f"{slowest.seconds * 1000:6.0f} ms {slowest.size // 1024:4d} KB {steepest:8.2f}"
        print(f"{reader:32s} {len(found):6d} {figures}  {slowest.shape[:60]}", flush=True)
        for one in islice((one for one in found if not one.is_borne), 5):
            failed += 1
            print(f"  NOT LINEAR: {one.shape!r}: {one.seconds:.2f} s at {one.size}, exponent {one.exponent:.2f}")
    print(f"{count} growths in {time.monotonic() - began:.0f} s, {failed} of them not borne")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else math.inf, *sys.argv[2:]))
