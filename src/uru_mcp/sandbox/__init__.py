"""An Uru of one's own: Uru's HTTP API over SQLite, implemented from its description alone.

`Sandbox.open()` makes one; its `app` is an ASGI application, and `sandbox.serve.serving` puts it on a socket.
It knows nothing of the rest of this project, so that the two cannot share a mistake.
"""

from .api.request_log import Request
from .data.callers import Workspace
from .sandbox import Sandbox

__all__ = ["Request", "Sandbox", "Workspace"]
