"""Files of a site, each whole or not there. Knows paths and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from verbosify.errors import OutputError
from verbosify.files import os_errors_as, whole_file


def write_files(files: Mapping[PurePosixPath, bytes], out: Path) -> list[Path]:
    """Write each file under `out`; returns their paths in order.

    A file that holds the same bytes already is left alone; any other is written beside its place and moved there.
    Raises `OutputError` if one cannot be written.
    """
    written = []
    for name, content in files.items():
        path = out / name
        with os_errors_as(OutputError, path, "choose another folder, or make room", cannot="written"):
            _write(path, content)
        written.append(path)
    return written


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)
