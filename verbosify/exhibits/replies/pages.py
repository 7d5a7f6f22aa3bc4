"""The pages of replies, in HTML: nothing in them is HTML but our own. Knows what a thread is, and no server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from verbosify.exhibits.replies.record import DEEPEST, Post
from verbosify.exhibits.replies.tones import LEAST, MOST, MOST_CHARACTERS, WISHED_CHARACTERS, tones
from verbosify.models.protocol import ModelCard
from verbosify.web import FONTS, SHEETS, WEB, as_script, as_style
from verbosify.web.problems import Problem
from verbosify.web.quota import Allowance
from verbosify.web.static import Static

HERE = Path(__file__).parent
_UNLISTED = {"X-Robots-Tag": "noindex"}


class Pages:
    """The pages of one server: `card` is its model's, `allowance` what it lets visitors ask."""

    def __init__(self, card: ModelCard, allowance: Allowance) -> None:
        self.static = Static(
            {
                "replies.js": as_script(HERE / "static" / "replies.js"),
                "replies.css": as_style([*SHEETS, HERE / "static" / "replies.css"]),
                "icon.svg": (WEB / "icon.svg").read_bytes(),
                **{f"fonts/{file.name}": file.read_bytes() for file in FONTS.glob("*.woff2")},
            }
        )
        loader = FileSystemLoader(HERE / "templates")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals.update(
            static=self.static,
            card=card,
            millions=round(card.parameters / 1e6),
            allowance=allowance,
            minutes=round(allowance.window / 60, 1),
            tones=tones(),
            wished=WISHED_CHARACTERS,
            hard=MOST_CHARACTERS,
            least=LEAST,
            most=MOST,
            deepest=DEEPEST,
        )

    def home(self) -> Response:
        """Where one posts."""
        return HTMLResponse(self._render("home.html"))

    def about(self) -> Response:
        """How it is made, what is kept, and what each problem means."""
        return HTMLResponse(self._render("about.html"))

    def thread(self, made: Post) -> Response:
        """A thread from its first post on."""
        return HTMLResponse(self._render("thread.html", made=made), headers=_UNLISTED)

    def problem(self, problem: Problem) -> str:
        """A problem, for people."""
        return self._render("problem.html", problem=problem)

    def _render(self, name: str, **values: Any) -> str:
        return self._templates.get_template(name).render(**values)


async def robots(_: Request) -> Response:
    """What search engines are to leave out: visitors' threads."""
    return Response("User-agent: *\nDisallow: /t/\nDisallow: /api/\n", media_type="text/plain")
