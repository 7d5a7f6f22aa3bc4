"""Choosing by hand what a gallery says: a page for one person on one computer, in forms that need no script.

What is chosen is an act in the record: nothing is overwritten, and all can be taken back. A description that changes
wants code of its own: the code of another one is not shown with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from verbosify.errors import InputError, ModelError, RecordError
from verbosify.exhibits.gallery.building import PARTS, Pipelines, reroll
from verbosify.exhibits.gallery.highlighting import highlighted
from verbosify.exhibits.gallery.pages import Links, render
from verbosify.exhibits.gallery.site import asset_files
from verbosify.exhibits.gallery.store import Entry, Gallery, Part
from verbosify.exhibits.record import RecordedAnswer
from verbosify.exhibits.rows import RULE
from verbosify.models.protocol import LanguageModel
from verbosify.web.serving import Problem, Static, application, form_body


@dataclass(frozen=True)
class Act:
    """What a form sends: what to do with which part, with which answer, in which words."""

    what: str
    part: str
    answer: str = ""
    text: str = ""


_ACT = TypeAdapter(Act)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that passed, and whether it stands."""

    answer: RecordedAnswer
    stands: bool


@dataclass
class Curating:
    """The page's state: where the gallery is, who chooses, and a model that is loaded when it is first needed."""

    folder: Path
    pipelines: Pipelines
    chooser: str
    load: Callable[[], LanguageModel]
    static: Static = field(default_factory=lambda: Static(asset_files("own.js")))

    def __post_init__(self) -> None:
        self._model: LanguageModel | None = None
        self._lock = Lock()
        if not self.chooser.strip() or self.chooser == RULE:
            raise InputError("Who chooses? Give your name with --as.")
        with Gallery.in_folder(self.folder):
            pass

    async def all(self, _request: Request) -> Response:
        """Every name, and whose choice its words are."""
        return _page(await run_in_threadpool(self._all))

    async def one(self, request: Request) -> Response:
        """The candidates for a name."""
        return _page(await run_in_threadpool(self._one, request.path_params["slug"]))

    async def act(self, request: Request) -> Response:
        """Do what a form says."""
        slug, act = request.path_params["slug"], await form_body(request, _ACT)
        try:
            await run_in_threadpool(self._act, slug, act)
        except (RecordError, InputError, ModelError) as error:
            raise Problem(422, str(error)) from None
        return RedirectResponse(f"/name/{slug}#{act.part}", 303)

    def _all(self) -> bytes:
        with Gallery.in_folder(self.folder) as gallery:
            entries = gallery.entries("list")
        return render("curate_all.html", **self._shared(), entries=entries, state=_state)

    def _one(self, slug: str) -> bytes:
        with Gallery.in_folder(self.folder) as gallery:
            entry = _found(gallery, slug)
            candidates = {part: _candidates(gallery, entry, part) for part in PARTS}
            names = gallery.slugs("list")
        place = names.index(slug) if slug in names else 0
        return render(
            "curate_one.html",
            **self._shared(),
            entry=entry,
            candidates=candidates,
            highlighted=highlighted,
            following=names[(place + 1) % len(names)] if names else slug,
        )

    def _act(self, slug: str, act: Act) -> None:
        part = next((each for each in PARTS if each == act.part), None)
        acts: dict[str, Callable[[Gallery, Entry, Part], None]] = {
            "keep": partial(self._keep, act=act),
            "edit": partial(self._edit, act=act),
            "clear": self._clear,
            "undo": partial(self._step, way="undo"),
            "redo": partial(self._step, way="redo"),
            "reroll": self._reroll,
        }
        if part is None or act.what not in acts:
            raise Problem(422, "There is no such act: go back and press a button.")
        with Gallery.in_folder(self.folder) as gallery:
            acts[act.what](gallery, _found(gallery, slug), part)

    def _keep(self, gallery: Gallery, entry: Entry, part: Part, act: Act) -> None:
        question, answer = _answer(gallery, entry, part, act)
        gallery.choose(question, [answer.id], chooser=self.chooser)

    def _edit(self, gallery: Gallery, entry: Entry, part: Part, act: Act) -> None:
        question, answer = _answer(gallery, entry, part, act)
        text = act.text.replace("\r\n", "\n").strip("\n")
        gallery.edit(question, answer.id, text, chooser=self.chooser)

    def _clear(self, gallery: Gallery, entry: Entry, part: Part) -> None:
        for question in gallery.asked(entry.key, part):
            if gallery.standing(question)[0]:
                gallery.clear(question, chooser=self.chooser)

    def _step(self, gallery: Gallery, entry: Entry, part: Part, way: str) -> None:
        questions = [question for question in gallery.asked(entry.key, part) if gallery.history(question)]
        if questions:
            last = max(questions, key=lambda question: gallery.history(question)[-1].id)
            (gallery.undo if way == "undo" else gallery.redo)(last, chooser=self.chooser)

    def _reroll(self, gallery: Gallery, entry: Entry, part: Part) -> None:
        with self._lock:  # one model, and one who asks it
            self._model = self._model or self.load()
            why = reroll(gallery, entry.name, part, self._model, self.pipelines)
        if why:
            raise InputError(f"{why} What stood stands.")

    def _shared(self) -> dict[str, Any]:
        links = Links.of_server(self.static.address)
        return {"title": "Curating", "links": links, "policy": "", "chooser": self.chooser}


