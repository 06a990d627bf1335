"""Posting lists with precomputed BM25F weights.

It does not know queries or the meaning of words.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.5.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

WEIGHTS = {"name": 4.0, "title": 1.0, "summary": 1.5, "details": 0.5, "parameters": 0.25}
SATURATION = 2.0  # BM25's k1: term frequency saturation
LENGTH = 0.4  # BM25's b: length normalization


class Document(NamedTuple):
    """The searchable texts of a tool. `namespace` is the same for all documents of a namespace: its names."""

    name: str
    title: str = ""
    summary: str = ""
    details: str = ""
    namespace: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class Postings:
    """The posting list of a term: document numbers in ascending order, and its weight in each, from 0 to 1."""

    numbers: array[int] = field(default_factory=lambda: array("I"))
    strengths: array[float] = field(default_factory=lambda: array("f"))

    def hits(self) -> dict[int, float]:
        return dict(zip(self.numbers, self.strengths, strict=True))

    def among(self, wanted: Collection[int]) -> dict[int, float]:
        """The hits among the wanted documents; iterates over the smaller of the two sets."""
        numbers, strengths = self.numbers, self.strengths
        if len(wanted) * 20 > len(numbers):
            return {number: strength for number, strength in zip(numbers, strengths, strict=True) if number in wanted}
        places = ((number, bisect_left(numbers, number)) for number in wanted)
        return {number: strengths[at] for number, at in places if at < len(numbers) and numbers[at] == number}


def strengths_of(fields: tuple[tuple[str, ...], ...], averages: list[float]) -> dict[str, float]:
    """The weight of each term in a document, from 0 to 1, by its frequency and the weight and length of its fields."""
    found: dict[str, float] = defaultdict(float)
    for terms, weight, average in zip(fields, WEIGHTS.values(), averages, strict=True):
        if terms:
            share = weight / (1 - LENGTH + LENGTH * len(terms) / average)
            for term in terms:
                found[term] += share
    return {term: weight / (weight + SATURATION) for term, weight in found.items()}
