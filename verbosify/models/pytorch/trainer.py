"""Many steps on changing windows, in PyTorch, with a memory of the last ones.

For one step on one passage see `tuning`, which needs no state. Knows token ids; knows nothing of texts or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.pytorch.tuning import Adam, Tunable, in_fixed_order
from verbosify.models.settings import TuningRecipe
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
        self._adam = Adam(weights, names, recipe)
        self._steps = 0

    @torch.enable_grad()
    def step(self, windows: Sequence[Sequence[int]]) -> float:
        """Step along the sum of the windows' gradients; returns their mean loss before."""
        total = 0.0
        tuned = {name: self._weights.working[name] for name in self._adam.masters}
        try:
            for weight in tuned.values():
                weight.requires_grad_()
            for window in windows:
                with in_fixed_order(self._weights.device):
                    loss = self._loss(window)
                    loss.backward()  # type: ignore[no-untyped-call]
                total += loss.item()
            self._changed()
            self._steps += 1
            for name, weight in tuned.items():
                gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad  # an expert nobody asked
                weight.grad = None
                self._adam(name, gradient, self._steps)
        finally:
            for weight in tuned.values():
                weight.requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
        return total / len(windows)

    @torch.no_grad()
    def loss(self, token_ids: Sequence[int]) -> float:
        """Mean cross-entropy, nats a token, from the second token on."""
        return self._loss(token_ids).item()

    def _loss(self, token_ids: Sequence[int]) -> Tensor:
        return self._mean_loss(torch.tensor(token_ids, device=self._weights.device))

    def weights(self) -> dict[str, Array]:
        """The weights being trained, float32; views of what the next step changes."""
        return {name: master.detach().cpu().numpy() for name, master in self._adam.masters.items()}

    def moments(self) -> dict[str, Array]:
        """Adam's memory, once a step was taken."""
        moments = {"steps": torch.tensor(self._steps)}
        moments |= {f"{name}.first": moment for name, moment in self._adam.first.items()}
        moments |= {f"{name}.second": moment for name, moment in self._adam.second.items()}
        return {name: moment.cpu().numpy() for name, moment in moments.items()}

    @torch.no_grad()
    def load(self, arrays: Mapping[str, Array]) -> None:
        """Go back to those weights, and to those moments if they are among `arrays`."""
        self._changed()
        for name, master in self._adam.masters.items():
            master.copy_(torch.from_numpy(arrays[name]))
            self._weights.working[name].copy_(master)
        if "steps" in arrays:
            self._steps = int(arrays["steps"])
            for name in self._adam.masters:
                self._adam.first[name].copy_(torch.from_numpy(arrays[f"{name}.first"]))
                self._adam.second[name].copy_(torch.from_numpy(arrays[f"{name}.second"]))

    def writers(self, steps: int) -> Writers:
        """What can be written of the weights, `steps` having been taken; `ModelError` once they are fresh again."""
        return self._writers(self._adam.masters, steps)
