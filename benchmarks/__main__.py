"""Measures uru-mcp beside the least that is possible, and prints a table in Markdown.

`python -m benchmarks` takes some five minutes, on Linux. `--short` only shows that everything still runs, and judges
nothing; `--fastmcp PYTHON` names an interpreter that has FastMCP, and `--node PATH` a checkout of Uru's Node client;
words are the figures that are wanted, such as
`one_call`. It ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import FIGURES as OWN_FIGURES
from benchmarks.figures import SHORT, Effort, Others
from benchmarks.node_client import beside_node, node_client

FIGURES = (*OWN_FIGURES, beside_node)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="show that everything still runs, and judge nothing")
    parser.add_argument("--fastmcp", metavar="PYTHON", help="an interpreter that has FastMCP")
    parser.add_argument("--node", metavar="PATH", help="a checkout of the Node client, installed with npm")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(one.__name__ for one in FIGURES))
    asked = parser.parse_args()
    effort = SHORT if asked.short else Effort()
    others = Others(asked.fastmcp, None if asked.node is None else node_client(Path(asked.node)))
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} processors, ", end="")
    print(
        f"mcp {version('mcp')}, httpx2 {version('httpx2')}: medians of {effort.starts} starts, {effort.calls:,} calls"
    )
    print("\n| figure | goal | measured | |\n|---|---|---|---|")
    is_all_met = True
    for measure in FIGURES:
        if asked.figures and measure.__name__ not in asked.figures:
            continue
        for figure in measure(effort, others):
            verdict = "" if asked.short or figure.goal == "none" else "met" if figure.is_met else "**not met**"
            print(f"| {figure.name} | {figure.goal} | {figure.measured} | {verdict} |", flush=True)
            is_all_met &= figure.is_met or asked.short
    return 0 if is_all_met else 1


if __name__ == "__main__":
    sys.exit(main())
