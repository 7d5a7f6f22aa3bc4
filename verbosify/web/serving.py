"""How our servers are made and run: `application` puts routes behind the guard, `serve` runs them on this computer.

All that a server needs is here: problems (`Problem`), bodies (`json_body`, `form_body`), streams (`EventStream`,
`Event`, `iterate_in_thread`) and files (`Static`). Knows no model, no essay and no page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from verbosify.errors import SettingsError
from verbosify.streams import say
from verbosify.web.bodies import form_body, json_body
from verbosify.web.guard import LOOPBACK, MOST_BYTES, POLICY, Guard
from verbosify.web.problems import ErrorPage, Problem, Retell, told
from verbosify.web.sse import Event, EventStream, iterate_in_thread
from verbosify.web.static import Static

__all__ = [
    "LOOPBACK",
    "POLICY",
    "Event",
    "EventStream",
    "Problem",
    "Static",
    "application",
    "form_body",
    "iterate_in_thread",
    "json_body",
    "running",
    "serve",
]

GRACE = 20
"""Seconds that requests have to end when the server is to stop."""
_WAITING = 512
"""Connections that may wait to be taken."""


def application(
    routes: Sequence[BaseRoute],
    *,
    hosts: Collection[str] = LOOPBACK,
    origins: Collection[str] = (),
    open_to_any_host: Collection[str] = (),
    most_bytes: int | Callable[[str], int] = MOST_BYTES,
    policy: str = POLICY,
    error_page: ErrorPage | None = None,
    retell: Retell | None = None,
    lifespan: Any = None,
) -> Starlette:
    """An application whose every request passes the guard, and whose every error is a problem.

    Args:
        routes: Starlette's.
        hosts: the names it answers to, without ports; `*` is any.
        origins: whose pages elsewhere may use it (CORS), as `https://example.org`; `null` is a page opened from a file.
        open_to_any_host: paths that are answered whatever the name, as a health check is.
        most_bytes: of a request's body; or what says that for a path.
        policy: the Content-Security-Policy of all that does not bring its own.
        error_page: makes a page of a problem, for browsers that open an address; without it they get JSON too.
        retell: tells problems in the words of another protocol, at the paths where it is spoken.
        lifespan: Starlette's.
    """
    guard = Middleware(
        Guard,
        hosts=hosts,
        origins=origins,
        open_to_any_host=open_to_any_host,
        most_bytes=most_bytes,
        policy=policy,
        error_page=error_page,
        retell=retell,
    )
    cors = Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["*"], allow_headers=["*"])

    async def tell(request: Request, error: Exception) -> Response:
        return told(error, request, error_page, retell)

    app = Starlette(
        routes=routes,
        middleware=[*([cors] if origins else []), guard],
        exception_handlers={HTTPException: tell, Problem: tell},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def serve(
    app: Starlette,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    grace: int = GRACE,
    listening_at: Callable[[int], None] | None = None,
) -> None:
    """Run until the process is told to stop (Ctrl-C, SIGTERM); then requests have `grace` seconds to end.

    Says where once it listens; or `listening_at`, if it is there, is called with the port. Raises `SettingsError` if
    it cannot listen there.
    """
    listening = _listen(host, port)
    server = _server(app, grace)
    if listening_at is None:
        say(f"Serving at {_address(listening, host)} (Ctrl-C ends it).")
    else:
        listening_at(listening.getsockname()[1])
    with listening:
        server.run(sockets=[listening])


@contextlib.contextmanager
def running(app: Starlette, *, host: str = "127.0.0.1", port: int = 0, grace: int = GRACE) -> Iterator[str]:
    """Run in a thread of its own as long as the block lasts; gives the address, without a slash at its end."""
    listening = _listen(host, port)
    server = _server(app, grace)

    def run() -> None:
        with contextlib.suppress(SystemExit):  # so ends what could not start
            asyncio.run(server.serve(sockets=[listening]))

    thread = Thread(target=run, name="verbosify-server")
    with listening:
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.01)
            if not server.started:
                raise SettingsError("The server could not start: see what it logged.")
            yield _address(listening, host).rstrip("/")
        finally:
            server.should_exit = True
            thread.join()


def _server(app: Starlette, grace: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,  # it would hold visitors' addresses
        server_header=False,
        proxy_headers=False,  # whom to believe is for each server to say
        timeout_graceful_shutdown=grace,
        timeout_keep_alive=75,  # longer than proxies keep a line, or they send down one that is just being closed
        backlog=_WAITING,
        lifespan="on",
        ws="none",
    )
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    return server


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 2**16:
        raise SettingsError(f"{port} is no port: choose one from 1 to 65535, or 0 for any that is free.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as error:
        raise SettingsError(f"Nothing can listen at {host}, port {port} ({error.strerror}): choose others.") from error
    # Else the end of an answer waits until its beginning is acknowledged, for 40 ms: asyncio sees to that only for
    # sockets that were made with the protocol's number. Those that are accepted take it over.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(listening: socket.socket, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"
