"""What the universal engine can write of its weights. See `training.saving`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from verbosify.models.formats.safetensors import save_safetensors
from verbosify.models.training.saving import Writers, write_openai

WEIGHTS = (".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".gguf")


def model_writers(tensors: Callable[[], Mapping[str, Tensor]], folder: Path, family: str, steps: int) -> Writers:
    """Writers of all weights, which `tensors` gives by transformers' names; `folder` has all else of the model."""

    def write(made: Path) -> None:
        arrays = {name: tensor.numpy() for name, tensor in tensors().items()}
        save_safetensors(arrays, made / "model.safetensors")
        for path in folder.iterdir():
            if path.is_file() and path.suffix in (".json", ".txt", ".model", ".jinja") and not _is_of_weights(path):
                shutil.copyfile(path, made / path.name)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = {name: value for name, value in config.items() if name != "torch_dtype"} | {"dtype": "float32"}
        (made / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8", newline="\n")

    def write_run(made: Path) -> None:
        write_openai({name: tensor.numpy() for name, tensor in tensors().items()}, folder, steps, made)

    return {"safetensors": write} | ({"openai": write_run} if family == "gpt2" else {})


def _is_of_weights(path: Path) -> bool:
    return path.name == "source.json" or path.name.endswith(WEIGHTS)
