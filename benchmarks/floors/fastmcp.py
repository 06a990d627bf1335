"""FastMCP's smallest server, for an interpreter that has the package of that name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # where this file would be taken for the package
server = importlib.import_module("fastmcp").FastMCP("smallest")


def echo(text: str) -> str:
    """Echo."""
    return text


server.tool(echo)
server.run(show_banner=False)
