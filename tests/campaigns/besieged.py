"""The servers of the exhibits under hostile requests: no error, nothing carried out, nothing left unescaped.

The three columns have no server: pages are made of hostile pieces instead.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.campaigns import hostile_records
from tests.campaigns.hostile_texts import CANARY
from tests.campaigns.requests import Door, Figures, harm, hostile_words, send
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.web.serving import running

DRAWN = 12
"""How many names a gallery is asked to describe; replies are short, and all that are wanted are drawn."""

REPLIES = Door(
    gets=("/", "/about", "/metrics", "/ready", "/robots.txt", "/t/{}", "/api/threads/{}", "/faces/{}.svg", "/faces/{}"),
    posts=(("/api/replies", "json"), ("/", "form")),
    fields={"post": ("The ferry is late.",), "tone": ("dry", "grumpy"), "to": ("",)},
)
GALLERY = Door(
    gets=(
        "/", "/all", "/feed.xml", "/sitemap.xml", "/gallery.json", "/api/models", "/api/models/random", "/?after={}",
        "/model/{}", "/model/{}", "/model?name={}", "/cards/{}.png", "/api/models/{}",
    ),
    posts=(("/api/models", "json"), ("/models", "form")),
    fields={"name": ("MothLamp", "Rain")},
)  # fmt: skip
CURATING = Door(
    gets=("/", "/name/mothlamp", "/name/{}"),
    posts=(("/name/mothlamp", "form"), ("/name/rain", "form"), ("/name/{}", "form")),
    fields={
        "what": ("keep", "edit", "clear", "undo", "redo"),
        "part": ("description", "code"),
        "answer": ("1", "2", "3", "4"),
        "text": ("It is a model.",),
    },
)
TIMELINE = Door(
    gets=("/", "/?to={}", "/?to=1", "/queue", "/health"),
    posts=(("/posts", "form"), ("/queue/1", "form"), ("/queue/2", "form"), ("/queue/{}", "form")),
    fields={
        "author": ("ada",),
        "text": ("@ambrose do you like rain?",),
        "parent": ("", "1"),
        "verdict": ("approved", "refused"),
        "curator": ("Ada",),
    },
)


@contextmanager
def replies(folder: Path, model: Path) -> Iterator[httpx.Client]:
    """A server of replies that has enough for all: who has none left is told so before what they send is looked at."""
    from tests.replies_server import hosted, replies_server
    from verbosify.web.quota import Allowance

    with (
        hosted(model) as host,
        replies_server(host, folder / "replies.db", allowance=Allowance(client=10_000, total=10_000)) as served,
    ):
        yield served.client


@contextmanager
def gallery(folder: Path, model: Path) -> Iterator[httpx.Client]:
    """A gallery that describes a dozen of the names it is asked about, and only takes the others."""
    from tests.galleries import pipelines, write_gallery
    from verbosify.exhibits.gallery.serving import GalleryServer, gallery_app

    class Sparing(GalleryServer):
        def _asking(self, name: str) -> Any:
            self.asked = getattr(self, "asked", 0) + 1
            return super()._asking(name) if self.asked <= DRAWN else self._known(name)

    made = write_gallery(folder / "gallery", load_model(model), ["MothLamp", "Rain"])
    with Host(lambda: load_model(model)) as host:
        server = Sparing(made, host, pipelines(folder / "how").for_visitors(), address="https://example.org/")
        yield from _client(gallery_app(server))


@contextmanager
def curating(folder: Path, model: Path) -> Iterator[httpx.Client]:
    """The page on which a gallery is chosen by hand."""
    from tests.galleries import pipelines, write_gallery
    from verbosify.exhibits.gallery.curating import Curating, curating_app

    loaded = load_model(model)
    made = write_gallery(folder / "gallery", loaded, ["MothLamp", "Rain"])
    yield from _client(curating_app(Curating(made, pipelines(folder / "how"), "Grace", lambda: loaded)))


@contextmanager
def timeline(folder: Path, model: Path) -> Iterator[httpx.Client]:
    """A bot's timeline and its queue, in which two replies wait."""
    from tests.bots import SETTINGS, work
    from tests.bots import timeline as begun
    from verbosify.exhibits.bot.serving import make_app

    settings, place = replace(SETTINGS, approval=True), begun(folder)
    for author in ("ada", "bob"):
        place.add(author, "@ambrose do you like <b>rain</b>?")
    work(folder, place, settings=settings)
    yield from _client(make_app(folder, settings, place, queue=True))


def _client(app: Any) -> Iterator[httpx.Client]:
    with running(app) as address, httpx.Client(base_url=address, timeout=600) as client:
        yield client


SERVERS: dict[str, tuple[Door, Callable[[Path, Path], Any]]] = {
    "replies": (REPLIES, replies),
    "gallery": (GALLERY, gallery),
    "gallery, choosing": (CURATING, curating),
    "bot": (TIMELINE, timeline),
}


def server_campaign(folder: Path, model: Path, name: str, *, count: int, seed: int) -> Figures:
    """So many hostile requests to the server of that name, in an empty folder."""
    door, begin = SERVERS[name]
    with ExitStack() as stack:
        return send(stack.enter_context(begin(folder, model)), door, count=count, seed=seed)


def columns_campaign(folder: Path, *, count: int, seed: int) -> Figures:
    """Three columns of so many hostile pieces: the status is 200 where there is a page, 422 where it is refused."""
    from verbosify.errors import VerbosifyError
    from verbosify.exhibits.columns import build_columns

    rng, figures = random.Random(seed), Figures()  # noqa: S311  # no secret
    for number in range(count):
        piece = folder / "piece.json"
        piece.write_bytes(hostile_records.hostile_json(rng, 5000))
        try:
            page = build_columns([piece], folder / "columns", title=hostile_words(rng), blind=number % 2 == 0)
        except VerbosifyError:
            figures.statuses[422] += 1
            continue
        except Exception as error:  # that is what we look for
            figures.faults.append(f"piece {number}: {type(error).__name__}: {error}")
            continue
        figures.statuses[200] += 1
        found = [*harm(page.read_bytes(), "assets/")]
        found += ["a template's result"] if str(CANARY) in page.read_text(encoding="utf-8") else []
        figures.faults += [f"piece {number}: {wrong}" for wrong in found]
    return figures
