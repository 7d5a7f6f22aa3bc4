"""PyTorch's `.bin` files -> safetensors. They are pickles: read as data alone, so that nothing in them can run."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.safetensors import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

PICKLED = "pytorch_model.bin"
PICKLED_INDEX = f"{PICKLED}.index.json"


def pickled_files(folder: Path) -> list[Path]:
    """The `.bin` files of the model in `folder`: one, or those that its index names; none if none are there."""
    if (folder / PICKLED).is_file():
        return [folder / PICKLED]
    index = folder / PICKLED_INDEX
    if not index.is_file():
        return []
    with os_errors_as_model_errors(index):
        try:
            names = sorted({str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is damaged ({error!r}): fetch the model again.") from error
    missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder} lacks {missing[0]}, which {PICKLED_INDEX} names: fetch the model again.")
    return [folder / name for name in names]


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
