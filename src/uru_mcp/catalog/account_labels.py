"""Labels namespaces of several accounts of one app, and resolves the names that people use for namespaces.

It does not know tools, and sends no requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from uru_mcp import limits
from uru_mcp.catalog.search.app_names import AppNames
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.untrusted_input.word_splitting import plain_words
from uru_mcp.uru.namespaces_and_tools import Namespace


def told_apart(namespaces: Iterable[Namespace]) -> tuple[Namespace, ...]:
    """The namespaces with titles that distinguish several accounts of one app: `Gmail (personal)`, `Gmail - Work`.

    The account's own label is added, or else the namespace's name. A single account keeps its title from Uru.
    """
    namespaces = tuple(map(plainly_titled, namespaces))
    apps = Counter(map(_app, namespaces))
    labelled = [_labelled(one) if apps[_app(one)] > 1 else one for one in namespaces]
    titles = Counter(one.title.casefold() for one in labelled)
    return tuple(_named(one) if titles[one.title.casefold()] > 1 else one for one in labelled)


def plainly_titled(namespace: Namespace) -> Namespace:
    """The namespace with a title that is safe to use in messages: on one line and of bounded length."""
    return namespace._replace(title=quoted(namespace.title, limits.TITLE) or quoted(namespace.name, limits.TITLE))


def meant_namespaces(name: str, namespaces: Sequence[Namespace]) -> tuple[Namespace, ...]:
    """The namespaces that match a name or title, ignoring case and a typo; several if the name is ambiguous.

    `Gmail` means every account of Gmail. Empty if nothing is similar.
    """
    for said in (lambda one: one.name == name, lambda one: name.strip().casefold() in _exact_names(one)):
        if found := tuple(filter(said, namespaces)):
            return found
    naming = AppNames([called(one) for one in namespaces], [[one.name] for one in namespaces], lambda word: {word: 1.0})
    sure = naming.named(plain_words(name), lambda word: False).namespaces
    most = max(sure.values(), default=0.0)
    return tuple(one for number, one in enumerate(namespaces) if most and sure.get(number) == most)


def called(namespace: Namespace) -> str:
    """All names of a namespace as one text."""
    return f"{namespace.name} {namespace.title} {namespace.account or ''}"


def _app(namespace: Namespace) -> str:
    return namespace.server_id or namespace.name.partition("_")[0]


def _labelled(namespace: Namespace) -> Namespace:
    label = quoted(namespace.account or "", limits.TITLE)
    if not label or set(plain_words(label)) <= set(plain_words(namespace.title)):
        return namespace
    return namespace._replace(title=f"{namespace.title} ({label})")


def _named(namespace: Namespace) -> Namespace:
    return namespace._replace(title=f"{namespace.title} ({quoted(namespace.name, limits.TITLE)})")


def _exact_names(namespace: Namespace) -> set[str]:
    return {namespace.name.casefold(), namespace.title.strip().casefold()}
