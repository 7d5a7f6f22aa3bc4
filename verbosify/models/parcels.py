"""A model's files on their way to another computer: what they are, whether they are there, how they get there.

The files are told by their SHA-256 sums. Knows no cluster: who carries the bytes is somebody else's business.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError
from verbosify.files import file_lock, os_errors_as_model_errors, replace_file, sha256_of
from verbosify.models.loading import model_folder, model_label
from verbosify.models.protocol import Notify, OnProgress
from verbosify.models.store.catalog import checkpoints_folder
from verbosify.models.store.provenance import RECORD_NAME, altered_files, read_provenance
from verbosify.streams import say


@dataclass(frozen=True, slots=True)
class Parcel:
    """A model's folder.

    Attributes:
        label: what the model is called.
        root, folder: of the checkpoints and of the model, where it was packed.
        place: of the model's folder among checkpoints, whosever they are; with slashes.
        sums: SHA-256 of every file, by its path in the folder, but for the note of where they came from.
    """

    label: str
    root: str
    folder: str
    place: str
    sums: dict[str, str]

    def is_in(self, folder: Path) -> bool:
        """Whether these very files are in that folder."""
        return folder.is_dir() and _sums(folder) == self.sums

    def files(self) -> list[str]:
        """What has to be brought, as paths in the folder."""
        note = [RECORD_NAME] if (Path(self.folder) / RECORD_NAME).is_file() else []
        return [*self.sums, *note]


def pack(name: str, *, progress: OnProgress | None = None, on_notice: Notify = say) -> Parcel:
    """The parcel of the model that `load_model` would load by that name, fetched first if need be.

    Raises `ModelError` if there is none.
    """
    folder = model_folder(name, progress=progress, on_notice=on_notice).resolve()
    root = checkpoints_folder().resolve()
    with os_errors_as_model_errors(folder):
        sums = _sums(folder)
    if folder.is_relative_to(root):
        place = folder.relative_to(root).as_posix()
    else:
        place = f"brought/{sha256(repr(sorted(sums.items())).encode()).hexdigest()[:16]}/{folder.name}"
    return Parcel(model_label(name, folder), str(root), str(folder), place, sums)


def unpack(parcel: Parcel, contents: Mapping[str, Any], folder: Path) -> None:
    """Put the files of a parcel into `folder`, whole or not at all; nothing happens if they are there.

    Args:
        contents: the bytes of each file, by its path.

    Raises `ModelError` if what was brought is not what was sent, or cannot be saved.
    """
    with os_errors_as_model_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.parent / f".{folder.name}.lock"):
            if parcel.is_in(folder):
                return
            work = folder.parent / f".{folder.name}.partial"
            shutil.rmtree(work, ignore_errors=True)
            for name, content in contents.items():
                path = work / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if not parcel.is_in(work):
                raise ModelError(f"What was brought of {parcel.label} is not what was sent: try again.")
            shutil.rmtree(folder, ignore_errors=True)
            replace_file(work, folder)


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by its path; taken from `source.json` as far as it tells of them and still holds."""
    record = read_provenance(folder)
    known = {} if record is None or altered_files(folder, record) else record.files
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD_NAME)
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    return {name: known[name].sha256 if name in known else sha256_of(path) for path, name in names.items()}
