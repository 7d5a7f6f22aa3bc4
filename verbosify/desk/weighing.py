"""The weights of a draft: those in force, those that a request means, and its overfits. Knows the record alone."""

from __future__ import annotations

from typing import Any

from verbosify.desk.failures import Failure, missing
from verbosify.desk.rows import DeskOverfit
from verbosify.desk.store import Store
from verbosify.models.settings import TuningRecipe

Values = dict[str, Any]


def weights_told(store: Store, draft: int) -> Values:
    """The weights that are in force."""
    held = store.marked("weights", draft)
    if held is None:
        return {"kind": "fresh"}
    overfit = overfit_told(store.said.overfit(held["overfit"]))
    overfit["overfit"] = overfit.pop("id")
    return {"kind": "overfit", **overfit, "strength": held["strength"]}


def overfit_told(overfit: DeskOverfit) -> Values:
    """An overfit as it is told."""
    names = ("id", "text", "loss_before", "loss_after", "window_tokens", "seconds", "created", "recipe")
    told = {name: getattr(overfit, name) for name in names}
    return told | {"strength": overfit.recipe.get("strength", 1.0)}


def weights_meant(store: Store, draft: int, which: Any = None) -> tuple[int, float] | None:
    """The overfit that is meant and its strength; None for the fresh weights, `which` None for those in force."""
    if which == "fresh":
        return None
    if which is None:
        held = store.marked("weights", draft)
        return None if held is None else (held["overfit"], held["strength"])
    overfit = store.said.overfit(which["overfit"])
    if overfit.draft != draft:
        raise missing(f"overfit {overfit.id} in draft {draft}")
    return overfit.id, which.get("strength", 1.0)


def weights_for_model(store: Store, meant: tuple[int, float] | None) -> Values | None:
    """Weights as the model's process takes them."""
    if meant is None:
        return None
    overfit = store.said.overfit(meant[0])
    recipe = {name: value for name, value in overfit.recipe.items() if name != "strength"}
    return {"text": overfit.text, "recipe": TuningRecipe.from_dict({**recipe, "strength": meant[1]}).to_dict()}


def weigh(store: Store, values: Values) -> None:
    """Have other weights in force."""
    draft, overfit = values["draft"], values["overfit"]
    with store.steering(draft, values["steering_revision"]):
        if overfit is None:
            store.mark("weights", None, draft)
            return
        made = store.said.overfit(overfit)
        if made.draft != draft:
            raise missing(f"overfit {overfit} in draft {draft}")
        if made.of_model != store.marked("model", draft):
            raise Failure(422, "refused", f"That overfit is of {made.of_model}: switch to that model first.")
        strength = values.get("strength", 1.0)
        weights_for_model(store, (overfit, strength))  # a recipe of several steps has no strength but 1
        store.mark("weights", {"overfit": overfit, "strength": strength}, draft)


def overfits(store: Store, values: Values) -> Values:
    """The overfits of a draft."""
    store.row(values["draft"])
    return {"overfits": [overfit_told(each) for each in store.said.overfits(values["draft"])]}
