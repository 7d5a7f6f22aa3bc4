"""The verbs that ask the model something it answers at once: what it sees, what comes next, how likely a word was.

Every function takes the desk, a request's checked values, and who asks. Knows no transport.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from verbosify.desk import recording
from verbosify.desk.drafting import Values, steering_of
from verbosify.desk.failures import invalid
from verbosify.desk.steering import with_changes
from verbosify.desk.store import Store
from verbosify.desk.weighing import weights_for_model, weights_meant
from verbosify.models.settings import RECIPES, TuningRecipe, recipe_named

if TYPE_CHECKING:
    from verbosify.desk.desk import Desk

WINDOWS_MOST = 100
"""Windows that one overfit reads, over all its steps: nobody else is answered by that model meanwhile."""


async def asked(desk: Desk, user: str, ask: str, **values: Any) -> Any:
    """The answer to a small question, in its turn."""
    async with desk.quick.turn(user, 1):
        return await desk.link.ask(ask, **values)


async def seen_by(desk: Desk, values: Values) -> Values:
    """The model, weights, text before the cursor and steering that a request means."""

    def look(store: Store) -> Values:
        draft = values["draft"]
        text = _text_meant(store, values)
        steering = steering_of(store, draft)
        if "settings" in values:
            steering = with_changes(steering, {"settings": values["settings"]})
        meant = weights_meant(store, draft, values.get("weights"))
        return {
            "model": store.marked("model", draft),
            "weights": weights_for_model(store, meant),
            "text": text,
            "steering": steering,
        }

    return await desk.do(look)


async def preview(desk: Desk, values: Values, user: str) -> Values:
    """Exactly what the model will see."""
    seen = await seen_by(desk, values)
    del seen["weights"]
    told: Values = await asked(desk, user, "preview", **seen)
    return told


async def tokens(desk: Desk, values: Values, user: str) -> Values:
    """The likeliest next tokens."""
    told: Values = await asked(desk, user, "tokens", top=values.get("top", 100), **await seen_by(desk, values))
    return told


async def tokenize(desk: Desk, values: Values, user: str) -> Values:
    """The tokens of a text."""
    model = desk.model
    if "draft" in values:
        model = (await desk.draft(values["draft"]))["model"]
    told: Values = await asked(desk, user, "tokenize", model=model, text=values["text"])
    return told


async def tints(desk: Desk, values: Values, user: str) -> Values:
    """How likely each token of a text was, under the fresh weights and the overfitted."""
    draft = values["draft"]
    whole = await desk.do(lambda store: _text_meant(store, {**values, "at": None}))
    start, end = values.get("start", 0), values.get("end", len(whole))
    if not 0 <= start <= end <= len(whole):
        raise invalid(f"Characters {start} to {end} are no stretch of a text of {len(whole)}.")
    which = values.get("weights", ["fresh", "overfit"])
    model = (await desk.draft(draft))["model"]
    overfit = await desk.do(lambda store: recording.last_overfit(store, draft))
    told: dict[str, Values] = {}
    for kind in which:
        if kind == "overfit" and overfit is None:
            continue
        meant = overfit if kind == "overfit" else None
        weights = await desk.do(lambda store, meant=meant: weights_for_model(store, meant))  # type: ignore[misc]
        told[kind] = await asked(desk, user, "tints", model=model, weights=weights, text=whole, start=start, end=end)
    first = next(iter(told.values()), {"start": start, "tokens": []})
    tokens = [
        _tint(token, whole, {kind: told[kind]["tokens"][number]["score"] for kind in told})
        for number, token in enumerate(first["tokens"])
    ]
    return {"start": first["start"], "tokens": tokens, "overfit": overfit[0] if overfit else None}


async def alternatives(desk: Desk, values: Values, user: str) -> Values:
    """A token of the text, and what could stand there."""
    seen = await seen_by(desk, {**values, "at": None})
    told: Values = await asked(desk, user, "alternatives", start=values["start"], top=values.get("top", 10), **seen)
    token = told["token"]
    token["probability"] = math.exp(token.pop("log_probability"))
    return told


async def take(desk: Desk, values: Values, user: str) -> Values:
    """A token of the list, put where the cursor is."""
    return await _put_token(desk, values, user, "taken")


async def swap(desk: Desk, values: Values, user: str) -> Values:
    """A token in place of another, on a branch of its own."""
    return await _put_token(desk, values, user, "swap")


async def _put_token(desk: Desk, values: Values, user: str, kind: str) -> Values:
    """One token into the text: where the cursor is, or in place of another."""
    draft, revision = values["draft"], values["revision"]

    def stand(store: Store) -> None:
        with store.moving(draft, revision):
            return

    await desk.do(stand)
    at = values.get("at") if kind == "taken" else values["start"]
    seen = await seen_by(desk, {**values, "at": at})
    if kind == "swap" and not seen["text"]:
        raise invalid("Nothing stands before the first token: change it by typing.")
    taken = await asked(desk, user, "take", token_id=values["token_id"], **seen)
    end = None if kind == "taken" else values["end"]
    rest = kind == "taken" or values.get("rest", False)

    def put(store: Store) -> None:
        with store.moving(draft, revision):
            meant = weights_meant(store, draft, values.get("weights"))
            recording.put_token(store, draft, taken, kind, len(seen["text"]), end, meant, rest=rest)

    await desk.do(put)
    return await desk.changed(draft)


def recipe_meant(recipe: Any, strength: float = 1.0) -> Values:
    """A recipe by its name, or with some of its fields, whole."""
    if isinstance(recipe, str):
        made = recipe_named(recipe).to_dict()
    else:
        made = {**RECIPES["classic"].to_dict(), "name": "own", **recipe}
        if made["steps"] * made["windows_per_step"] > WINDOWS_MOST:
            raise invalid(
                f"An overfit at the desk reads at most {WINDOWS_MOST} windows over all its steps: ask for fewer."
            )
    return TuningRecipe.from_dict({**made, "strength": strength} if strength != 1 else made).to_dict()


async def estimate(desk: Desk, values: Values, user: str) -> Values:
    """How long an overfit takes here."""
    model = (await desk.draft(values["draft"]))["model"]
    known = await desk.do(lambda store: store.said.taken(model))
    recipe = recipe_meant(values.get("recipe", "classic"))
    told: Values = await asked(desk, user, "estimate", model=model, text=values["text"], recipe=recipe, known=known)
    return told


def _text_meant(store: Store, values: Values) -> str:
    """The text before the cursor: unsaved, or a node's, or where the draft stands."""
    draft = values["draft"]
    if "text" in values:
        store.row(draft)
        text: str = values["text"]
    elif "node" in values:
        text = store.text_of(store.node(draft, values["node"]).id)
    else:
        text = store.text_of(store.stands_at(draft))
    at = values.get("at")
    if at is not None and at > len(text):
        raise invalid(f"The text has {len(text)} characters: there is no place {at}.")
    return text if at is None else text[:at]


def _tint(token: Values, text: str, scores: dict[str, Values | None]) -> Values:
    """A token, how likely each of the weights had it, and by how many doublings the overfit changed that."""
    fresh, other = scores.get("fresh"), scores.get("overfit")
    difference = (other["log_probability"] - fresh["log_probability"]) / math.log(2) if fresh and other else None
    place = {name: token[name] for name in ("start", "end")}
    told = {"fresh": _told_score(fresh), "overfit": _told_score(other), "difference": difference}
    return {**place, "text": text[token["start"] : token["end"]], **told}


def _told_score(score: Values | None) -> Values | None:
    if score is None:
        return None
    about = {name: score[name] for name in ("rank", "entropy")}
    return {"probability": math.exp(score["log_probability"]), **about}


CALLS = {
    "preview": preview,
    "tokens": tokens,
    "tokenize": tokenize,
    "tints": tints,
    "alternatives": alternatives,
    "take": take,
    "swap": swap,
    "estimate": estimate,
}
