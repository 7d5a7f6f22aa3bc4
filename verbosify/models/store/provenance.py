"""Where a folder of weights came from, and whether it still is what it was: SHA-256 sums and `source.json`.

`weights_sha256` names the weights themselves, whatever file format they are kept in: the SHA-256 over every tensor in
the order of its name, each as its name, its type (safetensors' word: `F32`), its shape (`768,2304`) - each of the
three followed by a zero byte - and its bytes, little-endian, row by row. GPT-2 checkpoints of OpenAI's kind count
under transformers' names, so that a conversion to safetensors keeps the sum.

`source.json` records that sum, and of each file the size, SHA-256 and time of change. A file whose size and time are
as recorded is taken as unaltered; any other is read again in full.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError
from verbosify.files import read_json, replace_file, sha256_of

RECORD_NAME = "source.json"
_TYPE_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file: bytes, SHA-256, and time of change in nanoseconds."""

    size: int
    sha256: str
    modified: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """What `source.json` says. `fetched` is a date; `source` and `licence` are for people to read.

    `revision` is the commit that the files are of, where they come from a repository.
    """

    name: str
    source: str
    licence: str
    fetched: str
    weights_sha256: str
    files: dict[str, FileRecord]
    revision: str = ""


def weights_sha256(folder: Path) -> str:
    """The sum of the folder's weights, as described above; taken from `source.json` if that still holds.

    Raises `ModelError` if the folder holds no weights, or damaged ones.
    """
    record = read_provenance(folder)
    if record is not None and not any(_may_differ(folder / name, file) for name, file in record.files.items()):
        return record.weights_sha256
    return _compute_weights_sha256(folder)


def write_provenance(
    folder: Path, *, name: str, source: str, licence: str, fetched: str, revision: str = ""
) -> Provenance:
    """Read every file of the folder and write its `source.json`. `ModelError` as `weights_sha256`."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != RECORD_NAME)
    files = {path.name: _describe(path) for path in paths}
    record = Provenance(name, source, licence, fetched, _compute_weights_sha256(folder), files, revision)
    _write(folder, record)
    return record


def read_provenance(folder: Path) -> Provenance | None:
    """The folder's `source.json`, or None if it has none that can be read."""
    try:
        values = read_json(folder / RECORD_NAME, ModelError, "get the model again")
        return Provenance(**(values | {"files": {name: FileRecord(**file) for name, file in values["files"].items()}}))
    except (ModelError, TypeError, KeyError, AttributeError):
        return None


def altered_files(folder: Path, record: Provenance) -> list[str]:
    """Names of the recorded files that are missing or no longer what they were, a file's size and time being trusted.

    Where only the times had changed, as after a copy, the record takes the new ones if it can be written.
    """
    doubtful = [name for name, file in record.files.items() if _may_differ(folder / name, file)]
    altered = [name for name in doubtful if _differs(folder / name, record.files[name])]
    if doubtful and not altered:
        files = record.files | {name: _describe(folder / name) for name in doubtful}
        with suppress(OSError):
            _write(folder, replace(record, files=files))
    return altered


def damaged_files(folder: Path, record: Provenance) -> list[str]:
    """Names of the recorded files that are missing or no longer what they were, every byte being read."""
    return [name for name, file in record.files.items() if _differs(folder / name, file)]


def _may_differ(path: Path, file: FileRecord) -> bool:
    if not path.is_file():
        return True
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) != (file.size, file.modified)


def _differs(path: Path, file: FileRecord) -> bool:
    return not path.is_file() or path.stat().st_size != file.size or sha256_of(path) != file.sha256


def _describe(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(status.st_size, sha256_of(path), status.st_mtime_ns)


def _write(folder: Path, record: Provenance) -> None:
    partial = folder / f"{RECORD_NAME}.part"
    partial.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8", newline="\n")
    replace_file(partial, folder / RECORD_NAME)


def _compute_weights_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for name, kind, shape, content in _tensors(folder):
        digest.update(f"{name}\0{kind}\0{','.join(map(str, shape))}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _tensors(folder: Path) -> Iterator[tuple[str, str, tuple[int, ...], memoryview]]:
    """Name, type, shape and bytes of every tensor in the folder, sorted by name."""
    from verbosify.models.formats.gpt2_layout import hugging_face_tensors
    from verbosify.models.formats.openai import is_openai_checkpoint, read_openai_checkpoint

    files = sorted(folder.glob("*.safetensors"))
    if files:
        found = [tensor for file in files for tensor in _safetensors(file)]
        yield from sorted(found, key=lambda tensor: tensor[0])
    elif is_openai_checkpoint(folder):
        checkpoint = read_openai_checkpoint(folder)
        tensors = hugging_face_tensors(checkpoint.tensors, checkpoint.hparams)
        for name in sorted(tensors):
            yield name, "F32", tensors[name].shape, tensors[name].reshape(-1).view("u1").data
    else:
        raise ModelError(f"{folder} holds no weights: neither model.safetensors nor a GPT-2 checkpoint.")


def _safetensors(file: Path) -> list[tuple[str, str, tuple[int, ...], memoryview]]:
    """The tensors of one file, mapped from the disk: eight bytes of length, a JSON header of that length, the data."""
    import numpy as np

    if file.stat().st_size == 0:
        raise ModelError(f"{file} is empty: get the model again.")
    content = np.memmap(file, np.uint8, mode="r").data
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header: dict[str, Any] = json.loads(bytes(content[8 : min(start, len(content))]))
        header.pop("__metadata__", None)
        tensors = []
        for name, value in header.items():
            first, last = value["data_offsets"]
            shape = tuple(value["shape"])
            if (
                last - first != math.prod(shape) * _TYPE_BYTES[value["dtype"]]
                or not 0 <= first <= last <= len(content) - start
            ):
                raise ValueError(name)
            tensors.append((name, value["dtype"], shape, content[start + first : start + last]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file} is damaged or no safetensors file: get the model again.") from error
    return tensors
