"""`python -m uru_mcp`.

Started so without `-P`, Python looks for modules in the working directory first, which is the client's. The entries
that `uru-mcp install` writes do not start it so; older ones do. What Python itself imports before this file, the
package `uru_mcp` included, is out of reach here.
"""

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

with suppress(OSError):  # the working directory may be gone
    if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):  # noqa: PTH109  # pathlib is not imported yet
        del sys.path[0]

from uru_mcp.server.early_stdin import EarlyStdin, early_stdin  # not from the working directory

if TYPE_CHECKING:
    from uru_mcp.config.settings import Settings


def main() -> None:
    """Serve a client that is there for certain, without the command line; otherwise leave all to that."""
    early = early_stdin(sys.argv[1:], os.environ)
    if early is not None:
        early.look()
        _serve(early)
    from uru_mcp.cli import main as command_line

    command_line()


def _serve(early: EarlyStdin) -> NoReturn:
    gc.disable()  # until all is imported, as in the command line
    from uru_mcp.config.environment import read_environment, read_settings
    from uru_mcp.errors import SettingsError
    from uru_mcp.server.bridge_opening import opener
    from uru_mcp.server.lifecycle import serve
    from uru_mcp.server.logging_setup import start_logging
    from uru_mcp.untrusted_input.redaction import Redaction

    early.look()
    redaction = Redaction()
    settings: Settings | SettingsError
    try:
        settings = read_settings(read_environment())
    except SettingsError as error:  # a policy has come just now that cannot be used
        settings = error
    start_logging("warning" if isinstance(settings, SettingsError) else settings.log_level, redaction)
    if isinstance(settings, SettingsError):
        import logging

        logging.getLogger(__package__).warning("%s %s", settings.message, settings.fix)
    serve(opener(settings, redaction), redaction, early)


if __name__ == "__main__":
    main()
