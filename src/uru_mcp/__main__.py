"""`python -m uru_mcp`.

Started so without `-P`, Python looks for modules in the working directory first, which is the client's. The entries
that `uru-mcp install` writes do not start it so; older ones do. What Python itself imports before this file, the
package `uru_mcp` included, is out of reach here.
"""

import os
import sys
from contextlib import suppress

with suppress(OSError):  # the working directory may be gone
    if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):  # noqa: PTH109  # pathlib is not imported yet
        del sys.path[0]

from uru_mcp.early_stdin import early_stdin  # not from the working directory


def main() -> None:
    """Answer a client that is there already, and import the command line only then."""
    early = early_stdin(sys.argv[1:], os.environ)
    if early is not None:
        early.look()
    from uru_mcp.cli import main as command_line

    command_line(obj=early)


if __name__ == "__main__":
    main()
