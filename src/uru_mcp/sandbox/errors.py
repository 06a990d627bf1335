"""How the sandbox says no, sorted by what the caller sees.

* ApiError     an HTTP status with a code: the request itself was refused
* ToolFailure  HTTP 200 with `successful: false`: the tool ran and could not do it
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than 200, such as `ApiError(404, "not_found", "There is no context ctx_1.")`.

    Its body is `{"error": {"code": …, "message": …}, **extra}`.
    """

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.extra = extra

    @property
    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": str(self)}, **self.extra}


class ToolFailure(Exception):
    """What a tool answers when its arguments or its data do not allow it; the text is for the caller."""


def not_found(kind: str, name: str) -> ApiError:
    return ApiError(404, "not_found", f"There is no {kind} {name!r} in this workspace.")
