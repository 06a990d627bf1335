"""Results, refusals and errors as text and structure that say the same, within a budget and without secrets."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from uru_mcp import messages
from uru_mcp.content import MEDIA_PARTS, Media, shown_of
from uru_mcp.encoded import Naming, has_encoded
from uru_mcp.errors import ArgumentError, UruError
from uru_mcp.fields import compact, is_deeper
from uru_mcp.numerals import may_have_large, with_large_as_text
from uru_mcp.pieces import cut_json, shortened_json, small_first
from uru_mcp.quoting import quoted_json
from uru_mcp.redaction import Redaction
from uru_mcp.results.consent import Confirmation
from uru_mcp.waiting_steps import Approval
from uru_mcp.weight import reach
from uru_mcp.wire import DEEPEST

WORDS_CHARS = 2_000  # of a message: no person and no model reads more
DETAIL_CHARS = 8_000
EMPTY = "(empty)"
FIRST = ("from", "log_id", "note")
LAST = ("resources", "namespaces", "hits", "calls", "data")  # previews end early: what is said of a result goes first
UNSAID = ("is_stated", "no_route")  # what one room of ours tells another


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a tool call answers: text for models that read text, and the same as a JSON object.

    `body` is the text behind the `notes`; `is_data` is whether strangers wrote it, so that it stands between marks.
    `media` are parts that are no text. `waits_for` is what a person can be asked right away, and `meta` is for the
    client alone.
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
        """The body; model APIs refuse an empty text for good."""
        return self.body if self.body.strip() else EMPTY

    @property
    def text(self) -> str:
        """Our notes, and then the body, that of strangers between marks that nobody can foresee."""
        if not self.is_data:
            return "\n".join([*self.notes, self.shown_body])
        mark = _mark_for(self.body)
        return "\n".join([*self.notes, f"<{mark}>", self.shown_body, f"</{mark}>"])

    def noted(self, note: str, **members: Any) -> Rendered:
        """The same with one more note, and members before the data."""
        notes = (*self.notes, note)
        structure = {**self.structure, **members}
        return replace(self, notes=notes, structure=_in_order({**structure, "note": _joined(notes)}))


@dataclass(frozen=True, slots=True)
class Document:
    """A result that may leave: redacted, and as one text, however long that is.

    `is_json` is whether the text is the JSON of the data, or the data itself. `members` stand beside the data in the
    structure, and `notes` say the same below the text.
    """

    text: str
    is_json: bool
    members: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    waits_for: Approval | None = None
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """How to get what was cut off a document: the tool to call, and the argument that says of which document."""

    tool: str
    argument: str
    value: str


class Renderer:
    """Renders within `budget` characters of text, and lets nothing out unredacted."""

    def __init__(self, redaction: Redaction, *, budget: int) -> None:
        self._redaction = redaction
        self.budget = budget

    def clean(self, value: Any) -> Any:
        """A JSON value without secrets and without what cannot be seen."""
        return self._redaction.value(value)

    def document(
        self,
        data: Any,
        members: dict[str, Any],
        notes: Iterable[str] = (),
        waits_for: Approval | None = None,
        media: tuple[Media, ...] = (),
    ) -> Document:
        """The data of a result, and what is to be said of it, made ready to leave."""
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
        clean = (replace(one, uri=self._redaction.text(one.uri)) for one in media[:MEDIA_PARTS])
        media = tuple(one for one in clean if self._redaction.is_clean(one.data))
        shown = shown_of(media)
        said = self._redaction.value(members)
        if media:
            said = {**said, "content": [one.described(is_shown=one in shown) for one in media]}
        parts = "; ".join(one.in_words(is_shown=one in shown) for one in media)
        parts += messages.MORE_PARTS.format(more=more) if more > 0 else ""
        ours = (*naming.notes, *([messages.BESIDE_THE_DATA.format(parts=parts)] if parts else []))
        told = tuple(self._redaction.text(note) for note in notes) + tuple(f"[{note}]" for note in ours)
        return Document(text, is_json, said, told, waits_for, shown)

    def is_cut(self, document: Document) -> bool:
        """Whether it is too long to be shown at once."""
        return reach(document.text, 0, self.budget) < len(document.text)

    def result(self, document: Document, rest: Rest | None = None, *, offset: int = 0) -> Rendered:
        """`{"data": …, "log_id": …}`, and as text the data itself; of a long document the piece at `offset`.

        A piece has `"cut": {"offset", "shown", "total", "next_offset"}`, in characters of the text, and the argument
        of `rest`. The first piece of JSON is itself valid JSON, the later ones are stretches of its text.

        Raises:
            ArgumentError: The document ends before `offset`.
        """
        if not offset and not self.is_cut(document):
            data = json.loads(document.text) if document.is_json else document.text
            return _with_notes(document, document.text, data)
        return self._piece(document, rest, offset)

    def _piece(self, document: Document, rest: Rest | None, offset: int) -> Rendered:
        total = len(document.text)
        if offset >= total:
            raise ArgumentError(
                messages.NOTHING_AT_OFFSET.format(offset=offset, total=total),
                fix=messages.GO_ON_AT_NEXT_OFFSET,
            )
        end, closers = reach(document.text, offset, self.budget), ""
        if document.is_json and not offset:
            room = end
            end, closers = cut_json(document.text, room)
            end = end or room  # a number of more digits than that has no piece that is valid
        is_last = end >= total
        body = document.text[offset:end] + closers
        cut: dict[str, Any] = {"offset": offset, "shown": end - offset, "total": total}
        cut["next_offset"] = None if is_last else end
        note = messages.CUT.format(offset=offset, end=end, total=total)
        if rest is not None:
            cut[rest.argument] = rest.value
            note += (
                ""
                if is_last
                else messages.GO_ON_WITH.format(tool=rest.tool, argument=rest.argument, value=rest.value, end=end)
            )
        data = json.loads(body) if closers else body
        return _with_notes(document, body, data, f"{note}]", cut=cut)

    def answer(
        self, structure: dict[str, Any], text: str | None = None, *, notes: Iterable[str] = (), told: Iterable[str] = ()
    ) -> Rendered:
        """An answer of our own tools; its text is the structure itself when no other says the same.

        `notes` are ours: whose words are in it, and how to go on. `told` are the members that they say already.
        """
        clean = self._redaction.value(structure)
        if text is not None:
            return Rendered(self._redaction.text(text), _in_order(clean))
        ours = (*notes, clean.get("note"), clean.get("hint"))
        said = tuple(f"[{self._redaction.text(note)}]" for note in ours if note)
        data = {name: member for name, member in clean.items() if name not in (*told, "from", "note", "hint")}
        beside = {"note": _joined(said)} if said else {}
        return Rendered(compact(data), _in_order({**clean, **beside}), notes=said, is_data=True)

    def error(self, error: UruError) -> Rendered:
        """`{"error": {"code", "message", "fix", "retryable", …}}`, and as text the message and the fix."""
        words, source = (self._redaction.text(one or "") for one in (error.said.words, error.said.source))
        theirs = replace(error.said, words=words, source=source)
        said = {
            "code": error.code,
            "message": self._words(f"{error.own_message}{theirs.sentence}"),
            "fix": self._words(error.fix),
            "retryable": error.retryable,
        }
        details = {name: value for name, value in error.details.items() if value is not None and name not in UNSAID}
        details = self._detail(details)
        text = f"{said['code']}: {said['message']}\n{said['fix']}"
        if unsaid := _unsaid(details, text):
            text += f"\n[{messages.DETAILS.format(details=quoted_json(compact(unsaid)))}]"
        advice = self._detail(dict(theirs.advice))
        theirs = replace(theirs, advice=advice)
        if advice:
            told = messages.BESIDES.format(source=theirs.structure["from"], advice=quoted_json(compact(advice)))
            text += f"\n[{told}]"
        beside = {"quoted": theirs.structure} if advice else {}
        return Rendered(text, {"error": {**said, **details, **said, **beside}}, is_error=True)

    def _words(self, text: str) -> str:
        """Words for people: redacted first and cut then, so that no half of a key is left."""
        clean = self._redaction.text(text)
        return clean if len(clean) <= WORDS_CHARS else clean[: WORDS_CHARS - 1] + "…"

    def _detail(self, details: dict[str, Any]) -> dict[str, Any]:
        if is_deeper(details, DEEPEST):
            return {}
        clean: dict[str, Any] = shortened_json(self._redaction.value(details), DETAIL_CHARS) or {}
        return clean


def _unsaid(details: dict[str, Any], text: str) -> dict[str, Any]:
    """The details that the text does not hold word for word already."""
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
        notes=said if log_id is None else (*said, messages.LOG_ID.format(log_id=log_id)),
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
