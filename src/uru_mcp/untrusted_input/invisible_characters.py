"""Removes invisible characters, which can hide instructions in a text, but keeps those that scripts and emoji need.

It removes default-ignorable characters, format characters, controls except tab and line breaks, noncharacters and lone
surrogates. A joiner or variation selector is kept, one at a time, if it changes the character beside it.

Source: Unicode 16, DerivedCoreProperties (Default_Ignorable_Code_Point), emoji-variation-sequences and
emoji-zwj-sequences.
"""

from __future__ import annotations

import re  # whose functions compile each of these patterns on first use: all at once take milliseconds of the start
import unicodedata

SHORT = 200
SPARE, EACH = 4, 8  # joiners and selectors kept for scripts: SPARE, plus one for every EACH non-ASCII characters

CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The other format characters, without the Arabic and Syriac number signs, which are visible.
FORMAT = "\ufff9-\ufffb\U00013430-\U0001343f"
NEVER_TEXT = "\ud800-\udfff\ufdd0-\ufdef" + "".join(
    f"{chr(n + 0xFFFE)}-{chr(n + 0xFFFF)}" for n in range(0, 0x110000, 0x10000)
)

UNSEEN = f"[{CONTROLS}{IGNORABLE}{FORMAT}{NEVER_TEXT}]"
HELPERS = "\u180b-\u180f\u200c\u200d\ufe00-\ufe02\ufe0e\ufe0f\U000e0100-\U000e011f"
"""Joiners and variation selectors, which a script or an emoji may need."""
HELPER = f"[{HELPERS}]"

FLAG = "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
"""The flags of England, Scotland and Wales, the only ones that use tag characters."""

PICTURES = "©®‼⁉™ℹ↔-↙↩↪⌚⌛⌨⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙\U0001f000-\U0001faff"
PICTURE = f"[{PICTURES}]"
# The first and the second emoji of sequences that are drawn as one. These patterns are rare.
JOINS = "[⛓⛹❤🍄🍋🏃🏄🏊-🏌🏳🏴🐈🐕🐦🐻👁👦-👩👫-👯👰-👳👷👮💁💂💃💆💇🕵🕺🙂😮😵😶🙅-🙇🙋-🙎🚣🚴-🚶🛌🤝🤦🤵🤷-🤹🤼-🤾🥷🦸🦹🧍-🧏🧑🧔🧖-🧟🧒👧🫱🫆💋🧍]|[\U0001f3fb-\U0001f3ff]"
JOINED = "[♀♂♾⚕⚖⚧✈❄❤☠➡↔↕⬛🌈🌾🍳🍼🎄🎓🎤🎨🏫🏭🐦🐾👦-👩💋💥💨💫💻💼🔥🔧🔬🗨🚀🚒🟩🟫🤝🦯🦰-🦳🦺🦼🦽🧑🧒🩹🩰🫯🫲]"
HAN = "[\u3400-\u9fff\uf900-\ufaff々〇]|[\U00020000-\U0003ffff]"  # as one class, it would take long to compile
MONGOLIAN = "[\u1820-\u18aa]"
CURSIVE = "[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06fc\u0710-\u072f\u074d-\u077f\u07ca-\u07ea\u0840-\u0858\u0860-\u086a\u08a0-\u08c8]"
MARKED = "[\u064b-\u0652\u0670]"  # Arabic vowel signs, which stand between a letter and a joiner
INDIC = "[\u0900-\u0dff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\U00011000-\U000114ff]"


def visible(text: str) -> str:
    """The text without invisible characters, except those that change a letter or an emoji."""
    if text.isascii() and text.isprintable():
        return text
    letters = text if len(text) <= SHORT else "".join(set(text))  # even megabytes have few distinct characters
    if re.search(UNSEEN, letters) is None:
        return text
    if re.search(HELPER, text) is None and "\U000e007f" not in text:
        return re.sub(UNSEEN, "", text)
    parts = re.split(f"({FLAG})", text)
    is_helper = re.compile(HELPER).match
    parts[::2] = [re.sub(UNSEEN, lambda found: found[0] if is_helper(found[0]) else "", part) for part in parts[::2]]
    return _with_needed_helpers("".join(parts))


def _with_needed_helpers(text: str, *, with_scripts: bool = True) -> str:
    kept: list[str] = []
    end = for_scripts = 0
    for found in re.finditer(f"{HELPER}+", text):
        kept.append(text[end : found.start()])
        needed = _needed(text, found.start(), found.end())
        if needed and not re.match(PICTURE, text[found.start() - 1 : found.start()]) and needed != "\ufe0f":
            for_scripts += len(needed)
            needed = needed if with_scripts else ""
        kept.append(needed)
        end = found.end()
    kept.append(text[end:])
    if for_scripts > SPARE and with_scripts:
        letters = sum(not one.isascii() for one in text) - for_scripts
        if for_scripts > SPARE + letters // EACH:  # no language has so many; they encode hidden data
            return _with_needed_helpers(text, with_scripts=False)
    return "".join(kept)


def _needed(text: str, start: int, end: int) -> str:
    """The part of a run of helpers that changes the visible text: at most one selector, then one joiner."""
    before, after = text[start - 1 : start], text[end : end + 1]
    run = text[start:end]
    selector = run[0] if _selects(before, run[0], after) else ""
    rest = run[len(selector) :]
    joiner = rest[:1] if rest[:1] in ("\u200c", "\u200d") else ""
    if joiner and not _joins(text, start, before, joiner, after):
        joiner = ""
    return selector + joiner


def _selects(before: str, selector: str, after: str) -> bool:
    if not before:
        return False
    if selector in "\ufe0e\ufe0f":
        return re.match(PICTURE, before) is not None or (before in "0123456789#*" and after == "\u20e3")
    if "\u180b" <= selector <= "\u180f":
        is_vowel_next = after in ("\u1820", "\u1821")
        return re.match(MONGOLIAN, before) is not None and (selector != "\u180e" or is_vowel_next)
    return selector not in "\u200c\u200d" and re.match(HAN, before) is not None


def _joins(text: str, start: int, before: str, joiner: str, after: str) -> bool:
    if not before or before.isascii():
        return False
    if joiner == "\u200d" and re.match(JOINS, before):
        return after != "" and re.match(JOINED, after) is not None
    if re.match(INDIC, before):
        is_behind_virama = unicodedata.combining(before) == 9
        is_in_word = bool(after) and re.match(INDIC, after) is not None
        return is_behind_virama or (is_in_word and (unicodedata.combining(after) == 9 or after in "\u17c9\u17ca"))
    letter = before if not re.match(MARKED, before) else text[start - 2 : start - 1]
    return re.match(CURSIVE, letter) is not None and bool(after) and re.match(CURSIVE, after) is not None
