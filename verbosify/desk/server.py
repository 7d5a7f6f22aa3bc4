"""The desk over HTTP: its page, its verbs under `/api`, and its door. Knows no model and no record."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from verbosify.desk.bodies import STREAMS
from verbosify.desk.completions import completion_routes
from verbosify.desk.continuing import retell
from verbosify.desk.desk import Desk
from verbosify.desk.failures import Failure, told
from verbosify.desk.page import STATIC, script, style
from verbosify.errors import VerbosifyError
from verbosify.web import FONTS, WEB, as_script_data
from verbosify.web.access import Access
from verbosify.web.serving import LOOPBACK, Event, EventStream, Problem, application, form_body, json_body

MOST_BYTES = 6_000_000
"""Of a request's body: a text of a million characters, and what is around it."""
MOST_BYTES_OF_A_TREE = 60_000_000
HEARTBEAT = 10.0
_BODY: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_FORM: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def desk_application(
    desk: Desk, access: Access, *, hosts: Collection[str] = LOOPBACK, origins: Collection[str] = ()
) -> Starlette:
    """The application of a desk, which it starts and closes.

    Args:
        hosts: the names it answers to.
        origins: whose pages elsewhere may use the completions API (with its key).
    """
    server = _Server(desk, access)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await desk.start()
        try:
            yield
        finally:
            await desk.close()

    routes = [
        Route("/", server.page),
        Route("/login", server.login, methods=["GET", "POST"]),
        Route("/logout", server.logout, methods=["POST"]),
        Route("/desk.js", server.script),
        Route("/desk.css", server.style),
        Route("/custom.css", server.custom_style),
        Route("/icon.svg", server.icon),
        Route("/fonts/{name}", server.font),
        Route("/api/{verb}", server.verb, methods=["POST"]),
        *completion_routes(desk, server.user_of_program),
    ]
    return application(routes, hosts=hosts, origins=origins, most_bytes=_most_bytes, retell=retell, lifespan=lifespan)


def _most_bytes(path: str) -> int:
    return MOST_BYTES_OF_A_TREE if path == "/api/import_tree" else MOST_BYTES


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(STATIC), autoescape=True, undefined=StrictUndefined)


class _Server:
    def __init__(self, desk: Desk, access: Access) -> None:
        self._desk = desk
        self._access = access

    # The door

    def _user(self, request: Request) -> str | None:
        return self._access.user_of(request.cookies.get(_cookie_name(request)))

    def _require_user(self, request: Request) -> str:
        user = self._user(request)
        if user is None:
            raise Problem(401, "You are not logged in at this desk: open the address that it printed.", code="login")
        return user

    def user_of_program(self, request: Request) -> str | None:
        """Who asks, if the key or a cookie is there."""
        if self._access.has_key(request.headers.get("authorization")):
            client = request.client.host if request.client else ""
            return f"key {client}"
        return self._user(request)

    async def page(self, request: Request) -> Response:
        if (token := request.query_params.get("token")) is not None:
            return self._let_in(request, token)
        user = self._user(request)
        if user is None:
            return RedirectResponse("/login", 303)
        data = await self._desk.call("hello", {}, user)
        return HTMLResponse(_templates().get_template("page.html").render(data=_safe(data)))

    async def login(self, request: Request) -> Response:
        if request.method == "GET":
            return self._login_page("")
        form = await form_body(request, _FORM)
        return self._let_in(request, form.get("given", ""))

    def _let_in(self, request: Request, given: str) -> Response:
        if (wait := self._access.wait) > 0:
            return self._login_page(f"Too many wrong tries: wait {wait:.0f} seconds.", 429)
        if not self._access.admits(given):
            return self._login_page("That is neither the token nor the password.", 401)
        response = RedirectResponse("/", 303)
        name, secure = _cookie_name(request), request.url.scheme == "https"
        cookie = self._access.new_cookie()
        response.set_cookie(name, cookie, max_age=180 * 86400, httponly=True, samesite="strict", secure=secure)
        return response

    def _login_page(self, message: str, status: int = 200) -> Response:
        html = _templates().get_template("login.html").render(message=message)
        return HTMLResponse(html, status)

    async def logout(self, request: Request) -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(_cookie_name(request), httponly=True, samesite="strict")
        return response

    # Files

    async def script(self, _: Request) -> Response:
        return _file(script(), "text/javascript")

    async def style(self, _: Request) -> Response:
        return _file(style(), "text/css")

    async def custom_style(self, _: Request) -> Response:
        place = self._desk.folder / "custom.css"
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return _file(place.read_text("utf-8"), "text/css")
        return _file("", "text/css")

    async def icon(self, _: Request) -> Response:
        return _file((WEB / "icon.svg").read_bytes(), "image/svg+xml")

    async def font(self, request: Request) -> Response:
        found = {place.name: place for place in FONTS.glob("*.woff2")}.get(request.path_params["name"])
        if found is None:
            raise Problem(404, "There is no such typeface.", code="missing")
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(found.read_bytes(), media_type="font/woff2", headers=headers)

    # Verbs

    async def verb(self, request: Request) -> Response:
        user, verb = self._require_user(request), request.path_params["verb"]
        body = await json_body(request, _BODY)
        try:
            if verb in STREAMS:
                events = await self._desk.stream(verb, body, user)
                # What is being written is kept as far as it came: the server may stop at once.
                return EventStream(_sent(events), endless=True, heartbeat=HEARTBEAT)
            return JSONResponse(await self._desk.call(verb, body, user))
        except VerbosifyError as error:
            raise as_problem(told(error)) from error


async def _sent(events: AsyncGenerator[tuple[str, dict[str, Any]], None]) -> AsyncGenerator[Event, None]:
    try:
        async for name, data in events:
            yield Event(name, data)
    except VerbosifyError as error:
        raise as_problem(told(error)) from error
    finally:
        await events.aclose()


def as_problem(failure: Failure) -> Problem:
    """A failure as HTTP tells it."""
    headers = {"Retry-After": f"{failure.more['retry_after']:.0f}"} if "retry_after" in failure.more else {}
    return Problem(failure.status, str(failure), code=failure.code, headers=headers, **failure.more)


def _file(content: str | bytes, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})


def _cookie_name(request: Request) -> str:
    """Cookies do not tell ports apart, so that the name does."""
    return f"verbosify-desk-{request.url.port or 80}"


def _safe(data: Any) -> Any:
    from markupsafe import Markup

    return Markup(as_script_data(json.loads(json.dumps(data))))  # noqa: S704  # it is made safe for a script element


def names_of_this_computer(host: str) -> set[str]:
    """What a server that listens at `host` is called: that, this computer's loopback, and, at any address, its own."""
    import socket

    names = {host, *LOOPBACK}
    if host in ("0.0.0.0", "::"):  # noqa: S104  # asked for, with a password
        names |= {socket.gethostname(), socket.getfqdn()}
        with contextlib.suppress(OSError):
            names |= {str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)}
    return {f"[{name}]" if ":" in name and not name.startswith("[") else name for name in names}
