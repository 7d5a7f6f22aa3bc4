"""The server of replies: its addresses, and what is checked in which order before the model is asked.

Who has used up their times, or finds no place in the line, is told so before their post is read. A post is read, then
looked at, then gets a place, and only then is one of its client's times taken: what is refused for another reason costs
nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from verbosify.errors import InputError, ModelError
from verbosify.exhibits.replies import authors, pages
from verbosify.exhibits.replies.drawing import NothingToShowError, Studio, Told, TooSlowError, Wish
from verbosify.exhibits.replies.health import Health
from verbosify.exhibits.replies.line import BUSY, Line
from verbosify.exhibits.replies.metrics import Metrics
from verbosify.exhibits.replies.options import Options
from verbosify.exhibits.replies.record import GoneError, MissingError, Post, Target, TooDeepError
from verbosify.exhibits.replies.tones import DEFAULT_TONE, read_forbidden, tones
from verbosify.models.host import Host
from verbosify.web.clients import Clients
from verbosify.web.logs import log_event
from verbosify.web.problems import Problem
from verbosify.web.quota import Quota, UnavailableError, Verdict
from verbosify.web.serving import LOOPBACK, Event, EventStream, application, form_body, iterate_in_thread, json_body

_log = logging.getLogger(__name__)

QUOTA = "/about#quota"
POST = "/about#post"
UNLISTED = {"X-Robots-Tag": "noindex"}
_FACES = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": "default-src 'none'"}


@dataclass
class Body:
    """What `POST /api/replies` takes, and the page's form too."""

    post: str = ""
    tone: str = DEFAULT_TONE
    to: str = ""


_BODY = TypeAdapter(Body)


def replies_app(options: Options, host: Host) -> Starlette:
    """The application, which draws with the model of `host`. Raises `SettingsError` for options that make no sense."""
    return Server(options, host).app


