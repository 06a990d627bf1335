"""An Uru of one's own: Uru's HTTP API over SQLite, implemented from its description alone.

`Sandbox.open()` makes one; its `app` is an ASGI application, and `sandbox.serve.serving` puts it on a socket.
It knows nothing of the rest of this project, so that the two cannot share a mistake.
"""

from .access import Workspace
from .sandbox import Sandbox
from .traffic import Request

__all__ = ["Request", "Sandbox", "Workspace"]
