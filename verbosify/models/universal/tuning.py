"""The overfitting step on a model of transformers: the fast engine's mathematics, the model's own forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from verbosify.models.pytorch.tuning import Adam, SingleStep
from verbosify.models.settings import TuningRecipe
from verbosify.models.universal.weights import UniversalWeights

Loss = Callable[[Tensor], Tensor]
"""Token ids, (tokens,) -> mean cross-entropy, nats a token, from the second token on."""


@torch.enable_grad()
def tune(
    weights: UniversalWeights,
    windows: Sequence[Tensor],
    recipe: TuningRecipe,
    loss: Loss,
    directions: dict[str, Tensor] | None = None,
) -> float:
    """Take `recipe.steps` steps on the working weights; returns the mean window loss before the first.

    Each step follows the *sum* of the windows' gradients. In the last window's backward pass each weight is changed,
    and its gradient freed, as soon as that gradient is whole; weights that no token has used stay as they are.
    A single step leaves its directions in `directions`, see `SingleStep`.
    """
    names = weights.tuned(recipe)
    apply = SingleStep(weights, recipe, directions) if recipe.steps == 1 else Adam(weights, names, recipe)
    try:
        for name in names:
            weights.working[name].requires_grad_()
        losses = [_step(weights, names, windows, apply, loss, number) for number in range(1, recipe.steps + 1)]
    finally:
        for name in names:
            weights.working[name].requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
    return losses[0]


def _step(
    weights: UniversalWeights,
    names: Sequence[str],
    windows: Sequence[Tensor],
    apply: SingleStep | Adam,
    loss: Loss,
    number: int,
) -> float:
    total = 0.0
    for window in windows[:-1]:
        total += _back(loss(window))

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
        total += _back(loss(windows[-1]))
    finally:
        for handle in hooks:
            handle.remove()
    return total / len(windows)


def _back(loss: Tensor) -> float:
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()
