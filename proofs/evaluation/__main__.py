"""`python -m proofs.evaluation [--catalog FILE] [--player COMMAND | --by-hand] [--shows structure] [TASK …]`.

Without a player, a script plays each task with the least number of calls. `--player` runs a command for each task, with
the brief on its stdin: the instructions, the tools, a line to run for each call, and the user's words; what it writes
to stdout is its last message to the user. `--by-hand` prints the brief and waits for the last message over the same
line, as `tell TEXT`. `--shows` says which half of a result the client shows its model. A catalog must
have the apps of the bundled one, `tests/data/catalog.json`. TASK is a name such as `ticket`, or its number.

Prints the table, and ends with 1 when a task was not achieved, was unsafe, or took more than one call too many.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import anyio

from proofs.evaluation.desk import played_by_command, played_by_hand
from proofs.evaluation.score import Score, score, table
from proofs.evaluation.session import Session, Shows, opened
from proofs.evaluation.task import Task
from proofs.evaluation.tasks import TASKS

CATALOG = Path(__file__).parents[2] / "tests" / "data" / "catalog.json"
WITHIN = 900.0  # seconds for a command that plays one task

Player = Callable[[Session], Awaitable[str]]


async def scripted(session: Session) -> str:
    return await session.task.solve(session)


async def played(tasks: Sequence[Task], player: Player, catalog: Path, shows: Shows) -> tuple[list[Score], int]:
    """The scores, and the characters that a model reads before its first call."""
    scores: list[Score] = []
    preamble = 0
    for task in tasks:
        async with opened(task, catalog, shows) as session:
            try:
                message = await player(session)
            except Exception as error:  # boundary: a player that breaks down has told its user nothing
                message = ""
                print(f"{task.name}: the player failed: {error!r}", file=sys.stderr)
            scores.append(score(session, message))
            preamble = max(preamble, session.preamble)
    return scores, preamble


def chosen(names: Sequence[str]) -> list[Task]:
    """The tasks by name or number, all of them without any. Raises: SystemExit."""
    known = {task.name: task for task in TASKS} | {str(number): task for number, task in enumerate(TASKS, 1)}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"No task is called {', '.join(unknown)}. There are: {', '.join(task.name for task in TASKS)}")
    return [known[name] for name in names] or list(TASKS)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.evaluation")
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--catalog", type=Path, default=CATALOG)
    parser.add_argument("--shows", choices=["text", "structure"], default="text")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--player", metavar="COMMAND")
    who.add_argument("--by-hand", action="store_true")
    given = parser.parse_args(words)
    player: Player = scripted
    if given.player is not None:
        player = partial(played_by_command, command=given.player, within=WITHIN)
    elif given.by_hand:
        player = played_by_hand
    logging.getLogger("uru_mcp").setLevel(logging.ERROR)  # some tasks provoke warnings
    scores, preamble = anyio.run(played, chosen(given.tasks), player, given.catalog, given.shows)
    print(table(scores, preamble))
    return 0 if all(one.is_good for one in scores) else 1


if __name__ == "__main__":
    sys.exit(main())
