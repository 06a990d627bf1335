"""Renders results and errors as text and as equivalent JSON: within a budget, with keys redacted.

It does not know MCP's types.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from uru_mcp.errors import ArgumentError, UruError
from uru_mcp.messages import call_messages, report_messages
from uru_mcp.results.base64_texts import Naming, has_encoded
from uru_mcp.results.consent import Confirmation
from uru_mcp.results.media import MEDIA_PARTS, Media, shown_of
from uru_mcp.results.truncation import cut_json, shortened_json, small_first
from uru_mcp.untrusted_input.json_fields import compact, is_deeper
from uru_mcp.untrusted_input.json_numbers import may_have_large, with_large_as_text
from uru_mcp.untrusted_input.quoting import quoted_json
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.token_estimate import reach
from uru_mcp.uru.namespaces_and_tools import DEEPEST
from uru_mcp.uru.waiting_steps import Approval

WORDS_CHARS = 2_000  # of a message
DETAIL_CHARS = 8_000
EMPTY = "(empty)"
OURS = ("note", "hint", "fix")  # members of an answer that are sentences of ours
FIRST = ("from", "log_id", "note")
LAST = ("resources", "namespaces", "hits", "calls", "data")  # previews are truncated, so metadata goes first
INTERNAL_DETAILS = ("is_stated", "no_route")  # details of an error that are for our own code


class Rendered(NamedTuple):
    """The result of a tool call: text for clients that read text, and the same as a JSON object.

    `body` is the text after the `notes`; `is_data` is whether it is untrusted, and so goes between marks. `media` are
    images, audio and files. `waits_for` is what a person can be asked now, and `meta` is for the client alone.
    """

    body: str
    structure: dict[str, Any]
    is_error: bool = False
    notes: tuple[str, ...] = ()
    waits_for: Approval | Confirmation | None = None
    is_data: bool = False
    media: tuple[Media, ...] = ()
    meta: dict[str, Any] | None = None

    @property
    def shown_body(self) -> str:
        """The body, or a placeholder: model APIs reject an empty text."""
        return self.body if self.body.strip() else EMPTY

    @property
    def text(self) -> str:
        """Our notes, then the body; an untrusted body goes between random marks, which it cannot forge."""
        if not self.is_data:
            return "\n".join([*self.notes, self.shown_body])
        mark = _mark_for(self.body)
        return "\n".join([*self.notes, f"<{mark}>", self.shown_body, f"</{mark}>"])

    def noted(self, note: str, **members: Any) -> Rendered:
        """A copy with one more note, and with members before the data."""
        notes = (*self.notes, note)
        structure = {**self.structure, **members}
        return self._replace(notes=notes, structure=_in_order({**structure, "note": _joined(notes)}))


class Document(NamedTuple):
    """A redacted result as one text, not yet truncated.

    `is_json` is whether the text is the data as JSON; otherwise the data is the text itself. `members` go beside the
    data in the structure; `notes` say the same in the text.
    """

    text: str
    is_json: bool
    members: Mapping[str, Any] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None
    media: tuple[Media, ...] = ()


class Remainder(NamedTuple):
    """How to fetch the rest of a truncated document: the tool to call, and the argument that names the document."""

    tool: str
    argument: str
    value: str


class Renderer:
    """Renders within `budget` characters of text, and redacts everything.

    `wording` is how our own sentences name settings; the words of others do not pass through it.
    """

    def __init__(self, redaction: Redaction, *, budget: int, wording: Callable[[str], str] = str) -> None:
        self._redaction = redaction
        self.budget = budget
        self._wording = wording

    def clean(self, value: Any) -> Any:
        """The JSON value without keys and invisible characters."""
        return self._redaction.value(value)

    def document(
        self,
        data: Any,
        members: dict[str, Any],
        notes: Iterable[str] = (),
        waits_for: Approval | None = None,
        media: tuple[Media, ...] = (),
    ) -> Document:
        """Redact a result and its metadata, and put both into a document."""
        is_json = not isinstance(data, str)
        text = compact(data) if is_json else data
        if not self._redaction.is_clean(text):
            data = self._redaction.value(data)
            text = compact(data) if is_json else data
        if is_json and may_have_large(text):
            data = with_large_as_text(data)
            is_json = not isinstance(data, str)
            text = compact(data) if is_json else data
        naming = Naming()
        if has_encoded(text):
            data = naming.value(data)
            text = compact(data) if is_json else data
        if is_json and len(text) > self.budget:
            text = compact(small_first(data))
        more = len(media) - MEDIA_PARTS
        clean = (one._replace(uri=self._redaction.text(one.uri)) for one in media[:MEDIA_PARTS])
        media = tuple(one for one in clean if self._redaction.is_clean(one.data))
        shown = shown_of(media)
        said = self._redaction.value(members)
        if media:
            said = {**said, "content": [one.described(is_shown=one in shown) for one in media]}
        parts = "; ".join(one.in_words(is_shown=one in shown) for one in media)
        parts += call_messages.MORE_PARTS.format(more=more) if more > 0 else ""
        ours = (*naming.notes, *([call_messages.BESIDE_THE_DATA.format(parts=parts)] if parts else []))
        told = tuple(self._redaction.text(note) for note in notes) + tuple(f"[{note}]" for note in ours)
        return Document(text, is_json, said, told, waits_for, shown)

    def is_cut(self, document: Document) -> bool:
        """Whether the document exceeds the budget."""
        return reach(document.text, 0, self.budget) < len(document.text)

    def result(self, document: Document, rest: Remainder | None = None, *, offset: int = 0) -> Rendered:
        """`{"data": …, "log_id": …}`, and as text the data itself; for a long document, the piece at `offset`.

        A piece has `"cut": {"offset", "shown", "total", "next_offset"}`, in characters of the text, and the argument
        of `rest`. The first piece of JSON is valid JSON itself; the later ones are slices of its text.

        Raises:
            ArgumentError: The document ends before `offset`.
        """
        if not offset and not self.is_cut(document):
            data = json.loads(document.text) if document.is_json else document.text
            return _with_notes(document, document.text, data)
        return self._piece(document, rest, offset)

    def _piece(self, document: Document, rest: Remainder | None, offset: int) -> Rendered:
        total = len(document.text)
        if offset >= total:
            raise ArgumentError(
                call_messages.NOTHING_AT_OFFSET.format(offset=offset, total=total),
                fix=call_messages.GO_ON_AT_NEXT_OFFSET,
            )
        end, closers = reach(document.text, offset, self.budget), ""
        if document.is_json and not offset:
            room = end
            end, closers = cut_json(document.text, room)
            end = end or room  # no valid piece exists if a number has more digits than the budget
        is_last = end >= total
        body = document.text[offset:end] + closers
        cut: dict[str, Any] = {"offset": offset, "shown": end - offset, "total": total}
        cut["next_offset"] = None if is_last else end
        piece = call_messages.LAST_PIECE if is_last else call_messages.CUT
        note = piece.format(offset=offset, end=end, total=total)
        if rest is not None:
            cut[rest.argument] = rest.value
            if not is_last:
                note += call_messages.GO_ON_WITH.format(
                    tool=rest.tool, argument=rest.argument, value=rest.value, end=end, total=total
                )
        data = json.loads(body) if closers else body
        return _with_notes(document, body, data, f"{note}]", cut=cut)

    def answer(
        self, structure: dict[str, Any], text: str | None = None, *, notes: Iterable[str] = (), told: Iterable[str] = ()
    ) -> Rendered:
        """The result of one of our own tools; without `text`, its text is the structure as JSON.

        `notes` are our own: the source, and how to continue. `told` are members that the notes already contain.
        """
        clean = self._redaction.value(structure)
        if text is not None:
            return Rendered(self._redaction.text(text), _in_order(clean))
        clean |= {name: self._wording(clean[name]) for name in OURS if isinstance(clean.get(name), str)}
        ours = (*map(self._wording, notes), *(clean.get(name) for name in OURS))
        said = tuple(f"[{self._redaction.text(note)}]" for note in ours if note)
        data = {name: member for name, member in clean.items() if name not in (*told, "from", *OURS)}
        beside = {"note": _joined(said)} if said else {}
        return Rendered(compact(data), _in_order({**clean, **beside}), notes=said, is_data=True)

    def error(self, error: UruError) -> Rendered:
        """`{"error": {"code", "message", "fix", "retryable", …}}`, and as text the message and the fix."""
        words, source = (self._redaction.text(one or "") for one in (error.said.words, error.said.source))
        theirs = error.said._replace(words=words, source=source)
        said = {
            "code": error.code,
            "message": self._words(f"{self._wording(error.own_message)}{theirs.sentence}"),
            "fix": self._words(self._wording(error.fix)),
            "retryable": error.retryable,
        }
        details = {
            name: value for name, value in error.details.items() if value is not None and name not in INTERNAL_DETAILS
        }
        details = self._detail(details)
        text = f"{said['code']}: {said['message']}\n{said['fix']}"
        if unsaid := _unsaid(details, text):
            text += f"\n[{call_messages.DETAILS.format(details=quoted_json(compact(unsaid)))}]"
        advice = self._detail(dict(theirs.advice))
        theirs = theirs._replace(advice=advice)
        if advice:
            told = call_messages.BESIDES.format(source=theirs.structure["from"], advice=quoted_json(compact(advice)))
            text += f"\n[{told}]"
        beside = {"quoted": theirs.structure} if advice else {}
        return Rendered(text, {"error": {**said, **details, **said, **beside}}, is_error=True)

    def _words(self, text: str) -> str:
        """Redacted text, truncated after redaction so that no part of a key remains."""
        clean = self._redaction.text(text)
        return clean if len(clean) <= WORDS_CHARS else clean[: WORDS_CHARS - 1] + "…"

    def _detail(self, details: dict[str, Any]) -> dict[str, Any]:
        if is_deeper(details, DEEPEST):
            return {}
        clean: dict[str, Any] = shortened_json(self._redaction.value(details), DETAIL_CHARS) or {}
        return clean


def _unsaid(details: dict[str, Any], text: str) -> dict[str, Any]:
    """The details that the text does not already contain."""
    return {name: value for name, value in details.items() if not _is_said(value, text)}


def _is_said(value: Any, text: str) -> bool:
    if isinstance(value, list | dict):
        items = value.values() if isinstance(value, dict) else value
        return bool(value) and all(_is_said(item, text) for item in items)
    return isinstance(value, str) and value.casefold() in text.casefold()


def _with_notes(document: Document, body: str, data: Any, *notes: str, **members: Any) -> Rendered:
    said = (*document.notes, *notes)
    note = {"note": _joined(said)} if said else {}
    log_id = document.members.get("log_id")
    return Rendered(
        body,
        _in_order({**document.members, **members, **note, "data": data}),
        notes=said if log_id is None else (*said, report_messages.LOG_ID.format(log_id=log_id)),
        waits_for=document.waits_for,
        is_data=True,
        media=document.media if not members.get("cut", {}).get("offset") else (),
    )


def _joined(notes: Iterable[str]) -> str:
    return " ".join(note[1:-1] if note[:1] == "[" and note[-1:] == "]" else note for note in notes)


def _in_order(structure: dict[str, Any]) -> dict[str, Any]:
    first = {name: structure[name] for name in FIRST if name in structure}
    last = {name: structure[name] for name in LAST if name in structure}
    return {**first, **{name: structure[name] for name in structure if name not in last}, **last}


def _mark_for(body: str) -> str:
    while (mark := f"data-{secrets.token_hex(8)}") in body:
        pass
    return mark
