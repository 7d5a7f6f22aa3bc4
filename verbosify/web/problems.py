"""Errors over HTTP, as problem details (RFC 9457). Knows no page and no model.

Every refusal is a `Problem`, raised anywhere while a request is answered: its status, its `type`, and a sentence that
says what is wrong and what to do. What nobody foresaw is a 500 with a reference, under which it is logged: where it
happened, but not what its message quotes, since that may be a visitor's text.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  # RFC 9457 calls it so
    """What is answered instead of what was asked for.

    Attributes:
        status: 400 to 599.
        detail: a sentence for the one who asked.
        type: a URI that names the kind of problem, for programs; `about:blank` where the status says it all.
        title: the kind of problem in a few words; by default the status's own.
        headers: of the response, such as `Retry-After`.
        members: more of it, for programs.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type: str = "about:blank",  # noqa: A002  # its name in RFC 9457
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type
        self.title = title or _phrase(status)
        self.headers = dict(headers or {})
        self.members = members

    def to_dict(self) -> dict[str, Any]:
        """As it is written in the response."""
        named = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        return self.members | named

    def to_response(self) -> Response:
        """The response that tells it."""
        body = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)
        return Response(body, self.status, self.headers, MEDIA_TYPE)


ErrorPage = Callable[[Problem], str]
"""Makes a page in HTML of a problem, for people."""
Retell = Callable[[Problem, str], "Response | None"]
"""Tells a problem in other words at some paths, where clients of another protocol ask; None where it does not."""

_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not answer that method: see the header Allow.",
}


def problem_of(error: Exception) -> Problem:
    """An error as the problem that is told: a `Problem` as it is, all that is not foreseen as a 500 that is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        detail = _DETAILS.get(error.status_code, error.detail)
        return Problem(error.status_code, detail, headers=error.headers)
    reference = uuid4().hex
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unforeseen %s, reference %s\n%s", type(error).__name__, reference, frames)
    detail = "Something went wrong here, not with what you sent. It is logged under this reference."
    return Problem(500, detail, reference=reference)


def told(error: Exception, request: Request, page: ErrorPage | None = None, retell: Retell | None = None) -> Response:
    """The response to a request that failed; a page, if there is one, where the client would rather have HTML."""
    problem = problem_of(error)
    if retell is not None and (response := retell(problem, request.url.path)) is not None:
        return response
    if page is not None and _wants_html(request):
        return Response(page(problem), problem.status, problem.headers, "text/html")
    return problem.to_response()


def _wants_html(request: Request) -> bool:
    """Whether HTML stands in `Accept`, as browsers have it when they open an address, and JSON does not."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Problem"
