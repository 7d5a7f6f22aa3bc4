"""What the fast engine can save of its present weights, and how a packed step is put back. See `training.saving`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.formats.safetensors import save_safetensors
from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.pytorch.delta import Bits, apply_delta, pack_delta
from verbosify.models.pytorch.tuning import Tunable
from verbosify.models.training.saving import Writers, write_openai, write_safetensors

STEP = "step.safetensors"
BITS = {"bfloat16": (torch.bfloat16, torch.int16), "float32": (torch.float32, torch.int32)}
BITS["float16"] = BITS["float32"]  # such a model samples in float16 and is overfitted in float32


def whole_model_writers(tensors: Callable[[], Mapping[str, Tensor]], folder: Path, steps: int) -> Writers:
    """Writers of all weights, which `tensors` gives by the names of the file in `folder`."""

    def arrays() -> dict[str, Array]:
        return {name: tensor.numpy() for name, tensor in tensors().items()}

    return {
        "openai": lambda made: write_openai(arrays(), folder, steps, made),
        "safetensors": lambda made: write_safetensors(arrays(), folder, made),
    }


def read_step(folder: Path, weights: Tunable, dtype: str) -> None:
    """Make the working weights what they were when their step, taken in `dtype`, was saved in `folder`.

    Raises `ModelError` if the file is missing, damaged, or of a model of another shape.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / STEP
    if dtype not in BITS:
        raise ModelError(f"{path} holds a step in {dtype}, which cannot be read: save the overfit again.")
    try:
        with safe_open(path, framework="np") as file:
            for name, working in weights.working.items():
                after = apply_delta(_base_bits(weights, name, dtype), file.get_tensor(name).tobytes())
                working.copy_(torch.from_numpy(after).view(BITS[dtype][0]))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is missing or damaged ({error}): save the overfit again.") from error


def save_step(weights: Tunable, made: Path) -> None:
    """Write what the step did to every working weight into the folder `made`."""
    import numpy as np

    dtype = str(weights.dtype).removeprefix("torch.")
    packed = {}
    for name, working in weights.working.items():
        after: Bits = working.detach().cpu().view(BITS[dtype][1]).numpy()
        packed[name] = np.frombuffer(pack_delta(_base_bits(weights, name, dtype), after), np.uint8)
    save_safetensors(packed, made / STEP)


def _base_bits(weights: Tunable, name: str, dtype: str) -> Bits:
    floats, whole = BITS[dtype]
    base = torch.empty(weights.working[name].shape, dtype=floats)
    weights.copy_base(name, base)
    return base.view(whole).numpy()