def curating_app(desk: Curating) -> Any:
    """The application of a curator's page."""
    routes = [
        Route("/", desk.all),
        Route("/name/{slug}", desk.one),
        Route("/name/{slug}", desk.act, methods=["POST"]),
        desk.static.route,
    ]
    return application(routes, error_page=lambda problem: _told(desk, problem))


def _told(desk: Curating, problem: Problem) -> str:
    return render("problem.html", **desk._shared(), problem=problem).decode()  # of this module


def _found(gallery: Gallery, slug: str) -> Entry:
    entry = gallery.find(slug)
    if entry is None:
        raise Problem(404, "There is no such name in this gallery.")
    return entry


def _candidates(gallery: Gallery, entry: Entry, part: Part) -> list[Candidate]:
    """The answers that passed, the best of each question first; code, of the description that stands."""
    said = entry.said(part)
    found = []
    for question in gallery.asked(entry.key, part):
        if part == "code" and (entry.description is None or question.inputs["description"] != entry.description.text):
            continue
        passed = [answer for answer in gallery.answers(question) if answer.refused is None]
        weights = {step.stage: step.weight for step in gallery.pipeline_of(question).choose.measures}
        passed.sort(key=lambda one: -sum(weights.get(name, 0) * value for name, value in one.measures.items()))
        found += [Candidate(answer, said is not None and said.answer.id == answer.id) for answer in passed]
    return found


def _answer(gallery: Gallery, entry: Entry, part: Part, act: Act) -> tuple[Any, RecordedAnswer]:
    """The answer that an act names, and its question; `RecordError` if it is none of that part."""
    answer = gallery.answer(int(act.answer) if act.answer.isdecimal() and len(act.answer) < 16 else 0)
    for question in gallery.asked(entry.key, part):
        if question.id == answer.question:
            return question, answer
    raise RecordError(f"Answer {answer.id} is not about the {part} of {entry.name}.")


def _state(entry: Entry) -> str:
    """Whose choice an entry's words are."""
    parts = [("description", entry.description), ("code", entry.code)]
    missing = [name for name, part in parts if part is None]
    by_rule = [name for name, part in parts if part is not None and part.chooser == RULE]
    told = [f"no {name}" for name in missing] + [f"{name} not chosen yet" for name in by_rule]
    return ", ".join(told) or "chosen"


def _page(content: bytes) -> Response:
    return Response(content, media_type="text/html")
