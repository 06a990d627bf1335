"""Bar charts as SVG, styled by the style sheet. They contain no text; the page shows the numbers next to them.

A part's name determines its colour: the CSS classes are `bar-succeeded`, `bar-failed`, `bar-refused` and `bar-plain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

HEIGHT = 100  # SVG units of a column chart; the style sheet sets its size on the page
STEP = 10  # units from one column to the next
GAP = 2.5  # units between two columns
LEAST = 3  # units, so that a single call among a thousand is visible

_SVG = Markup('<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>')
_BAR = Markup('<rect class="bar-{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>')


def columns(stacks: Sequence[Mapping[str, int]], label: str, *, kind: str = "columns") -> Markup:
    """A column for each stack of parts, the first part at the bottom. `label` is the text alternative."""
    most = max((sum(stack.values()) for stack in stacks), default=0) or 1
    bars = [bar for place, stack in enumerate(stacks) for bar in _column(place, stack, most)]
    width = max(1, len(stacks)) * STEP
    base = _BAR.format("base", 0, HEIGHT - 1, width, 1)
    return _SVG.format(f"chart {kind}", width, HEIGHT, label, Markup("").join([base, *bars]))


def bar(parts: Mapping[str, int], most: int, label: str) -> Markup:
    """A horizontal bar of adjacent parts, scaled so that `most` fills the width."""
    drawn, x = [], 0.0
    for name, count in parts.items():
        width = 100 * count / max(1, most)
        drawn.append(_BAR.format(name, x, 0, max(width, 1 if count else 0), HEIGHT))
        x += width
    return _SVG.format("chart bar", 100, HEIGHT, label, Markup("").join(drawn))


def _column(place: int, stack: Mapping[str, int], most: int) -> list[Markup]:
    bars, y = [], float(HEIGHT)
    for name, count in stack.items():
        if count:
            height = max(LEAST, (HEIGHT - LEAST) * count / most)
            y = max(0.0, y - height)
            bars.append(_BAR.format(name, place * STEP + GAP / 2, y, STEP - GAP, height))
    return bars
