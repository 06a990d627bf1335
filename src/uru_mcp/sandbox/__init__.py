"""A local Uru for testing: Uru's HTTP API over SQLite, implemented only from the API's description.

`Sandbox.open()` creates one; its `app` is an ASGI application, and `sandbox.serve.serving` serves it on a socket.
It imports nothing from the rest of this project but `text_layout`, so that the two cannot share a mistake.

Its names are imported on first use, since `uru-mcp --help` needs only `sandbox.cli.commands`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.request_log import Request
    from .data.callers import Workspace
    from .sandbox import Sandbox

__all__ = ["Request", "Sandbox", "Workspace"]

_MODULES = {"Request": "api.request_log", "Sandbox": "sandbox", "Workspace": "data.callers"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
