"""The verbs that take their time: continuations, overfits, another model. Each goes on to its end in a task of its own.

So what the model has said is recorded though whoever asked has gone: then it is cancelled, and kept as far as it came.
Knows the desk, and no transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from verbosify.desk import recording
from verbosify.desk.asking import recipe_meant
from verbosify.desk.drafting import Values, draft_of, steering_of
from verbosify.desk.failures import Failure, invalid, told
from verbosify.desk.link import CLOSING
from verbosify.desk.rows import Question
from verbosify.desk.steering import sampling_settings, with_changes
from verbosify.desk.store import Store
from verbosify.desk.weighing import weights_for_model, weights_meant
from verbosify.errors import ModelError

if TYPE_CHECKING:
    from verbosify.desk.desk import Desk

Event = tuple[str, Values]
Tell = Callable[[str, Values], None]


def in_a_task(
    desk: Desk, work: Callable[[Tell, asyncio.Event, str], Awaitable[None]], *, stays: bool = False
) -> AsyncGenerator[Event, None]:
    """The events that `work` tells; to leave them cancels it, unless it `stays`, and it goes on to its end."""
    events: asyncio.Queue[Event | Failure | None] = asyncio.Queue()

    async def run() -> None:
        with desk.job() as (job, cancelled):
            left.append(cancelled)
            try:
                await work(lambda name, data: events.put_nowait((name, data)), cancelled, job)
                events.put_nowait(None)
            except Exception as error:  # it is told where it is waited for
                events.put_nowait(told(error))
            except asyncio.CancelledError:
                events.put_nowait(Failure(503, "model", CLOSING))
                raise

    left: list[asyncio.Event] = []
    task = desk.background(run())

    async def follow() -> AsyncGenerator[Event, None]:
        try:
            while (event := await events.get()) is not None:
                if isinstance(event, Failure):
                    raise event
                yield event
        finally:
            if left and not stays:
                left[0].set()
            elif not left and not task.done():
                task.cancel()

    return follow()


async def generate(desk: Desk, values: Values, user: str) -> AsyncGenerator[Event, None]:
    """Go on with a draft's text, from the cursor."""
    question, weights, text = await desk.do(lambda store: _question(store, values))
    settings = sampling_settings(question.steering["settings"])
    desk.turns.require_room(user)

    async def work(tell: Tell, cancelled: asyncio.Event, job: str) -> None:
        tell("queued", {"job": job, "ahead": desk.turns.waiting, "overfitting": None})
        async with desk.turns.turn(user, max(settings.n, settings.num_beams)):
            await _answer(desk, question, weights, text, tell, cancelled)

    return in_a_task(desk, work)


def _question(store: Store, values: Values) -> tuple[Question, Values | None, str]:
    """What is asked, before it is recorded; its weights, and the text before the cursor."""
    draft = values["draft"]
    store.row(draft)
    if "again" in values:
        question = store.said.question(draft, values["again"])
        meant = None if question.overfit is None else (question.overfit, question.strength)
        text = store.text_of(question.node)[: question.at]
        return question, weights_for_model(store, meant), text
    node = values.get("node") or store.stands_at(draft)
    whole = store.text_of(store.node(draft, node).id)
    at = values.get("at", len(whole))
    if at > len(whole):
        raise invalid(f"The text has {len(whole)} characters: there is no place {at}.")
    wanted: Any = dict(values.get("settings", {}))
    if "n" in values:
        wanted["n"] = values["n"]
    steering = with_changes(steering_of(store, draft), {"settings": wanted})
    settings = sampling_settings(steering["settings"])
    steering = {**steering, "settings": settings.to_dict()}
    meant = weights_meant(store, draft, values.get("weights"))
    question = Question(
        draft=draft,
        node=node,
        at=at,
        model=store.marked("model", draft),
        overfit=meant[0] if meant else None,
        strength=meant[1] if meant else 1.0,
        steering=steering,
    )
    return question, weights_for_model(store, meant), whole[:at]


