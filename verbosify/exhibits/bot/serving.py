"""The bot's pages: the timeline, for visitors, and the queue, for whoever approves replies. Knows no model.

Both are plain forms, and work without a script. The queue is served only where it is asked for: whoever reaches the
page may decide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from jinja2 import Environment, FileSystemLoader
from pydantic import Field, TypeAdapter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from verbosify.exhibits.bot.boxes import Boxes
from verbosify.exhibits.bot.platform import RefusedError
from verbosify.exhibits.bot.platforms.local import LONGEST, Local
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.running import HEARTBEAT_FILE
from verbosify.exhibits.bot.settings import MARK, BotSettings
from verbosify.web import FONTS, SHEETS, WEB, as_script, as_style
from verbosify.web.serving import LOOPBACK, Problem, Static, application, form_body
from verbosify.words import perceived_characters

PAGE = Path(__file__).parent / "page"
VISITOR = "visitor"
_FORBIDDEN_NAMES = ("help", "machine")

Name = Annotated[str, Field(pattern=r"^\s*[\w.-]{1,30}\s*$")]


@dataclass(frozen=True, slots=True)
class NewPost:
    """What the form of the timeline sends."""

    author: Name
    text: Annotated[str, Field(min_length=1, max_length=20 * LONGEST)]
    parent: Annotated[str, Field(pattern=r"^\d{0,15}$")] = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a form of the queue sends."""

    verdict: Literal["approved", "refused"]
    text: Annotated[str, Field(min_length=1, max_length=5000)]
    curator: Name


_POST, _DECISION = TypeAdapter(NewPost), TypeAdapter(Decision)


def make_app(
    folder: Path,
    settings: BotSettings,
    timeline: Local | None,
    *,
    queue: bool = False,
    hosts: tuple[str, ...] = LOOPBACK,
) -> Starlette:
    """The pages of the bot in `folder`: of its `timeline`, if it has one of its own, and of its queue, if asked for."""
    return application(_Pages(folder, settings, timeline, queue=queue).routes(), hosts=hosts)


class _Pages:
    def __init__(self, folder: Path, settings: BotSettings, timeline: Local | None, *, queue: bool) -> None:
        self._folder, self._settings, self._timeline, self._queue = folder, settings, timeline, queue
        self._templates = Environment(loader=FileSystemLoader(PAGE), autoescape=True)
        css = as_style([*SHEETS, PAGE / "page.css"])
        fonts = {f"fonts/{file.name}": file.read_bytes() for file in FONTS.glob("*.woff2")}
        icon = (WEB / "icon.svg").read_bytes()
        self._static = Static(
            {"page.css": css, "icon.svg": icon, "timeline.js": as_script(PAGE / "timeline.js"), **fonts}
        )

    def routes(self) -> list[Route]:
        routes = [self._static.route, Route("/health", self._health)]
        if self._timeline is not None:
            routes += [Route("/", self._show), Route("/posts", self._write, methods=["POST"])]
        if self._queue:
            routes += [
                Route("/queue", self._show_queue),
                Route("/queue/{number:int}", self._decide, methods=["POST"]),
            ]
        return routes

    async def _show(self, request: Request) -> Response:
        to = request.query_params.get("to", "")
        author = request.cookies.get("author", VISITOR)
        return HTMLResponse(await run_in_threadpool(self._timeline_page, to, author))

    def _timeline_page(self, to: str, author: str) -> str:
        posts = self._own().posts()[::-1]
        parent = next((post for post in posts if str(post.id) == to), None)
        return self._render("timeline.html", author, posts=posts, parent=parent, js=self._static.address("timeline.js"))

    async def _write(self, request: Request) -> Response:
        post = await form_body(request, _POST)
        author, text = post.author.strip(), post.text.replace("\r\n", "\n").strip()
        handle = self._own().account().handle
        if author.casefold() in (handle.casefold(), *_FORBIDDEN_NAMES):
            raise Problem(422, f"The name {author} is not for visitors: choose another.")
        if not text:
            raise Problem(422, "The post is empty: write something.")
        if len(perceived_characters(text)) > LONGEST:
            raise Problem(422, f"The post is too long: {LONGEST} characters are the most.")
        if MARK in text:
            raise Problem(422, "The post says that a machine wrote it: leave that to the machine.")
        parent = int(post.parent) if post.parent else None
        try:
            number = await run_in_threadpool(self._own().add, author, text, parent=parent)
        except RefusedError as error:
            raise Problem(404, str(error)) from None
        answer = RedirectResponse(f"/#post-{number}", 303)
        answer.set_cookie("author", author, max_age=30 * 86400, httponly=True, samesite="strict")
        return answer

    async def _show_queue(self, request: Request) -> Response:
        author = request.cookies.get("author", "")
        return HTMLResponse(await run_in_threadpool(self._queue_page, author))

    def _queue_page(self, author: str) -> str:
        with open_record(self._folder) as record:
            return self._render("queue.html", author, queue=Boxes(record.database).waiting(), js="")

    async def _decide(self, request: Request) -> Response:
        decision = await form_body(request, _DECISION)
        await run_in_threadpool(self._settle, request.path_params["number"], decision)
        answer = RedirectResponse("/queue", 303)
        answer.set_cookie("author", decision.curator.strip(), max_age=30 * 86400, httponly=True, samesite="strict")
        return answer

    def _settle(self, number: int, decision: Decision) -> None:
        text = decision.text.replace("\r\n", "\n").strip()
        with open_record(self._folder) as record:
            boxes = Boxes(record.database)
            reply = boxes.reply(number)
            if reply is None:
                raise Problem(404, f"There is no reply {number}.")
            if decision.verdict == "approved" and MARK not in text:
                raise Problem(422, f"The reply must go on saying that it is a {MARK}: put that back.")
            if not boxes.decide(reply, decision.verdict, curator=decision.curator.strip(), text=text):
                raise Problem(409, f"Reply {number} is out, or was decided about: it cannot be changed any more.")

    async def _health(self, _request: Request) -> Response:
        beat = self._folder / HEARTBEAT_FILE
        try:
            return JSONResponse(json.loads(await run_in_threadpool(beat.read_text)))
        except (OSError, ValueError):
            raise Problem(503, "The bot has no heartbeat: run it.") from None

    def _own(self) -> Local:
        assert self._timeline is not None  # noqa: S101  # its routes are there only with it
        return self._timeline

    def _render(self, template: str, author: str, **values: object) -> str:
        own = self._timeline
        return self._templates.get_template(template).render(
            name=self._settings.name,
            profile=own.profile() if own is not None else self._settings.about,
            handle=own.account().handle if own is not None else "",
            has_queue=self._queue and own is not None,
            author=author,
            most=LONGEST,
            css=self._static.address("page.css"),
            icon=self._static.address("icon.svg"),
            **values,
        )
