"""A short run of `proofs/growth.py`: no shape takes any reader long. And the proof finds what grows too fast."""

from __future__ import annotations

import re

import pytest
from proofs import growth
from proofs.shapes import PLAIN, SHAPES

SIZE = 4 * 1024
CAP = 1.0  # seconds of processor time; linear readers take a hundredth of it
CUBIC = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


@pytest.mark.parametrize("reader", growth.READERS)
def test_a_reader_bears_every_shape(reader: str) -> None:
    assert growth.slow(reader, PLAIN, size=SIZE, cap=CAP) == []


def test_a_prompt_with_open_braces_and_blanks_is_borne() -> None:
    assert growth.slow("prompts", SHAPES, size=SIZE, cap=CAP) == []


def test_a_pattern_that_grows_with_the_cube_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(growth.READERS, "cubic", CUBIC.findall)
    found = growth.slow("cubic", [shape for shape in SHAPES if "'Hello {{' ' '" in shape], size=SIZE, cap=0.5)
    assert len(found) == 1


def test_a_reader_that_grows_with_the_square_is_not_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    def squared(text: str) -> int:
        return sum(len(text[at:].strip("x")) for at in range(len(text)))

    monkeypatch.setitem(growth.READERS, "squared", squared)
    assert not growth.growth_of("squared", "words", enough=growth.FLOOR).is_borne
