"""When training went too far: the one notion of it, for every engine. Knows losses, not how they are made."""

from __future__ import annotations

import math

from verbosify.errors import ModelError
from verbosify.models.settings import TuningRecipe


class DivergenceError(ModelError):
    """A training went too far: its weights know less than none."""


LARGEST = 1e36
"""Rates and epsilons up to here stay within float32 whatever Adam's corrections make of them."""


def in_float32(number: float) -> float:
    """The rate or epsilon of a recipe, infinite where float32 has no room for it: a step by it diverges the same."""
    return number if number <= LARGEST else math.inf


def require_convergence(
    loss: float, recipe: TuningRecipe, vocabulary: int, *, before: float = math.inf, what: str = "Overfitting"
) -> None:
    """Raise `DivergenceError` if weights with this loss, nats a token, have diverged.

    They have if the loss is no finite number, or if it is both above `before`, the loss of the same tokens before the
    training, and no better than that of a model that knows nothing, which is the logarithm of its vocabulary.
    """
    guessing = math.log(vocabulary) - 0.01  # but for rounding
    if not math.isfinite(loss) or not loss <= max(before, guessing):
        raise DivergenceError(f"{what} diverged at learning rate {recipe.learning_rate}: choose a lower one.")
