"""Names the address that `uru-mcp install` sends a key to, if it is not the usual one, and how to be rid of it.

An entry keeps its URU_PROXY_URL, such as that of a sandbox that was tried first. Without a word about it, a key for the
real Uru would go to whatever listens there now, and its refusal would look like a fault of the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.output import say_line

if TYPE_CHECKING:
    from pathlib import Path

    from uru_mcp.errors import UruError

VARIABLE = "URU_PROXY_URL"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a key is sent. `place` is where URU_PROXY_URL stands, and `remedy` how to remove it from there.

    `is_kept` is whether only the old entry names the address.
    """

    url: str
    place: str
    remedy: str
    is_kept: bool = False

    def say(self) -> None:
        """Print the address and the way to another, on stderr."""
        say_line(f"The key is sent to {self.url}, the URU_PROXY_URL {self.place}. {self.remedy}", err=True)

    def named_in(self, error: UruError) -> UruError:
        """The same error, with the address that gave rise to it, unless nothing was sent there."""
        from uru_mcp.errors import KeyRefused, NoAnswer, Refused, WorkspaceProblem

        if not isinstance(error, (KeyRefused, NoAnswer, Refused, WorkspaceProblem)):
            return error
        message = f"{error.message} The key was checked with {self.url}, the URU_PROXY_URL {self.place}."
        return type(error)(message, fix=f"{error.fix} {self.remedy}", code=error.code, retryable=error.retryable)


def address_of(
    old: Mapping[str, Any], settings: Mapping[str, str], environ: Mapping[str, str], path: Path, again: str
) -> Address | None:
    """The address, or None if it is the usual one, was named in this very command, or cannot be used.

    `path` is the file of the old entry, and `again` the command to install into it.
    """
    from uru_mcp.commands.client_configs.entry_environment import DEFAULT_URL, given
    from uru_mcp.config.parsing import base_url, unquoted

    here = given(environ, VARIABLE)
    url = str(here.get(VARIABLE) or old.get(VARIABLE) or DEFAULT_URL)
    try:
        url = base_url(unquoted(url))
    except ValueError:  # the settings say what is wrong with it
        return None
    if VARIABLE in settings or url == DEFAULT_URL:
        return None
    if here:
        remedy = "If that is not where your key belongs, remove the variable from this terminal first."
        return Address(url, "of this terminal", remedy)
    remedy = f"If that is not where your key belongs, remove it from the entry: {again} --set {VARIABLE}="
    return Address(url, f"in {path}", remedy, is_kept=True)
