"""Many steps on changing windows, in PyTorch: Adam as TensorFlow 1 has it, over float32 master weights.

For one step on one passage see `tuning`, which needs no state. Knows token ids; knows nothing of texts or files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.pytorch.tuning import BETA1, BETA2, Tunable
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.divergence import in_float32
from verbosify.models.training.saving import Writers


class TorchTrainer:
    """A model's weights on their way, and Adam's memory of it. Starts from the base weights.

    Args:
        names: those of the working weights that are trained.
        loss: mean cross-entropy, nats a token, of token ids under the working weights.
        writers: what can be written of such weights by their names, so many steps having been taken.
        changed: called whenever the weights change.
    """

    def __init__(
        self,
        weights: Tunable,
        names: Sequence[str],
        recipe: TuningRecipe,
        *,
        loss: Callable[[Tensor], Tensor],
        vocabulary: int,
        writers: Callable[[Mapping[str, Tensor], int], Writers],
        changed: Callable[[], None],
    ) -> None:
        self.vocabulary = vocabulary
        self._weights = weights
        self._mean_loss = loss
        self._writers = writers
        self._changed = changed
        self._epsilon = in_float32(recipe.epsilon)
        self._steps = 0
        self._masters: dict[str, Tensor] = {}
        for name in names:
            working = weights.working[name]
            if working.dtype == torch.float32:
                self._masters[name] = working
            else:
                self._masters[name] = torch.empty_like(working, dtype=torch.float32)
                weights.copy_base(name, self._masters[name])
        rate = in_float32(recipe.learning_rate)
        self._adam = torch.optim.Adam(list(self._masters.values()), lr=rate, betas=(BETA1, BETA2))

    @torch.enable_grad()
    def step(self, windows: Sequence[Sequence[int]]) -> float:
        """Step along the sum of the windows' gradients; returns their mean loss before."""
        total = 0.0
        tuned = [self._weights.working[name] for name in self._masters]
        try:
            for weight in tuned:
                weight.requires_grad_()
            for window in windows:
                loss = self._loss(window)
                loss.backward()  # type: ignore[no-untyped-call]
                total += loss.item()
            self._apply([weight.grad for weight in tuned])
        finally:
            for weight in tuned:
                weight.requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
        return total / len(windows)

    @torch.no_grad()
    def _apply(self, gradients: Sequence[Any]) -> None:
        self._changed()
        self._steps += 1
        for master, gradient in zip(self._masters.values(), gradients, strict=True):
            master.grad = torch.zeros_like(master) if gradient is None else gradient.float()  # an expert nobody asked
        # TensorFlow adds its epsilon before it corrects the second moment, PyTorch after.
        self._adam.param_groups[0]["eps"] = self._epsilon / math.sqrt(1 - BETA2**self._steps)
        self._adam.step()
        for name, master in self._masters.items():
            master.grad = None
            if self._weights.working[name] is not master:
                self._weights.working[name].copy_(master)

    @torch.no_grad()
    def loss(self, token_ids: Sequence[int]) -> float:
        """Mean cross-entropy, nats a token, from the second token on."""
        return self._loss(token_ids).item()

    def _loss(self, token_ids: Sequence[int]) -> Tensor:
        return self._mean_loss(torch.tensor(token_ids, device=self._weights.device))

    def weights(self) -> dict[str, Array]:
        """The weights being trained, float32; views of what the next step changes."""
        return {name: master.detach().cpu().numpy() for name, master in self._masters.items()}

    def moments(self) -> dict[str, Array]:
        """Adam's memory, once a step was taken."""
        moments = {"steps": torch.tensor(self._steps)}
        for name, master in self._masters.items():
            moments[f"{name}.first"] = self._adam.state[master]["exp_avg"]
            moments[f"{name}.second"] = self._adam.state[master]["exp_avg_sq"]
        return {name: moment.cpu().numpy() for name, moment in moments.items()}

    @torch.no_grad()
    def load(self, arrays: Mapping[str, Array]) -> None:
        """Go back to those weights, and to those moments if they are among `arrays`."""
        self._changed()
        for name, master in self._masters.items():
            master.copy_(torch.from_numpy(arrays[name]))
            self._weights.working[name].copy_(master)
        if "steps" not in arrays:
            return
        self._steps = int(arrays["steps"])
        for name, master in self._masters.items():
            self._adam.state[master] = {
                "step": torch.tensor(float(self._steps)),
                "exp_avg": torch.empty_like(master).copy_(torch.from_numpy(arrays[f"{name}.first"])),
                "exp_avg_sq": torch.empty_like(master).copy_(torch.from_numpy(arrays[f"{name}.second"])),
            }

    def writers(self, steps: int) -> Writers:
        """What can be written of the weights, `steps` having been taken; `ModelError` once they are fresh again."""
        return self._writers(self._masters, steps)