async def _answer(
    desk: Desk, question: Question, weights: Values | None, text: str, tell: Tell, cancelled: asyncio.Event
) -> None:
    """Have the model go on; the question is recorded before a word of the answer is told, and the answer at its end."""
    if cancelled.is_set():
        raise Failure(409, "cancelled", "This was cancelled before it began.")
    asked = {"model": question.model, "weights": weights, "text": text, "steering": question.steering}
    answer: Values = {}
    with ExitStack() as open_question:
        async for name, data in desk.link.stream("generate", asked, cancelled.wait):
            if name == "waiting":
                if data["overfitting"] != 0:
                    tell("waiting", data)
            elif name == "started":
                question = await _recorded(desk, question)
                open_question.enter_context(desk.answering(question.id))
                tell("started", _started(question, data))
            elif name == "answer":
                answer = data
            else:
                tell(name, data)
        rows = await desk.do(lambda store: recording.put_rows(store, question, answer))
    desk.notify(question.draft)
    batch = rows[0]["batch"]
    about = ("row", "node", "generation", "text", "finish")
    told_rows = [{name: row[name] for name in about} for row in rows]
    tell("done", {"batch": batch, "rows": told_rows, "cancelled": answer["cancelled"], "seconds": answer["seconds"]})


async def _recorded(desk: Desk, question: Question) -> Question:
    """The question as it is in the record, where it may be from before."""
    return question if question.id else replace(question, id=await desk.do(lambda store: store.said.ask(question)))


def _started(question: Question, data: Values) -> Values:
    settings = question.steering["settings"]
    return {
        "question": question.id,
        "node": question.node,
        "at": question.at,
        "seed": settings["seed"],
        "n": settings["n"],
        "context_tokens": data["context_tokens"],
        "weights": "fresh" if question.overfit is None else "overfit",
        "settings": data["settings"],
    }


async def overfit(desk: Desk, values: Values, user: str) -> AsyncGenerator[Event, None]:
    """Overfit on a text, and have that in force."""
    draft, text = values["draft"], values["text"]
    recipe = recipe_meant(values.get("recipe", "classic"), values.get("strength", 1.0))

    def require(store: Store) -> str:
        with store.steering(draft, values["steering_revision"]):
            model: str = store.marked("model", draft)
            return model

    model = await desk.do(require)
    desk.turns.require_room(user)

    async def work(tell: Tell, cancelled: asyncio.Event, job: str) -> None:
        tell("queued", {"job": job, "ahead": desk.turns.waiting})
        async with desk.turns.turn(user, 1):
            if cancelled.is_set():
                raise Failure(409, "cancelled", "This was cancelled before it began.")
            report: Any = None
            asked = {"model": model, "text": text, "recipe": recipe}
            async with aclosing(desk.link.stream("overfit", asked)) as heard:
                async for name, data in heard:
                    if cancelled.is_set():
                        raise Failure(409, "cancelled", "This was stopped: the draft has the weights it had.")
                    if name == "answer":
                        report = data
                    else:
                        tell(name, data)
        strength = recipe.get("strength", 1.0)
        await desk.do(lambda store: recording.put_overfit(store, draft, model, text, strength, report))
        desk.notify(draft)
        tell("done", {"draft": await desk.draft(draft)})

    return in_a_task(desk, work, stays=True)


async def use_model(desk: Desk, values: Values, user: str) -> AsyncGenerator[Event, None]:
    """Have another model for a draft, fetched if need be."""
    draft, model = values["draft"], values["model"]
    _require_name(desk, model)

    def require(store: Store) -> None:
        with store.steering(draft, values["steering_revision"]):
            return

    await desk.do(require)
    desk.turns.require_room(user)

    async def work(tell: Tell, cancelled: asyncio.Event, job: str) -> None:
        tell("queued", {"job": job, "ahead": desk.turns.waiting})
        async with desk.turns.turn(user, 1):
            async for name, data in desk.link.stream("load", {"model": model}):
                if name == "progress":
                    tell(name, data)
            if cancelled.is_set():
                raise Failure(409, "cancelled", "This was cancelled: the draft has the model it had.")

        def use(store: Store) -> Values:
            with store.database.writing():
                if store.marked("model", draft) != model:
                    store.mark("model", model, draft)
                    store.mark("weights", None, draft)
            return draft_of(store, draft)

        told_draft = await desk.do(use)
        desk.notify(draft)
        tell("done", {"draft": told_draft})

    return in_a_task(desk, work)


def _require_name(desk: Desk, model: str) -> None:
    """`ModelError` for a path: only whoever starts the desk may name a folder."""
    from verbosify.models.loading import require_model
    from verbosify.models.store.catalog import catalogue_entry, repository_meant
    from verbosify.models.store.folders import existing_path

    known = model == desk.model or catalogue_entry(model) is not None
    if not known and (existing_path(model) is not None or repository_meant(model) is None):
        raise ModelError(f"{model[:80]!r} is neither in the catalogue nor owner/name at the hub: check the name.")
    require_model(model)


STREAMS = {"generate": generate, "overfit": overfit, "use_model": use_model}
