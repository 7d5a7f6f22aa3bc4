"""What every part that keeps models on disk needs of it: sums, space, and failures told as `ModelError`."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

_GIT_LFS = b"version https://git-lfs.github.com/spec/"


def sha256_of(file: Path) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_git_lfs_pointer(file: Path) -> bool:
    """Whether the file only names its content, as git leaves it where git-lfs is not at work."""
    with file.open("rb") as content:
        return content.read(len(_GIT_LFS)) == _GIT_LFS


def require_space(folder: Path, needed: int) -> None:
    """Raise `ModelError` unless the disk of `folder` (which exists) has `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} needs {needed / 1e9:.2f} GB of free disk and has {free / 1e9:.2f} GB: "
            "free some, or name another folder in VERBOSIFY_CHECKPOINTS."
        )


def save_safetensors(tensors: Mapping[str, np.ndarray[Any, np.dtype[Any]]], file: Path) -> None:
    """Write the tensors to `file`, with the permissions that any new file gets. `ModelError` if that fails."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with telling_failures(file):
        file.touch()
        mode = file.stat().st_mode
        try:
            rows = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}  # it asks for no less
            save_file(rows, file, metadata={"format": "pt"})
        except SafetensorError as error:
            raise ModelError(f"{file} cannot be written ({error}): mend that or choose another folder.") from error
        file.chmod(mode)  # safetensors keeps its files to the user alone


@contextmanager
def telling_failures(path: Path) -> Iterator[None]:
    """Turn the system's errors into a `ModelError` that names the file concerned, or else `path`."""
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{error.filename or path} cannot be read or written ({error.strerror or error}): "
            "mend that or choose another folder."
        ) from error


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in `folder`, where the system and the disk can be asked to."""
    if os.name == "posix":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
