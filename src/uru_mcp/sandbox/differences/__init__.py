"""Simulated differences between Uru and the description of its API, selected by name.

`DIFFERENCES` has them by name. They are always applied in its order: the first is closest to the service, the last
closest to the client. The service behind them does not change: keys, permissions and effects stay the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from . import (
    catalog_version,
    error_bodies,
    gateway,
    key_record,
    namespace_lists,
    permissions,
    platform_answers,
    platform_tools,
    routes,
    run_results,
    tool_declarations,
    tool_lists,
)
from .difference import Difference

__all__ = ["DIFFERENCES", "Difference", "UnknownDifference", "chosen"]

_MODULES = (
    platform_answers,
    platform_tools,
    tool_declarations,
    tool_lists,
    namespace_lists,
    run_results,
    catalog_version,
    permissions,
    key_record,
    error_bodies,
    routes,
    gateway,
)

DIFFERENCES: Mapping[str, Difference] = MappingProxyType(
    {difference.name: difference for module in _MODULES for difference in module.DIFFERENCES}
)


class UnknownDifference(ValueError):
    """There is no difference of this name."""


def chosen(names: Iterable[str]) -> tuple[Difference, ...]:
    """The differences with these names and their parts, without duplicates, in the order of `DIFFERENCES`.

    Raises: UnknownDifference.
    """
    wanted = {part for name in names for part in _with_parts(name)}
    return tuple(difference for name, difference in DIFFERENCES.items() if name in wanted)


def _with_parts(name: str) -> Iterator[str]:
    if name not in DIFFERENCES:
        near = get_close_matches(name.lower(), DIFFERENCES, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UnknownDifference(f"There is no difference {name!r}.{meant}")
    yield name
    for part in DIFFERENCES[name].parts:
        yield from _with_parts(part)
