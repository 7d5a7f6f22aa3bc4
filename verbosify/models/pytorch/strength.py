"""A step taken once, applied by more or less of it. Knows weights, no gradients."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.pytorch.tuning import Tunable
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.divergence import in_float32


class Rescaler:
    """The one step that `recipe` took on `weights`, to be applied by any strength.

    Float32 weights tell their step themselves, as long as there is one; it is put aside at the first change, which
    takes the memory of another copy. Rounded ones do not: their `directions` are needed, as `SingleStep` leaves them.
    """

    def __init__(self, weights: Tunable, recipe: TuningRecipe, directions: Mapping[str, Tensor] | None) -> None:
        self._weights = weights
        self._recipe = recipe
        self._directions = directions
        self._steps: dict[str, Tensor] = {}

    @torch.no_grad()
    def apply(self, strength: float) -> None:
        """Make the working weights those of that strength."""
        if self._directions is None and not self._steps:
            self._steps = self._taken()
        for name, working in self._weights.working.items():
            exact = self._base(name)
            if self._directions is None:
                exact.add_(self._steps[name], alpha=strength / self._recipe.strength)
            elif name in self._directions:
                rate = in_float32(self._recipe.learning_rate * strength)
                exact.sub_(self._directions[name].float(), alpha=rate / 127)
            working.copy_(exact)

    def _taken(self) -> dict[str, Tensor]:
        if self._weights.dtype != torch.float32 or self._recipe.strength == 0:
            raise ModelError("The step of this overfit is not known any more: take it anew, with another strength.")
        return {name: working - self._base(name) for name, working in self._weights.working.items()}

    def _base(self, name: str) -> Tensor:
        working = self._weights.working[name]
        base = torch.empty_like(working, dtype=torch.float32)
        self._weights.copy_base(name, base)
        return base
