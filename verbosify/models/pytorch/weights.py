"""Weights in a folder, and the working copy a model computes with. Knows names and shapes, not mathematics.

The base weights stay in the file, mapped read-only in spirit: nothing here ever writes to them. The
working copy is what training changes; `restore` copies the base over it, so that fresh weights come back
bit for bit however an overfit ended, and no second copy lies in memory (a card has the base in its own).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.files import read_json
from verbosify.models.pytorch.transformer import Architecture, read_architecture

Source = tuple[str, ...]
"""Names in the file whose tensors, stacked along their rows, make one of ours."""


class Weights:
    """One model's weights: `base` on disk, `working` in memory, under the same names.

    Every projection's working weight is (width out, width in); query, key and value are one projection,
    as are Llama's gate and up.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        config = _read_config(folder / "config.json")
        self.architecture = read_architecture(config, str(folder / "config.json"))
        self.config = config
        self._tensors = _map_tensors(folder / "model.safetensors")
        if device.type == "cuda":  # through the bus, taking the base would last longer than the overfit
            self._tensors = {name: tensor.to(device) for name, tensor in self._tensors.items()}
        self._sources = dict(_sources(self.architecture))
        self._transposed = self.architecture.family == "gpt2"
        self.device, self.dtype = device, dtype
        self.working: dict[str, Tensor] = {}
        for name, shape in _shapes(self.architecture):
            self._check(name, shape, folder)
            # laid out in memory as in the file: copying one to the other then turns nothing around
            turned = self._transposed and _is_projection(name)
            memory = torch.empty(shape[::-1] if turned else shape, device=device, dtype=dtype)
            self.working[name] = memory.t() if turned else memory
        self.restore()

    def _check(self, name: str, shape: tuple[int, ...], folder: Path) -> None:
        wanted = shape[::-1] if self._transposed and _is_projection(name) else shape
        rows = 0
        for source in self._sources[name]:
            if source not in self._tensors:
                raise ModelError(f"{folder}/model.safetensors lacks the tensor {source!r}: fetch the model again.")
            part = self._tensors[source]
            if not part.is_floating_point():
                raise ModelError(f"In {folder} the tensor {source!r} holds {part.dtype}: weights must be floats.")
            if part.ndim != len(wanted) or part.shape[1:] != wanted[1:]:
                raise ModelError(_does_not_fit(folder, source, tuple(part.shape), wanted))
            rows += len(part)
        if rows != wanted[0]:
            raise ModelError(_does_not_fit(folder, " + ".join(self._sources[name]), (rows, *wanted[1:]), wanted))

    def base(self, name: str) -> list[Tensor]:
        """The parts on disk, oriented like the working copy."""
        parts = [self._tensors[part] for part in self._sources[name]]
        if self._transposed and _is_projection(name):
            return [part.t() for part in parts]
        return parts

    @torch.no_grad()
    def restore(self) -> None:
        """Copy the base over the working weights, and forget what a training that was broken off left with them."""
        for name, working in self.working.items():
            working.requires_grad_(False).grad = None  # noqa: FBT003  # torch's own signature
            self.copy_base(name, working)

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Make the working weights those, by the same names."""
        for name, working in self.working.items():
            working.copy_(weights[name])

    def copy_base(self, name: str, target: Tensor) -> None:
        """Fill `target`, of the working weight's shape, with the base weight of that name."""
        row = 0
        for part in self.base(name):
            target[row : row + len(part)].copy_(part)
            row += len(part)

    def to_file_layout(self, instead: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The working weights, or those given `instead` of them, as the file has them: its names, its orientation.

        They are float32, on the CPU.
        """
        tensors = {}
        for name, working in (self.working | dict(instead or {})).items():
            row = 0
            for source, part in zip(self._sources[name], self.base(name), strict=True):
                tensor = working[row : row + len(part)]
                if self._transposed and _is_projection(name):
                    tensor = tensor.t()
                tensors[source] = tensor.detach().to("cpu", torch.float32).contiguous()
                row += len(part)
        return tensors

    @property
    def parameters(self) -> int:
        return sum(tensor.numel() for tensor in self.working.values())


def _does_not_fit(folder: Path, name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    return (
        f"In {folder} the tensor {name!r} has shape {found}, but config.json asks for {wanted}: the two files do not "
        "belong together; fetch the model again."
    )


def _is_projection(name: str) -> bool:
    return name.endswith((".qkv", "_out", "_in"))


def _read_config(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelError(f"{path.parent} holds no {path.name}: it is not a model folder.")
    value = read_json(path, ModelError, "fetch the model again")
    if not isinstance(value, dict):
        raise ModelError(f"{path} does not hold a JSON object: fetch the model again.")
    return value


def _map_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file, mapped from disk rather than read; names without a model prefix."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except FileNotFoundError as error:
        raise ModelError(f"{path.parent} holds no {path.name}: weights are read from safetensors only.") from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file ({error}): fetch the model again.") from error
    return {name.removeprefix("model.").removeprefix("transformer."): tensor for name, tensor in tensors.items()}


def _shapes(a: Architecture) -> Iterator[tuple[str, tuple[int, ...]]]:
    qkv = (a.heads + 2 * a.kv_heads) * a.head_width
    attended = a.heads * a.head_width
    inner = a.inner if a.family == "gpt2" else 2 * a.inner
    yield "embedding", (a.vocabulary, a.width)
    if a.family == "gpt2":
        yield "position", (a.context, a.width)
    norms = ("scale", "shift") if a.family == "gpt2" else ("scale",)
    for layer in range(a.layers):
        yield f"{layer}.qkv", (qkv, a.width)
        yield f"{layer}.attention_out", (a.width, attended)
        yield f"{layer}.mlp_in", (inner, a.width)
        yield f"{layer}.mlp_out", (a.width, a.inner)
        if a.family == "gpt2":
            yield f"{layer}.qkv.bias", (qkv,)
            yield f"{layer}.attention_out.bias", (a.width,)
            yield f"{layer}.mlp_in.bias", (inner,)
            yield f"{layer}.mlp_out.bias", (a.width,)
        for part in norms:
            yield f"{layer}.attention_norm.{part}", (a.width,)
            yield f"{layer}.mlp_norm.{part}", (a.width,)
    for part in norms:
        yield f"final_norm.{part}", (a.width,)


def _sources(a: Architecture) -> Iterator[tuple[str, Source]]:
    if a.family == "gpt2":
        yield "embedding", ("wte.weight",)
        yield "position", ("wpe.weight",)
        names = {"qkv": "attn.c_attn", "attention_out": "attn.c_proj", "mlp_in": "mlp.c_fc", "mlp_out": "mlp.c_proj"}
        for layer in range(a.layers):
            for ours, theirs in names.items():
                yield f"{layer}.{ours}", (f"h.{layer}.{theirs}.weight",)
                yield f"{layer}.{ours}.bias", (f"h.{layer}.{theirs}.bias",)
            for ours, theirs in {"attention_norm": "ln_1", "mlp_norm": "ln_2"}.items():
                yield f"{layer}.{ours}.scale", (f"h.{layer}.{theirs}.weight",)
                yield f"{layer}.{ours}.shift", (f"h.{layer}.{theirs}.bias",)
        yield "final_norm.scale", ("ln_f.weight",)
        yield "final_norm.shift", ("ln_f.bias",)
        return
    yield "embedding", ("embed_tokens.weight",)
    for layer in range(a.layers):
        here = f"layers.{layer}"
        yield f"{layer}.qkv", tuple(f"{here}.self_attn.{kind}_proj.weight" for kind in "qkv")
        yield f"{layer}.attention_out", (f"{here}.self_attn.o_proj.weight",)
        yield f"{layer}.mlp_in", (f"{here}.mlp.gate_proj.weight", f"{here}.mlp.up_proj.weight")
        yield f"{layer}.mlp_out", (f"{here}.mlp.down_proj.weight",)
        yield f"{layer}.attention_norm.scale", (f"{here}.input_layernorm.weight",)
        yield f"{layer}.mlp_norm.scale", (f"{here}.post_attention_layernorm.weight",)
    yield "final_norm.scale", ("norm.weight",)
