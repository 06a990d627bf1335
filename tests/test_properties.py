"""No input makes the readers of strangers' text fail in another way than ours, nor the writers let out a key."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strangers import anything, bodies, near
from uru_mcp.errors import ArgumentError, Refused, UruError
from uru_mcp.resources.cursors import decode, encode
from uru_mcp.results.render import Document, Remainder, Renderer
from uru_mcp.untrusted_input.invisible_characters import visible
from uru_mcp.untrusted_input.json_fields import compact, list_at
from uru_mcp.untrusted_input.json_numbers import with_large_as_text
from uru_mcp.untrusted_input.redaction import MARK, Redaction
from uru_mcp.uru.catalog_version import read_version
from uru_mcp.uru.error_body import ErrorBody, read_error_body
from uru_mcp.uru.http_errors import refusal, shaped
from uru_mcp.uru.key_record import KeyRecord, read_key_record
from uru_mcp.uru.namespaces_and_tools import DEEPEST, read_namespaces, read_tools
from uru_mcp.uru.records import KINDS, kind_at, read_content, read_entry, read_page, read_prompt
from uru_mcp.uru.resource_uris import ResourceUri, parse_uri
from uru_mcp.uru.retry import ATTEMPTS, LONGEST, LONGEST_PAUSE, parse_retry_after, pause_after, wait_before
from uru_mcp.uru.run_results import read_result
from uru_mcp.uru.waiting_steps import read_approvals

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
REST = Remainder("uru_result", "call_id", "call_1")

keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=20, max_size=70).map("uru_test_".__add__)
texts = st.text(st.characters(exclude_categories=()), max_size=60)


def read(reader: Any, body: Any) -> Any:
    """What the reader makes of a body; None where it says that the shape is not known, and in no other words."""
    try:
        return shaped(reader, body)
    except Refused:
        return None


@given(bodies)
def test_any_body_is_read_or_refused_by_every_reader(body: Any) -> None:
    record: KeyRecord | None = read(read_key_record, body)
    if record is not None:
        assert len(record.last4 or "") <= 4
        assert len(record.unknown_permissions) <= 10
    names = [namespace.name for namespace in read(read_namespaces, body) or ()]
    assert len(set(names)) == len(names)
    assert all(name.strip() for name in names)
    result = read(read_result, body)
    assert (result is None) is (body is None)
    json.dumps(result and result.data)
    assert len((result and result.log_id) or "") <= 200
    assert result is None or result.error != ""
    assert (read(read_version, body) or 0) >= 0
    assert all(approval.run.run_id for approval in read_approvals(body))


@given(bodies)
def test_any_list_is_read_item_by_item_or_refused(body: Any) -> None:
    tools, left_out = read(lambda body: read_tools("n", body), body) or ((), ())
    listed = read(lambda body: list_at(body, "tools"), body) or []
    assert len(tools) + len(left_out) == len(listed)
    for tool in tools:
        assert tool.schema["type"] == "object"
        assert isinstance(tool.schema.get("properties", {}), dict)
    for item in (read(read_page, body) or ([], None))[0]:
        for kind in KINDS:
            entry = read_entry(kind, item)
            read_content(kind, item)
            assert entry is None or kind_at(entry.address) is kind
        prompt = read(read_prompt, item)
        assert prompt is None or prompt.title


@given(bodies | texts, st.integers(300, 599), st.booleans(), st.booleans())
def test_any_error_body_becomes_one_of_our_errors(body: Any, status: int, is_call: bool, is_run: bool) -> None:
    for form in (body, json.dumps(body), json.dumps(json.dumps(body))):
        error_body: ErrorBody = read_error_body(form)
        error = refusal(status, error_body, retry_after=None, is_call=is_call, is_run=is_run, steps="put it there")
        assert isinstance(error, UruError)
        rendered = Renderer(Redaction(), budget=1_000).error(error)
        assert len(json.dumps(rendered.structure, ensure_ascii=False)) < 20_000
        rendered.text.encode()


DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "", "x"]), st.integers(-1, 40), st.sampled_from(["Nov", "Foo", "11", ""]),
    st.integers(-1, 10**30), st.integers(-1, 99), st.integers(), st.integers(),
    texts | st.sampled_from(["GMT", "+9999"]),
)  # fmt: skip


@given(texts | st.text("0123456789 :,-+GMTNovMon\u0663\u00b2", max_size=40) | DATES | st.datetimes().map(str))
def test_any_retry_after_is_a_wait_of_a_day_at_most(header: str) -> None:
    seconds = parse_retry_after(header, now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST


chances = st.floats(0, 1)
waits = st.none() | st.floats(0, LONGEST)


@given(st.integers(2, 10**6), waits, st.floats(-1e9, 1e9), chances)
def test_a_wait_is_never_longer_than_there_is_time_nor_shorter_than_asked_for(
    attempt: int, retry_after: float | None, left: float, chance: float
) -> None:
    wait = wait_before(attempt, retry_after=retry_after, left=left, random=lambda: chance)
    assert wait is None or (attempt <= ATTEMPTS and (retry_after or 0) <= wait < left)


@given(st.integers(0, 10**6), st.floats(0.1, 86_400), waits, chances)
def test_a_pause_has_its_bounds(failures: int, interval: float, retry_after: float | None, chance: float) -> None:
    pause = pause_after(failures, interval=interval, retry_after=retry_after, random=lambda: chance)
    assert (retry_after or 0) <= pause or not failures
    assert pause <= max(interval, LONGEST_PAUSE, retry_after or 0)


def lowered(encoded: str) -> str:
    """Percent-encoded text as some services write it: `%2f`."""
    return re.sub("%..", lambda code: code[0].lower(), encoded)


@st.composite
def told(draw: st.DrawFn) -> tuple[list[str], str]:
    """Some keys, and a text that tells them in all ways, among other things."""
    remembered = draw(st.lists(keys, min_size=1, max_size=2))
    secret = st.sampled_from(remembered)
    around = st.text("ab01 =_.%\u200b\u202e\u200dé", max_size=4)
    together = st.builds(lambda lead, key, tail: lead + key + tail, around, secret, around)
    encoded = together.map(lambda text: base64.b64encode(text.encode()).decode())
    safe = together.map(lambda text: base64.urlsafe_b64encode(text.encode()).decode())
    split = st.builds(lambda key, at: key[:at] + "\u200b\u2060" + key[at:], secret, st.integers(0, 20))
    percent = st.builds(quote, together, st.sampled_from(["", "/", "!/"]))
    lower = together.map(lambda text: lowered(quote(text, safe="")))
    like = st.text("abc123_-", min_size=20, max_size=40).map("uru_1".__add__)
    part = together | encoded | safe | split | percent | lower | like | texts | together.map(json.dumps)
    return remembered, "".join(draw(st.lists(part, max_size=6)))


def knowing(remembered: list[str]) -> Redaction:
    redaction = Redaction()
    for key in remembered:
        redaction.remember(key)
    return redaction


@given(told())
def test_no_key_survives_in_any_spelling_and_nothing_that_looks_like_one(case: tuple[list[str], str]) -> None:
    remembered, text = case
    redaction = knowing(remembered)
    clean = redaction.text(text)
    assert redaction.text(clean) == clean
    assert clean == text or not redaction.is_clean(text)
    if not {'"', "\\"} & {*text}:  # which no key of Uru's has, and which JSON spells anew
        assert clean == text or not redaction.is_clean(compact([text]))
    assert visible(clean) == clean
    for key in remembered:
        assert key not in clean
        assert quote(key, safe="") not in clean
        assert lowered(quote(key, safe="")) not in clean
        assert not any(base64.b64encode(b" " * lead + key.encode()).decode()[4:-4] in clean for lead in range(3))


@given(told(), near)
def test_no_key_survives_anywhere_in_a_value(case: tuple[list[str], str], value: Any) -> None:
    remembered, text = case
    redaction = knowing(remembered)
    clean = redaction.value({"a": [value, text], text: {text: text}})
    assert redaction.value(clean) == clean
    assert redaction.value(value) == redaction.value(redaction.value(value))


def pieces(renderer: Renderer, document: Document) -> list[tuple[str, Any]]:
    """All pieces of a document, each without what closes it, and with its data."""
    found, offset = [], 0
    while offset is not None:
        rendered = renderer.result(document, REST, offset=offset)
        assert len(rendered.body) <= renderer.budget
        cut = rendered.structure["cut"]
        assert cut["shown"] > 0
        found.append((rendered.body[: cut["shown"]], rendered.structure["data"]))
        offset = cut["next_offset"]
    return found


long_text = texts.map(lambda text: text * 40)
large = st.recursive(
    long_text | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=12,
)


@given(near | large, st.integers(20, 400))
def test_a_result_of_any_shape_is_whole_or_in_pieces_that_are_it(data: Any, budget: int) -> None:
    renderer = Renderer(Redaction(), budget=budget)
    document = renderer.document(data, {"log_id": "log_1"})
    clean = with_large_as_text(renderer.clean(data))
    if not renderer.is_cut(document):
        rendered = renderer.result(document)
        assert rendered.structure["data"] == clean
        rendered.text.encode()
        return
    found = pieces(renderer, document)
    whole = "".join(body for body, _ in found)
    assert whole == document.text
    assert (json.loads(whole) if document.is_json else whole) == clean
    if document.is_json:
        assert type(found[0][1]) is type(clean) or isinstance(clean, int)  # which has no valid piece


ids = st.text(max_size=60).filter(lambda text: text not in ("", ".", ".."))  # of records, whose texts are cleaned


@given(st.from_regex("[a-z]{1,20}", fullmatch=True), st.none() | ids, st.none() | ids)
def test_an_address_is_taken_apart_into_what_it_was_made_of(collection: str, own: str | None, run: str | None) -> None:
    address = ResourceUri(collection, own, run if own is not None else None)
    try:
        parsed = parse_uri(address.uri)
    except ArgumentError:
        assert any(not one.isprintable() for one in (own, run) if one is not None)
    else:
        assert parsed == address


@example("uru://contexts/\ud800")
@given(texts | texts.map("uru://contexts/".__add__) | st.text("uru:/abc%0123F.", max_size=30).map("uru://a/".__add__))
def test_any_address_is_taken_apart_or_refused(uri: str) -> None:
    try:
        address = parse_uri(uri)
    except ArgumentError:
        return
    assert parse_uri(address.uri) == address


parts = st.lists(texts | st.none() | st.integers(min_value=0), max_size=4)


@given(parts)
def test_a_cursor_means_what_it_was_made_of(given_parts: list[Any]) -> None:
    assert decode(encode(*given_parts), *map(type, given_parts)) == given_parts


@given(texts | anything.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()))
def test_any_cursor_is_read_or_refused(cursor: str) -> None:
    try:
        (number,) = decode(cursor, int)
    except ArgumentError:
        return
    assert isinstance(number, int)


@pytest.mark.parametrize("levels", [DEEPEST, 300, 900])
def test_what_is_nested_as_deep_as_json_can_be_is_read_like_the_rest(levels: int) -> None:
    deep: Any = json.loads("[" * levels + "]" * levels)
    fields = dict.fromkeys(("required", "granted", "permissions", "details", "tip", "name", "inputSchema"), deep)
    for body in (deep, fields, {"error": fields}, {"tools": [fields, {**fields, "name": "t"}]}, json.dumps(fields)):
        readers = (read_key_record, read_namespaces, lambda body: read_tools("n", body), read_prompt, read_result)
        for reader in readers:
            read(reader, body)
        error = refusal(403, read_error_body(body), retry_after=None, is_call=True, is_run=True, steps="there")
        assert MARK not in Renderer(Redaction(), budget=1_000).error(error).text
