"""PyTorch's `.bin` files -> safetensors. They are pickles: read as data alone, so that nothing in them can run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.safetensors import WEIGHTS, weight_files

if TYPE_CHECKING:
    from torch import Tensor

PICKLED = "pytorch_model.bin"
PICKLED_INDEX = f"{PICKLED}.index.json"


def pickled_files(folder: Path) -> list[Path]:
    """The `.bin` files of the model in `folder`, as `weight_files` finds them."""
    return weight_files(folder, PICKLED)


def convert_pickled(folder: Path, target: Path) -> None:
    """Write the weights of the `.bin` files in `folder` as `model.safetensors` into the folder `target`.

    Raises `ModelError` if a file holds anything but tensors, or is damaged.
    """
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    for path in pickled_files(folder):
        try:
            with os_errors_as_model_errors(path), warnings.catch_warnings(action="ignore"):
                content = torch.load(path, map_location="cpu", weights_only=True)
            tensors |= {str(name): tensor for name, tensor in content.items() if isinstance(tensor, torch.Tensor)}
        except ModelError:
            raise
        except Exception as error:  # a pickle may have anything raised
            raise ModelError(
                f"{path} is damaged, or holds more than weights and is not read: use safetensors."
            ) from error
    with os_errors_as_model_errors(target):
        # weights that share memory, such as a tied head, are written twice: which one a model reads is its affair
        apart = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
        target.mkdir(parents=True, exist_ok=True)
        save_file(apart, target / WEIGHTS, metadata={"format": "pt"})
