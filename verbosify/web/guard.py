"""What stands before every request: whose it may be, how much it may bring, and what every answer carries.

Knows ASGI, and no page.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verbosify.web.problems import ErrorPage, Problem, Retell, told

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""The names of this computer for itself."""
MOST_BYTES = 64 * 1024
"""Of a request's body, unless an application says otherwise."""
_DRAIN_BYTES, _DRAIN_SECONDS = 2**20, 2.0
"""How much of a body that is too large is still read, so that its sender can read why."""
BODY_SECONDS = 30.0
"""How long a request's body may take to arrive."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page that is served: our own files and addresses alone."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?", re.IGNORECASE)
_SAFE = ("GET", "HEAD", "OPTIONS")
_PORTS = {"http": "80", "https": "443"}


class Guard:
    """ASGI middleware, within Starlette's own for errors.

    A request is answered only if its `Host` is one of `hosts` (which keeps out pages elsewhere that have had their name
    point here), except at the paths in `open_to_any_host`, which load balancers ask for by address. One that may change
    something is answered only if it comes from a page of ours, from one of `origins`, or from no page at all. Its body
    may have `most_bytes` (or what that says for a path), and has `BODY_SECONDS` to arrive. Every answer has the
    security headers, unless it has its own; every error is told as a problem.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        origins: Collection[str],
        open_to_any_host: Collection[str],
        most_bytes: int | Callable[[str], int],
        policy: str,
        error_page: ErrorPage | None,
        retell: Retell | None = None,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)
        self._open = frozenset(open_to_any_host)
        self._most_bytes = most_bytes
        self._headers = _HEADERS | {"Content-Security-Policy": policy}
        self._error_page = error_page
        self._retell = retell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no server of ours speaks over WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if message["status"] == 413:  # a client that still sends would find the line cut, and no answer
                    await body.drain()
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        body = _Body(receive, self._limit(scope["path"]))
        try:
            self._check(scope)
            body.check_announced(Headers(scope=scope).get("content-length"))
            await self._app(scope, body.receive, send_with_headers)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:  # the server ends, and has waited for this as long as it may
            if started:
                raise
            stopping = Problem(503, "The server is being stopped before this was answered: ask again in a minute.")
            await told(stopping, Request(scope), self._error_page, self._retell)(scope, receive, send_with_headers)
        except Exception as error:  # it is told, and logged if it is ours
            response = told(error, Request(scope), self._error_page, self._retell)
            if not started:  # else the answer breaks off, which the server makes of it
                await response(scope, receive, send_with_headers)

    def _limit(self, path: str) -> int:
        return self._most_bytes if isinstance(self._most_bytes, int) else self._most_bytes(path)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        given = headers.getlist("host")
        host = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        if scope["path"] not in self._open:
            if host is None:
                raise Problem(400, "The request has no header Host, or a wrong one.")
            if host[1].lower() not in self._hosts and "*" not in self._hosts:
                raise Problem(421, "This server does not answer to that name: ask for it by the name it was given.")
        if scope["method"] not in _SAFE and not self._may_change(headers, host):
            raise Problem(403, "This request was made by a page elsewhere, which may not do that.")

    def _may_change(self, headers: Headers, host: re.Match[str] | None) -> bool:
        origin = headers.get("origin")
        if origin is None:  # browsers send one of the two, and programs none
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        if origin in self._origins or "*" in self._origins:
            return True
        scheme, _, place = origin.partition("://")
        given = _HOST.fullmatch(place)
        if host is None or given is None or scheme not in _PORTS:
            return False
        # A proxy in front may speak https where we speak http: who names no port means the page's default one.
        default = _PORTS[scheme]
        return given[1].lower() == host[1].lower() and (given[2] or default) == (host[2] or default)


class _Body:
    """A request's body as it arrives, counted and timed."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._bytes = 0
        self._complete = False
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS

    def check_announced(self, length: str | None) -> None:
        if length is not None and length.isdecimal() and int(length[:20]) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._complete:  # what comes now is that the client has gone
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            detail = f"The body did not arrive within {BODY_SECONDS:.0f} s."
            raise Problem(408, detail, headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._bytes > self._most:
                raise self._too_large()
        return message

    async def drain(self) -> None:
        """Throw away what is still to come, as far as that is bearable."""
        drained = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._complete and drained < _DRAIN_BYTES:
                    message = await self._receive()
                    drained += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)

    def _too_large(self) -> Problem:
        detail = f"The body is larger than {self._most:,} bytes: send less."
        return Problem(413, detail, headers={"Connection": "close"})
