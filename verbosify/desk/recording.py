"""What the model said, put into the record and the tree; and what of it a stretch of text holds.

Knows the record alone, and runs in its thread.
"""

from __future__ import annotations

from typing import Any, cast

from verbosify.desk.failures import invalid
from verbosify.desk.lending import Written
from verbosify.desk.rows import DeskBatch, DeskOverfit, NodeKind, Question
from verbosify.desk.store import Store
from verbosify.desk.tree import Change, origins, within
from verbosify.record.fields import values_of
from verbosify.record.generations import Generation

Values = dict[str, Any]
Meant = tuple[int, float] | None
"""An overfit and its strength, or the fresh weights."""


def last_overfit(store: Store, draft: int) -> Meant:
    """The overfit that is in force, or else the newest of the draft."""
    held = store.marked("weights", draft)
    if held is not None:
        return held["overfit"], held["strength"]
    made = store.said.overfits(draft)
    return (made[0].id, made[0].recipe.get("strength", 1.0)) if made else None


def put_rows(store: Store, question: Question, answer: Values) -> list[Values]:
    """Record an answer: a batch, its rows, and each as a node beside the others, on the disk when this returns."""
    batch = DeskBatch(
        question=question.id,
        overfit=question.overfit,
        strength=question.strength,
        prompt=answer["prompt"],
        prompt_ids=answer["prompt_ids"],
        model=answer["card"],
        settings=question.steering["settings"],
        reason="cancelled" if answer["cancelled"] else "",
        seconds=answer["seconds"],
    )
    rows = [_generation(row["row"], row) for row in answer["rows"]]
    with store.database.writing():
        made, generations = store.said.answer(batch, rows)
        told = []
        for row, generation in zip(answer["rows"], generations, strict=True):
            change = Change(question.at, question.at, row["text"])
            node = store.add_node(question.draft, question.node, "continuation", change, generation)
            about = {name: row[name] for name in ("row", "text", "finish")}
            told.append({**about, "node": node, "generation": generation, "batch": made})
    return told


def put_token(
    store: Store, draft: int, taken: Values, kind: str, at: int, end: int | None, meant: Meant, *, rest: bool
) -> int:
    """Record a token that a person chose, and have the draft stand at the text with it. Call it inside `moving`."""
    parent = store.stands_at(draft)
    whole = store.text_of(parent)
    until = at if end is None else end
    if not at <= until <= len(whole):
        raise invalid(f"Characters {at} to {until} are no stretch of a text of {len(whole)}: check the offsets.")
    batch = DeskBatch(
        overfit=meant[0] if meant else None,
        strength=meant[1] if meant else 1.0,
        prompt=taken["prompt"],
        prompt_ids=taken["prompt_ids"],
        model=taken["card"],
        settings=taken["settings"],
        reason="taken from the list by hand" if kind == "taken" else "put in place of another by hand",
        seconds=0.0,
    )
    said = {"token_ids": taken["token_ids"], "text": taken["text"], "finish": "taken", "measures": taken["measures"]}
    _, generations = store.said.answer(batch, [_generation(0, said)])
    change = Change(at, until if rest else len(whole), taken["text"])
    node = store.add_node(draft, parent, cast(NodeKind, kind), change, generations[0])
    store.go(draft, node)
    return node


def _generation(number: int, row: Values) -> Generation:
    return Generation(
        index=number,
        token_ids=row["token_ids"],
        text=row["text"],
        finish=row["finish"],
        measures=row.get("measures", {}),
    )


def put_overfit(store: Store, draft: int, model: str, text: str, strength: float, report: Values) -> int:
    """Record an overfit, and have it in force; its id."""
    overfit = DeskOverfit(draft=draft, of_model=model, text=text, **report)
    with store.database.writing():
        made = store.said.add_overfit(overfit)
        store.mark("weights", {"overfit": made, "strength": strength}, draft)
    return made


def written(store: Store, draft: int, node: int, start: int, end: int) -> Written:
    """A stretch of a node's text, and what the model said of it."""
    store.node(draft, node)
    text = store.text_of(node)
    if not 0 <= start < end <= len(text):
        raise invalid(f"Characters {start} to {end} are no stretch of a text of {len(text)}: select some text.")
    path = store.path(node)
    changes = [Change(each.start, each.end, each.inserted) for each in path]
    pieces = list(within(origins(changes), start, end))
    places: dict[int, tuple[int, int]] = {}
    for piece in pieces:
        if (generation := path[piece.step].generation) is not None:
            first, last = piece.offset, piece.offset + piece.end - piece.start
            known = places.get(generation, (first, last))
            places[generation] = min(known[0], first), max(known[1], last)
    said = [{**_said(store, generation), "start": at[0], "end": at[1]} for generation, at in sorted(places.items())]
    return Written(text[start:end], tuple(said), whole=len(pieces) == 1 and len(places) == 1)


def _said(store: Store, generation: int) -> Values:
    row, batch = store.said.generation(generation)
    overfit: Values | None = None
    if batch.overfit is not None:
        made = values_of(store.said.overfit(batch.overfit))
        recipe = {**made["recipe"], "strength": batch.strength} if batch.strength != 1 else made["recipe"]
        overfit = {**made, "recipe": recipe}
    about = {name: getattr(row, name) for name in ("text", "token_ids", "finish")}
    return {
        **about,
        "settings": batch.settings,
        "model": batch.model,
        "prompt": batch.prompt,
        "seconds": batch.seconds,
        "overfit": overfit,
    }
