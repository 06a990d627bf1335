"""An Uru of one's own: Uru's HTTP API over SQLite, implemented from its description alone.

`Sandbox.open()` makes one; its `app` is an ASGI application, and `sandbox.serve.serving` puts it on a socket.
It knows nothing of the rest of this project, so that the two cannot share a mistake.

What it offers is imported when it is first asked for, since `uru-mcp --help` wants no more than `sandbox.commands`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import Workspace
    from .sandbox import Sandbox
    from .traffic import Request

__all__ = ["Request", "Sandbox", "Workspace"]

_MODULES = {"Request": "traffic", "Sandbox": "sandbox", "Workspace": "access"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
