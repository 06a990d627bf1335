"""Results, refusals and errors as text and structure that say the same, within a budget and without secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from uru_mcp.errors import UruError
from uru_mcp.fields import is_deeper
from uru_mcp.redaction import Redaction
from uru_mcp.wire import DEEPEST, RunResult

WORDS_CHARS = 2_000  # of a message: no person and no model reads more
DETAIL_CHARS = 8_000
UNSAID = ("quoted",)  # what one room of ours tells another


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a tool call answers: text for models that read text, and the same as a JSON object."""

    text: str
    structure: dict[str, Any]
    is_error: bool = False


class Renderer:
    """Renders within `budget` characters of text, and lets nothing out unredacted."""

    def __init__(self, redaction: Redaction, *, budget: int) -> None:
        self._redaction = redaction
        self._budget = budget

    def result(self, result: RunResult) -> Rendered:
        """`{"data": …, "log_id": …}`, and as text the data itself."""
        data = self._redaction.value(result.data)
        log_id = self._redaction.value(result.log_id)
        whole = _as_text(data)
        if len(whole) <= self._budget:
            return Rendered(whole, {"data": data, "log_id": log_id})
        shown = fitted(data, self._budget)
        text = _as_text(shown)
        cut = {"shown": len(text), "total": len(whole)}
        note = f"[Cut: {cut['shown']} of {cut['total']} characters. Ask for less: a filter, a smaller limit.]"
        return Rendered(f"{text}\n{note}", {"data": shown, "log_id": log_id, "cut": cut})

    def answer(self, structure: dict[str, Any], text: str | None = None) -> Rendered:
        """An answer of our own tools; its text is the structure itself when no other says the same."""
        clean = self._redaction.value(structure)
        return Rendered(_as_text(clean) if text is None else self._redaction.text(text), clean)

    def error(self, error: UruError) -> Rendered:
        """`{"error": {"code", "message", "fix", "retryable", …}}`, and as text the message and the fix."""
        said = {
            "code": error.code,
            "message": self._words(error.message),
            "fix": self._words(error.fix),
            "retryable": error.retryable,
        }
        details = {name: value for name, value in error.details.items() if value is not None and name not in UNSAID}
        text = f"{said['code']}: {said['message']}\n{said['fix']}"
        return Rendered(text, {"error": {**self._detail(details), **said}}, is_error=True)

    def _words(self, text: str) -> str:
        """Words for people: redacted first and cut then, so that no half of a key is left."""
        clean = self._redaction.text(text)
        return clean if len(clean) <= WORDS_CHARS else clean[: WORDS_CHARS - 1] + "…"

    def _detail(self, details: dict[str, Any]) -> dict[str, Any]:
        if is_deeper(details, DEEPEST):
            return {}
        clean: dict[str, Any] = _fitted_json(self._redaction.value(details), DETAIL_CHARS)
        return clean


def fitted(data: Any, room: int) -> Any:
    """The data cut so that its text takes at most `room` characters and, if it is JSON, stays valid.

    Of a list the first items are kept, of an object the small members before the large ones; the first that does not
    fit is itself cut.
    """
    return data[:room] if isinstance(data, str) else _fitted_json(data, room)


LEAST = 40  # characters: with less room than that, a member is left out rather than cut


def _fitted_json(value: Any, room: int) -> Any:
    size = _size(value)
    if size <= room:
        return value
    if isinstance(value, str):
        while size > room:
            value = value[: int(len(value) * (room - 2) / size)]
            size = _size(value)
        return value
    if isinstance(value, list):
        kept = _kept([(index, item, 1) for index, item in enumerate(value)], room)
        return [kept[index] for index in sorted(kept)]
    if isinstance(value, dict):
        members = sorted(((name, member, _size(name) + 2) for name, member in value.items()), key=lambda m: _size(m[1]))
        kept = _kept(members, room)
        return {name: kept[name] for name in value if name in kept}
    return None


def _kept(members: list[tuple[Any, Any, int]], room: int) -> dict[Any, Any]:
    """Members, each with the characters that it costs beyond its value, until the room is used up."""
    kept: dict[Any, Any] = {}
    left = room - 2
    for name, member, beyond in members:
        if left - beyond < LEAST:
            break
        kept[name] = _fitted_json(member, left - beyond)
        left -= beyond + _size(kept[name])
    return kept


def _size(value: Any) -> int:
    return len(_compact(value))


def _as_text(data: Any) -> str:
    return data if isinstance(data, str) else _compact(data)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
