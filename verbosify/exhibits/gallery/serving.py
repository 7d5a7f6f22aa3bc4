"""The gallery as a server: its pages, and *try your own*. Nothing is generated before a visitor asks. Knows HTTP.

A name is answered in a stream of events: `text` while it is said, `again` if it is begun anew, `part` when it stands,
`nothing`, and last `done` with the address, where the words are stored: no link carries words of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import Any

from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from verbosify.errors import InputError, ModelError
from verbosify.exhibits.gallery.asking import ask, known, visitors_name
from verbosify.exhibits.gallery.building import Pipelines
from verbosify.exhibits.gallery.card import draw_card
from verbosify.exhibits.gallery.names import key_of, slug_of
from verbosify.exhibits.gallery.pages import GalleryPages
from verbosify.exhibits.gallery.site import asset_files
from verbosify.exhibits.gallery.store import Gallery
from verbosify.exhibits.gallery.values import EntryValues, GalleryValues, entry_values, json_of, values_of
from verbosify.models.host import Host
from verbosify.record.fields import dump
from verbosify.record.fields import values_of as fields_of
from verbosify.site.card import lacking
from verbosify.web.serving import (
    LOOPBACK,
    Event,
    EventStream,
    Problem,
    Static,
    application,
    form_body,
    iterate_in_thread,
    json_body,
)

AT_ONCE = 4
"""Names that may be asked about at the same time; who comes then is told to wait."""
_KEPT = "public, max-age=60"


@dataclass(frozen=True)
class Asked:
    """What a visitor sends."""

    name: str


_ASKED = TypeAdapter(Asked)


@dataclass
class GalleryServer:
    """The pages of the gallery in `folder`, and the model of `host` asked about what visitors name.

    Attributes:
        address: where it is published, ending in a slash; empty if nobody knows.
        choose: picks the entry at the door.
    """

    folder: Path
    host: Host
    pipelines: Pipelines
    address: str = ""
    at_once: int = AT_ONCE
    choose: Callable[[list[EntryValues]], EntryValues] = random.choice
    static: Static = field(init=False)

    def __post_init__(self) -> None:
        self.static = Static(asset_files("own.js"))
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()
        with Gallery.in_folder(self.folder):  # brought up to date, or told that there is none
            pass

    @property
    def routes(self) -> list[Route]:
        """What it answers."""
        return [
            Route("/", self.door),
            Route("/model/{slug}", self.entry),
            Route("/model", self.named),
            Route("/models", self.ask_by_form, methods=["POST"]),
            Route("/all", self.all),
            Route("/feed.xml", self.feed),
            Route("/sitemap.xml", self.sitemap),
            Route("/gallery.json", self.json),
            Route("/cards/{slug}.png", self.card),
            Route("/api/models", self.ask, methods=["POST"]),
            Route("/api/models", self.list),
            Route("/api/models/random", self.any),
            Route("/api/models/{slug}", self.one),
            self.static.route,
        ]

    # Pages

    async def door(self, request: Request) -> Response:
        """Any model of the gallery, another one at each visit; none is generated for it."""
        values = await run_in_threadpool(self._values)
        others = [entry for entry in values.entries if entry.slug != request.query_params.get("after")]
        entry = self.choose(others or values.entries) if values.entries else None
        return _page(self._pages(values).live_page(entry))

    async def entry(self, request: Request) -> Response:
        """The model at an address, whoever named it."""
        values, entry = await self._found(request)
        return _page(self._pages(values).live_page(entry))

    async def named(self, request: Request) -> Response:
        """To the address of a name, written as it is."""
        try:
            name = visitors_name(request.query_params.get("name", ""))
        except InputError as error:
            raise Problem(422, str(error)) from None
        return RedirectResponse(f"/model/{slug_of(name)}", 303)

    async def all(self, _request: Request) -> Response:
        return _page(self._pages(await run_in_threadpool(self._values)).all_page())

    async def feed(self, _request: Request) -> Response:
        pages = self._pages(await run_in_threadpool(self._values))
        return Response(pages.feed(), media_type="application/atom+xml")

    async def sitemap(self, _request: Request) -> Response:
        if not self.address:
            raise Problem(404, "Nobody has told this server its address, which a sitemap needs.")
        pages = self._pages(await run_in_threadpool(self._values))
        return Response(pages.sitemap(), media_type="application/xml")

    async def card(self, request: Request) -> Response:
        if lacking() is not None:
            raise Problem(404, "No pictures can be drawn here.")
        values, entry = await self._found(request)
        drawn = await run_in_threadpool(draw_card, entry, self._pages(values).model_of(entry))
        return Response(drawn, media_type="image/png", headers={"Cache-Control": _KEPT})

    # JSON

    async def json(self, _request: Request) -> Response:
        values = await run_in_threadpool(self._values)
        return Response(json_of(values), media_type="application/json", headers={"Cache-Control": _KEPT})

    async def list(self, _request: Request) -> Response:
        values = await run_in_threadpool(self._values)
        return _json([{"name": entry.name, "slug": entry.slug} for entry in values.entries])

    async def any(self, _request: Request) -> Response:
        """Any entry of the gallery; caches may keep it for a minute."""
        values = await run_in_threadpool(self._values)
        if not values.entries:
            raise Problem(404, "There is nothing in this gallery yet.")
        return _json(_plain(self.choose(values.entries)))

    async def one(self, request: Request) -> Response:
        return _json(_plain((await self._found(request))[1]))

    # Try your own

    async def ask(self, request: Request) -> Response:
        """A name in JSON: what is said of it, as it is said."""
        name = _name(await json_body(request, _ASKED))
        found = await run_in_threadpool(known, self.folder, name)
        events = self._known(name) if found is not None else self._asking(name)
        return EventStream(events)

    async def ask_by_form(self, request: Request) -> Response:
        """The same for who has no script: the page comes when all is said."""
        name = _name(await form_body(request, _ASKED))
        if await run_in_threadpool(known, self.folder, name) is None:
            async for event in self._asking(name):
                if event.name == "nothing" and event.data["part"] == "description":
                    raise Problem(422, "The model had nothing to say about that name: try another.")
        return RedirectResponse(f"/model/{slug_of(name)}", 303)

    async def _known(self, name: str) -> AsyncIterator[Event]:
        yield self._done(name)

    def _done(self, name: str) -> Event:
        return Event("done", {"address": f"/model/{slug_of(name)}"})

    def _asking(self, name: str) -> AsyncIterator[Event]:
        key = key_of(name)
        if len(self._waiting) >= self.at_once and key not in self._waiting:
            detail = "Others are asking just now: try again in a moment."
            raise Problem(503, detail, headers={"Retry-After": "5"})
        return self._tell(key, name)

    async def _tell(self, key: str, name: str) -> AsyncGenerator[Event]:
        async with self._turn(key):
            # Who has waited for another who asked for the same name is told what that one was told.
            async for told in iterate_in_thread(lambda gone: self._ask(name, gone)):
                yield Event(told.kind, told.to_dict())
                if told.kind == "nothing" and told.part == "description":
                    return
            yield self._done(name)

    def _ask(self, name: str, gone: Flag) -> Any:
        try:
            yield from ask(self.folder, name, self.host.guest(), self.pipelines, gone.is_set)
        except InputError as error:
            raise Problem(422, str(error)) from None
        except ModelError as error:
            raise Problem(503, str(error), headers={"Retry-After": "5"}) from None

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        """One at a time for a name."""
        self._waiting[key] += 1
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]

    # What is there

    def _values(self) -> GalleryValues:
        with Gallery.in_folder(self.folder) as gallery:
            return values_of(gallery)

    async def _found(self, request: Request) -> tuple[GalleryValues, EntryValues]:
        slug = request.path_params["slug"].removesuffix(".html")
        found = await run_in_threadpool(self._find, slug)
        if found is None:
            raise Problem(404, "There is no model at this address, real or not.")
        return found

    def _find(self, slug: str) -> tuple[GalleryValues, EntryValues] | None:
        with Gallery.in_folder(self.folder) as gallery:
            entry, values = gallery.find(slug), GalleryValues()
            made = None if entry is None else entry_values(gallery, entry, values)
        return None if made is None else (values, made)

    def _pages(self, values: GalleryValues) -> GalleryPages:
        return GalleryPages(values, self.address, lacking() is None, self.static.address)


def gallery_app(server: GalleryServer, *, hosts: tuple[str, ...] = ()) -> Any:
    """The application of a server; `hosts` are names it answers to beside this computer's own."""
    nothing = GalleryPages(GalleryValues(), asset=server.static.address)
    return application(
        server.routes,
        hosts=(*LOOPBACK, *hosts),
        most_bytes=4096,
        error_page=lambda problem: nothing.problem_page(problem).decode(),
    )


def _name(asked: Asked) -> str:
    try:
        return visitors_name(asked.name)
    except InputError as error:
        raise Problem(422, str(error)) from None


def _page(content: bytes) -> Response:
    return Response(content, media_type="text/html")


def _json(value: Any) -> Response:
    return Response(dump(value), media_type="application/json", headers={"Cache-Control": _KEPT})


def _plain(entry: EntryValues) -> dict[str, Any]:
    parts = {"description": fields_of(entry.description), "code": entry.code and fields_of(entry.code)}
    return {"name": entry.name, "slug": entry.slug, "origin": entry.origin, **parts}
