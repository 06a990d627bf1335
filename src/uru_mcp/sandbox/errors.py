"""The sandbox's errors, by what the caller sees.

* ApiError     an HTTP status with a code: the request was refused
* ToolFailure  HTTP 200 with `successful: false`: the tool ran and failed
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A response other than 200, such as `ApiError(404, "not_found", "There is no context ctx_1.")`.

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
    """A tool failed because of its arguments or its data; the message is for the caller."""


def not_found(kind: str, name: str) -> ApiError:
    return ApiError(404, "not_found", f"There is no {kind} {name!r} in this workspace.")
