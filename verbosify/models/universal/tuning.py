"""The overfitting step on a model of transformers: the fast engine's mathematics, the model's own forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from verbosify.models.pytorch.tuning import Adam, SingleStep
from verbosify.models.settings import TuningRecipe
from verbosify.models.universal.weights import UniversalWeights

Losses = Callable[[Tensor], Tensor]
"""Token ids, (tokens,) -> cross-entropy, in nats, of each from the second on: (tokens - 1,)."""


@torch.enable_grad()
def tune(
    weights: UniversalWeights,
    windows: Sequence[Tensor],
    recipe: TuningRecipe,
    losses_of: Losses,
    directions: dict[str, Tensor] | None = None,
) -> list[Tensor]:
    """Take `recipe.steps` steps on the working weights; returns every window's losses before the first.

    Each step follows the *sum* of the windows' gradients. In the last window's backward pass each weight is changed,
    and its gradient freed, as soon as that gradient is whole; weights that no token has used stay as they are.
    A single step leaves its directions in `directions`, see `SingleStep`.
    """
    names = weights.tuned(recipe)
    apply = SingleStep(weights, recipe, directions) if recipe.steps == 1 else Adam(weights, names, recipe)
    try:
        for name in names:
            weights.working[name].requires_grad_()
        steps = [_step(weights, names, windows, apply, losses_of, number) for number in range(1, recipe.steps + 1)]
    finally:
        for name in names:
            weights.working[name].requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
    return steps[0]


def _step(
    weights: UniversalWeights,
    names: Sequence[str],
    windows: Sequence[Tensor],
    apply: SingleStep | Adam,
    losses_of: Losses,
    number: int,
) -> list[Tensor]:
    found = [_back(losses_of(window)) for window in windows[:-1]]

    def hook(name: str) -> Callable[[Tensor], None]:
        def when_ready(weight: Tensor) -> None:
            gradient, weight.grad = cast(Tensor, weight.grad), None
            apply(name, gradient, number)

        return when_ready

    hooks = [
        weights.working[name].register_post_accumulate_grad_hook(hook(name))  # type: ignore[no-untyped-call]
        for name in names
    ]
    try:
        found.append(_back(losses_of(windows[-1])))
    finally:
        for handle in hooks:
            handle.remove()
    return found


def _back(losses: Tensor) -> Tensor:
    losses.mean().backward()  # type: ignore[no-untyped-call]
    return losses.detach()
