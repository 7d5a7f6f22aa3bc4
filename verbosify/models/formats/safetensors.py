"""Tensors -> a safetensors file; which files of a folder hold them; and what git leaves where one should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors

if TYPE_CHECKING:
    import numpy as np

_GIT_LFS = b"version https://git-lfs.github.com/spec/"
WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
"""Names the files that hold each tensor, where there are several."""


def weight_files(folder: Path, called: str = WEIGHTS) -> list[Path]:
    """The weights of the model in `folder`: the file so `called`, or those that its index names; none if none are.

    Raises `ModelError` if the index is damaged, or a file that it names is missing.
    """
    if (folder / called).is_file():
        return [folder / called]
    index = folder / f"{called}.index.json"
    if not index.is_file():
        return []
    with os_errors_as_model_errors(index):
        try:
            names = sorted({str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is damaged ({error!r}): fetch the model again.") from error
    paths = [folder / name for name in names]
    missing = [path.name for path in paths if path.name not in names or not path.is_file()]
    if missing or not names:
        raise ModelError(f"{folder} lacks {', '.join(missing[:1])}, which {index.name} names: fetch the model again.")
    return paths


def is_git_lfs_pointer(file: Path) -> bool:
    """Whether the file only names its content, as git leaves it where git-lfs is not at work."""
    with file.open("rb") as content:
        return content.read(len(_GIT_LFS)) == _GIT_LFS


def save_safetensors(tensors: Mapping[str, np.ndarray[Any, np.dtype[Any]]], file: Path) -> None:
    """Write the tensors to `file`, with the permissions that any new file gets. `ModelError` if that fails."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with os_errors_as_model_errors(file):
        file.touch()
        mode = file.stat().st_mode
        try:
            rows = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}  # it asks for no less
            save_file(rows, file, metadata={"format": "pt"})
        except SafetensorError as error:
            raise ModelError(f"{file} cannot be written ({error}): mend that or choose another folder.") from error
        file.chmod(mode)  # safetensors keeps its files to the user alone
