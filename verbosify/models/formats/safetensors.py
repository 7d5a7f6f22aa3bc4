"""Tensors -> a safetensors file; and what git leaves where such a file should be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors

if TYPE_CHECKING:
    import numpy as np

_GIT_LFS = b"version https://git-lfs.github.com/spec/"


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
