"""Translates between a server's command, arguments and environment and the fields that a client has for them.

Most clients write `{"command": "/bin/server", "args": ["-x"], "env": {"NAME": "value"}}`; the others differ in names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Launch:
    """How an entry starts its server. `command` is None if it does not start one, as for a remote server.

    `is_off` is whether the user has switched the server off in the client.
    """

    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one client's entries.

    `args` is None if `command` is a list of the program and its arguments. `always` is what every entry contains, and
    `unless_set` what is added to one that has no such field. `name` is a field that repeats the server's name.
    """

    command: str = "command"
    args: str | None = "args"
    env: str = "env"
    name: str | None = None
    always: Mapping[str, Any] = field(default_factory=dict)
    unless_set: Mapping[str, Any] = field(default_factory=dict)

    def entry(self, words: Sequence[str], env: Mapping[str, Any], old: Any, name: str) -> dict[str, Any]:
        """The entry that starts these words; `env` is its complete environment.

        Unknown fields of an old entry stay if it has a command. The arguments are always included, since some clients
        require them.
        """
        is_command = isinstance(old, dict) and self.command in old
        kept = {field: value for field, value in old.items() if field != self.env} if is_command else {}
        added = {**({self.name: name} if self.name is not None else {}), **self.unless_set}
        absent = {field: value for field, value in added.items() if field not in kept}
        return {**kept, **self.always, **self.started(words), **absent, **({self.env: dict(env)} if env else {})}

    def started(self, words: Sequence[str]) -> dict[str, Any]:
        """The fields that say what to start: a program and its arguments."""
        program, *args = words
        return {self.command: [*words]} if self.args is None else {self.command: program, self.args: args}

    def environment(self, entry: Any) -> dict[str, Any]:
        """The variables that an entry sets."""
        env = entry.get(self.env) if isinstance(entry, dict) else None
        return dict(env) if isinstance(env, dict) else {}

    def launch(self, entry: Any) -> Launch:
        if not isinstance(entry, dict):
            return Launch()
        command, args = entry.get(self.command), entry.get(self.args or "")
        if self.args is None:
            words = command if isinstance(command, list) else []
            command, args = next(iter(words), None), words[1:]
        return Launch(
            command if isinstance(command, str) else None,
            tuple(map(str, args)) if isinstance(args, list) else (),
            {name: str(value) for name, value in self.environment(entry).items()},
            is_off=entry.get("enabled") is False or entry.get("disabled") is True,  # clients have one or the other
        )


PLAIN = Shape()
