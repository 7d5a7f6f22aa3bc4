"""What goes wrong, as whoever asked is told: one sentence, a status and a code. Knows no transport."""

from __future__ import annotations

from typing import Any

from verbosify.errors import OutputError, VerbosifyError

TITLES = {
    400: "Bad request",
    401: "Login needed",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    421: "Misdirected request",
    422: "Refused",
    429: "Too many requests",
    500: "Our fault",
    503: "Model not available",
}


class Failure(VerbosifyError):  # noqa: N818  # a failed request, told as a problem
    """A request that cannot be served: its sentence, HTTP's status, our code, and more members of the problem."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.more = more

    @property
    def problem(self) -> dict[str, Any]:
        """Problem details (RFC 9457)."""
        about = {"type": "about:blank", "title": TITLES[self.status], "status": self.status}
        return {**about, "detail": str(self), "code": self.code, **self.more}


def missing(what: str) -> Failure:
    """There is no such thing."""
    return Failure(404, "missing", f"There is no {what}: it may be of another desk.")


def invalid(message: str) -> Failure:
    """The request is not one."""
    return Failure(400, "invalid", message)


def busy(message: str, retry_after: float) -> Failure:
    """Too much is waiting."""
    return Failure(429, "busy", message, retry_after=retry_after)


def told(error: BaseException) -> Failure:
    """Any error as a failure; one that is not ours is told as a fault, without what it says."""
    match error:
        case Failure():
            return error
        case OutputError():
            return Failure(503, "disk", str(error))
        case VerbosifyError():
            return Failure(422, "refused", str(error))
        case _:
            return Failure(500, "fault", "Something failed in verbosify itself: what you wrote is safe. Try again.")
