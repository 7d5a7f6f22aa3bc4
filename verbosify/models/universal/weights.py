"""The weights of a model of transformers, and what they were before anything was learned. Knows tensors, no texts.

As in the fast engine the base stays in the files, mapped, and is copied back over the working weights. Where a file has
a weight in another form than the model computes with (experts that are joined when they are read), a copy is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.formats.safetensors import weight_files
from verbosify.models.settings import TuningRecipe


class UniversalWeights:
    """The parameters of `module`, just loaded from the safetensors in `folder`; see `tuning.Tunable`.

    Each base was compared with its parameter, number by number, so that restoring is known to be exact.
    """

    def __init__(self, module: Any, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        self.working: dict[str, Tensor] = dict(module.named_parameters())
        self._embeddings = _embeddings(module)
        self._base = _match(self.working, _map_tensors(folder), f"{module.base_model_prefix}.")

    @property
    def parameters(self) -> int:
        return sum(tensor.numel() for tensor in self.working.values())

    def tuned(self, recipe: TuningRecipe) -> list[str]:
        """Names of the weights that a recipe trains."""
        if recipe.weights == "all":
            return list(self.working)
        return [name for name, weight in self.working.items() if id(weight) not in self._embeddings]

    def base(self, name: str) -> list[Tensor]:
        base = self._base[name]
        return [base if base.ndim else base[None]]

    def copy_base(self, name: str, target: Tensor) -> None:
        target.copy_(self._base[name])

    @torch.no_grad()
    def restore(self) -> None:
        """Copy the base over the working weights, and forget what a training that was broken off left with them."""
        for name, working in self.working.items():
            working.requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
            working._post_accumulate_grad_hooks = None  # type: ignore[assignment]  # as torch itself has it
            self.copy_base(name, working)

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Make the working weights those, by the same names."""
        for name, working in self.working.items():
            working.copy_(weights[name])

    def to_file_layout(self, instead: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The working weights, or those given `instead` of them, by transformers' names: float32, on the CPU."""
        present = self.working | dict(instead or {})
        return {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in present.items()}


def _embeddings(module: Any) -> set[int]:
    """The tables of tokens and places, and the head, by their ids: all that recipes with `blocks` leave alone."""
    tables = [part.weight for part in module.modules() if isinstance(part, torch.nn.Embedding)]
    head = module.get_output_embeddings()
    return {id(weight) for weight in tables + ([head.weight, head.bias] if isinstance(head, torch.nn.Linear) else [])}


def _map_tensors(folder: Path) -> dict[str, Tensor]:
    from safetensors import safe_open

    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    return tensors


@torch.no_grad()
def _match(working: Mapping[str, Tensor], stored: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """For each parameter the stored tensor that it was made from, or a copy of it."""
    found: dict[str, Tensor] = {}
    for name, weight in working.items():
        if not weight.is_floating_point():
            raise ModelError(f"The weight {name} holds {weight.dtype}: only weights in floats can be trained.")
        for candidate in (name, name.removeprefix(prefix), prefix + name):
            if candidate in stored and _is_base(stored[candidate], weight):
                found[name] = stored[candidate]
                break
    taken = {id(tensor) for tensor in found.values()}
    for name in working.keys() - found.keys():  # called otherwise in the file than in the model
        others = (tensor for tensor in stored.values() if id(tensor) not in taken)
        found[name] = next((t for t in others if _is_base(t, working[name])), working[name].detach().clone())
        taken.add(id(found[name]))
    return found


def _is_base(stored: Tensor, weight: Tensor) -> bool:
    return stored.shape == weight.shape and torch.equal(stored.to(weight.device, weight.dtype), weight)