class Server:
    """One server of replies: what its requests share."""

    def __init__(self, options: Options, host: Host) -> None:
        self._options = options
        words = read_forbidden(options.forbidden)
        self._studio = Studio(options.record, host.guest, options.model, words, options.seconds)
        self._clients = Clients(options.proxies, options.ipv6_prefix, options.proxy_hops)
        self._line = Line(options.at_once, options.waiting, options.patience)
        self._quota = Quota(options.allowance, options.redis, options.without_redis, prefix="verbosify:replies")
        self._metrics = Metrics()
        self._health = Health(host, self._studio, self._quota, self._metrics, self._clients, options)
        self._pages = pages.Pages(host.model.card, options.allowance)
        self._studio.count()  # the record can be opened, or this ends in a sentence
        self.app = application(
            [
                Route("/", self._home),
                Route("/", self._form, methods=["POST"]),
                Route("/about", self._about),
                Route("/t/{key}", self._thread_page),
                Route("/api/replies", self._replies, methods=["POST"]),
                Route("/api/threads/{key}", self._thread),
                Route("/faces/{name}.svg", self._face),
                *self._health.routes,
                Route("/robots.txt", pages.robots),
                self._pages.static.route,
            ],
            hosts=(*LOOPBACK, *options.hosts),
            open_to_any_host=("/health", "/ready", "/metrics"),
            most_bytes=16 * 1024,
            error_page=self._pages.problem,
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        keeper = await self._quota.keeper()
        self._metrics.redis.set(keeper == "redis")
        log_event(_log, "serving", model=self._health.host.model.card.name, quota=keeper)
        yield
        await self._quota.close()
        log_event(_log, "stopped")

    # Posts

    async def _replies(self, request: Request) -> Response:
        self._turn_away(request)
        body = await json_body(request, _BODY)
        streams = "text/event-stream" in request.headers.get("accept", "")
        wish, target, verdict, began = await self._let_in(request, body)
        headers = UNLISTED | self._quota_headers(verdict)
        if streams:
            response = EventStream(self._events(wish, target, verdict, began))
            response.headers.update(headers)
            return response
        done = await self._done(wish, target, began)
        return JSONResponse(done | self._left(verdict), 201, headers | {"Location": f"/t/{done['thread']}"})

    async def _form(self, request: Request) -> Response:
        """The page's form where there is no script."""
        self._turn_away(request)
        wish, target, _, began = await self._let_in(request, await form_body(request, _BODY))
        done = await self._done(wish, target, began)
        return RedirectResponse(f"/t/{done['thread']}#{done['key']}", 303)

    def _turn_away(self, request: Request) -> None:
        """Refuse, before anything of it is read, what will be refused whatever it says."""
        with self._counted():
            if (verdict := self._quota.used_up(self._client(request))) is not None:
                raise self._used_up(verdict)
            self._line.require_place()

    def _client(self, request: Request) -> str:
        return self._clients.key(self._clients.address(request.scope))

    async def _let_in(self, request: Request, body: Body) -> tuple[Wish, Target | None, Verdict, float]:
        """A wish that can be met, with a place in the line, and a time of its client's taken."""
        began = time.monotonic()
        with self._counted():
            if body.tone not in tones():
                raise Problem(422, f"There is no such tone: choose one of {', '.join(tones())}.", type=POST)
            wish = Wish(body.post, body.tone, body.to)
            self._line.enter()
            try:
                target = await run_in_threadpool(self._check, wish)
                verdict = await self._take(self._client(request))
            except BaseException:
                self._line.leave()
                raise
        self._metrics.inside.set(self._line.inside)
        return wish, target, verdict, began

    def _check(self, wish: Wish) -> Target | None:
        with _telling():
            return self._studio.check(wish)

    async def _take(self, client: str) -> Verdict:
        try:
            verdict = await self._quota.take(client)
        except UnavailableError:
            detail = "Nobody can be let in for the moment, since what they have used up cannot be told."
            raise Problem(503, detail, type=QUOTA, headers={"Retry-After": "5"}) from None
        self._metrics.redis.set(verdict.keeper == "redis")
        if verdict.allowed:
            return verdict
        raise self._used_up(verdict)

    def _used_up(self, verdict: Verdict) -> Problem:
        minutes = f"{-(-verdict.wait // 60)} min" if verdict.wait > 90 else f"{verdict.wait} s"
        yours = f"You have had your {self._options.allowance.client} posts for now"
        everybody = "All visitors together have used up what there is for now"
        detail = f"{yours if verdict.whose == 'client' else everybody}: the next is free in {minutes}."
        headers = {"Retry-After": str(verdict.wait)} | self._quota_headers(verdict)
        title = "Quota used up"
        return Problem(429, detail, type=QUOTA, title=title, headers=headers, whose=verdict.whose, wait=verdict.wait)

    async def _drawn(self, wish: Wish, target: Target | None, began: float) -> AsyncGenerator[Told]:
        """What is told of a wish that was let in."""
        with self._counted():
            async with self._line.turn():
                drawing = iterate_in_thread(lambda unwanted: self._studio.draw(wish, target, unwanted))
                try:
                    async for told in drawing:
                        if told.outcome is not None:
                            self._count(wish, told, time.monotonic() - began)
                        yield told
                finally:
                    await drawing.aclose()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place that was taken when a wish was let in; at the end it is free again."""
        try:
            yield
        finally:
            self._line.leave()
            self._metrics.inside.set(self._line.inside)

    async def _events(self, wish: Wish, target: Target | None, verdict: Verdict, began: float) -> AsyncGenerator[Event]:
        with self._place():
            if self._line.ahead:
                yield Event("waiting", {"ahead": self._line.ahead})
            drawn = self._drawn(wish, target, began)
            try:
                async for told in drawn:
                    more = self._left(verdict) if told.name == "done" else {}
                    yield Event(told.name, told.data | more)
            finally:
                await drawn.aclose()

    async def _done(self, wish: Wish, target: Target | None, began: float) -> dict[str, Any]:
        done: dict[str, Any] = {}
        with self._place():
            async for told in self._drawn(wish, target, began):
                if told.name == "done":
                    done = told.data
        return done

    def _count(self, wish: Wish, told: Told, seconds: float) -> None:
        assert told.outcome is not None  # noqa: S101  # it was looked at
        for answer in told.outcome.answers:
            self._metrics.answers.labels("passed" if answer.refused is None else "refused").inc()
        self._metrics.posts.labels("replied").inc()
        self._metrics.seconds.observe(seconds)
        about = {"tone": wish.tone, "deeper": bool(wish.to), "rounds": told.outcome.rounds}
        log_event(_log, "replied", seconds=round(seconds, 3), **about)

    @contextmanager
    def _counted(self) -> Any:
        """Tell errors as problems, and count them."""
        try:
            with _telling():
                yield
        except Problem as problem:
            kind = problem.type.partition("#")[2] or str(problem.status)
            self._metrics.posts.labels(kind).inc()
            log_event(_log, "refused", status=problem.status, kind=kind)
            raise

    def _quota_headers(self, verdict: Verdict) -> dict[str, str]:
        allowance = self._options.allowance
        policy = f'"client";q={allowance.client};w={allowance.window}'
        return {"RateLimit-Policy": policy, "RateLimit": f'"client";r={verdict.remaining};t={verdict.wait}'}

    def _left(self, verdict: Verdict) -> dict[str, Any]:
        return {"quota": {"remaining": verdict.remaining, "of": self._options.allowance.client, "kept": verdict.keeper}}

    # Pages and what they show

    async def _home(self, _: Request) -> Response:
        return self._pages.home()

    async def _about(self, _: Request) -> Response:
        return self._pages.about()

    async def _thread_page(self, request: Request) -> Response:
        return self._pages.thread(await self._read(request))

    async def _thread(self, request: Request) -> Response:
        return JSONResponse((await self._read(request)).to_dict(), headers=UNLISTED)

    async def _read(self, request: Request) -> Post:
        def read() -> Post:
            with _telling():
                return self._studio.thread(request.path_params["key"])

        return await run_in_threadpool(read)

    async def _face(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not authors.is_name(name):
            raise Problem(404, "There is nobody of that name.")
        return Response(authors.face_of(name), headers=_FACES, media_type="image/svg+xml")


@contextmanager
def _telling() -> Any:
    """Tell what is not the server's fault as a problem."""
    try:
        yield
    except InputError as error:
        raise Problem(422, str(error).replace("post", "The post", 1), type=POST, title="No such post") from None
    except TooDeepError as error:
        raise Problem(409, str(error), type="/about#deep") from None
    except GoneError as error:
        raise Problem(410, str(error)) from None
    except MissingError as error:
        raise Problem(404, str(error)) from None
    except NothingToShowError:
        detail = "Nothing that was said to this could be shown: say it in other words."
        raise Problem(422, detail, type="/about#nothing", title="Nothing to show") from None
    except TooSlowError:
        raise Problem(503, "It took too long: try again in a moment.", headers={"Retry-After": "10"}) from None
    except ModelError as error:
        _log.warning("the model refused", exc_info=True)
        raise Problem(429, "The model has too much to do: try again in a moment.", type=BUSY) from error
