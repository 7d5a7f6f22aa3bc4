"""The verbs about the desk as a whole: what there is, drafts that begin, watching one, and the piece that was lent.

Every function takes the desk, a request's checked values, and who asks. Knows no transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from verbosify.desk import drafting, exchange, recording
from verbosify.desk.drafting import Values
from verbosify.desk.failures import Failure, missing
from verbosify.desk.steering import DEFAULTS, LENGTH_MOST, RANGES, ROWS_MOST, TEXT_MOST, TOP_MOST
from verbosify.desk.store import Store
from verbosify.models.settings import RECIPES
from verbosify.version import version_of_verbosify

if TYPE_CHECKING:
    from verbosify.desk.desk import Desk

Event = tuple[str, Values]

WATCHING = 2.0
"""Seconds between looks at whether another process has changed a draft."""
WATCHERS = 200
"""Tabs that watch at once."""
_ABOUT_A_MODEL = ("name", "on_disk", "size", "parameters", "licence", "note", "source")
SEEN_SECONDS = 600.0
"""Who asked for something so lately is a user."""


async def hello(desk: Desk, _: Values, _user: str) -> Values:
    """What a page needs to begin."""
    draft = await desk.do(lambda store: _last_draft(store, desk.model))
    piece = desk.piece
    title = desk.title or ("" if piece is None else await desk.do(lambda _: piece.title)) or "The desk"
    return {
        "version": version_of_verbosify(),
        "model": desk.model,
        "models": (await models(desk, {}, ""))["models"],
        "ranges": RANGES,
        "defaults": DEFAULTS,
        "recipes": {name: recipe.to_dict() for name, recipe in RECIPES.items()},
        "limits": {"text": TEXT_MOST, "n": ROWS_MOST, "length": LENGTH_MOST, "top": TOP_MOST, "queue": 64},
        "draft": draft,
        "piece": piece is not None,
        "title": title,
        "widget": desk.widget,
    }


def _last_draft(store: Store, model: str) -> int:
    ids = (draft for draft in store.draft_ids() if not store.marked("archived", draft, default=False))
    return next(ids, 0) or drafting.create(store, {}, model)


async def status(desk: Desk, _: Values, _user: str) -> Values:
    """What is loaded and at work."""
    seen = time.monotonic() - SEEN_SECONDS
    told: Values = {"models": [], "memory": 0, "weights_held": 0}
    if desk.link.pid is not None:
        told = await desk.link.ask("status")
    return {
        **told,
        "waiting": desk.turns.waiting + desk.quick.waiting,
        "running": desk.turns.running + desk.quick.running,
        "users": sum(at > seen for at in desk.seen.values()),
        "restarts": max(desk.link.starts - 1, 0),
    }


async def models(desk: Desk, _: Values, _user: str) -> Values:
    """The models there are."""
    from verbosify.models.store.catalog import list_models

    loaded = {model["name"] for model in (await status(desk, {}, ""))["models"]}
    told = [
        {
            **{name: getattr(each, name) for name in _ABOUT_A_MODEL},
            "loaded": each.name in loaded,
        }
        for each in await asyncio.to_thread(list_models)
        if each.writes
    ]
    names = {model["name"] for model in told}
    more = {"on_disk": True, "size": 0, "parameters": 0, "licence": "", "note": "", "source": ""}
    told += [{"name": name, **more, "loaded": name in loaded} for name in sorted({desk.model, *loaded} - names)]
    return {"models": told}


async def cancel(desk: Desk, values: Values, _: str) -> Values:
    """End a job at its next token."""
    job = desk.jobs.get(values["job"])
    if job is not None:
        job.set()
    return {"cancelled": job is not None}


async def create(desk: Desk, values: Values, _: str) -> Values:
    """A new draft."""
    if values.get("gap") is not None:
        found = {gap["gap"]: gap for gap in (await gaps(desk, {}, ""))["gaps"]}
        if values["gap"] not in found:
            raise missing(f"gap {values['gap']}")
        values = {"name": f"Gap {values['gap']}", **values, "text": found[values["gap"]]["passage"]}
    return await desk.draft(await desk.do(lambda store: drafting.create(store, values, desk.model)))


async def open_draft(desk: Desk, values: Values, _: str) -> Values:
    """A draft as it is."""
    return await desk.draft(values["draft"])


async def clone(desk: Desk, values: Values, _: str) -> Values:
    """A child of a draft."""
    return await desk.draft(await desk.do(lambda store: drafting.clone(store, values)))


async def export_tree(desk: Desk, values: Values, _: str) -> Values:
    """A draft as JSON."""
    return await desk.do(lambda store: exchange.export_tree(store, values["draft"]))


async def import_tree(desk: Desk, values: Values, _: str) -> Values:
    """A draft from JSON."""
    return await desk.draft(await desk.do(lambda store: exchange.import_tree(store, values["text"])))


async def watch(desk: Desk, values: Values, _: str) -> AsyncGenerator[Event, None]:
    """Tells whenever a draft changes, whoever changes it."""
    draft = values["draft"]
    await desk.draft(draft)
    if sum(map(len, desk.watching.values())) >= WATCHERS:
        raise Failure(429, "busy", f"{WATCHERS} tabs watch already: close some.", retry_after=10)

    async def events() -> AsyncGenerator[Event, None]:
        changed, told = asyncio.Event(), (-1, -1)
        desk.watching.setdefault(draft, set()).add(changed)
        try:
            while True:
                now = await desk.do(lambda store: (store.revision(draft), store.steering_revision(draft)))
                if now != told:
                    told = now
                    yield "changed", {"revision": now[0], "steering_revision": now[1]}
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(WATCHING):
                        await changed.wait()
                changed.clear()
        finally:
            desk.watching[draft].discard(changed)
            if not desk.watching[draft]:
                del desk.watching[draft]

    return events()


async def gaps(desk: Desk, _: Values, _user: str) -> Values:
    """The gaps of the piece."""
    if desk.piece is None:
        raise Failure(404, "missing", "This desk has no piece: start it with `verbosify desk PIECE`.")
    piece = desk.piece
    return await desk.do(lambda _: {"gaps": piece.gaps(), "readings": piece.readings()})


async def pick(desk: Desk, values: Values, _: str) -> Values:
    """Give the piece a pick."""
    if desk.piece is None:
        raise Failure(404, "missing", "This desk has no piece: start it with `verbosify desk PIECE`.")
    piece = desk.piece

    def put(store: Store) -> str:
        written = recording.written(store, values["draft"], values["node"], values["start"], values["end"])
        return piece.pick(values["gap"], values.get("reading", "own"), written)

    return {"message": await desk.do(put)}


CALLS = {
    "hello": hello,
    "status": status,
    "models": models,
    "cancel": cancel,
    "create": create,
    "open": open_draft,
    "clone": clone,
    "export_tree": export_tree,
    "import_tree": import_tree,
    "gaps": gaps,
    "pick": pick,
}
STREAMS = {"watch": watch}
