"""What the end of a job needs, found out at its beginning, before hours of work. Knows nothing of the job."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from verbosify.errors import OutputError

_DISTRIBUTIONS = {"docx": "python-docx", "markdown_it": "markdown-it-py"}
_BLOCK = b"\0" * 4096  # a file without bytes can be made on a full disk


def ensure_installed(*modules: str) -> None:
    """Raise `OutputError` if one of the packages that will be imported at the end is not there."""
    for module in modules:
        try:
            found = find_spec(module) is not None
        except ValueError:  # it was put aside by hand
            found = False
        if not found:
            package = _DISTRIBUTIONS.get(module, module)
            raise OutputError(f"The package {package} is missing: run `pip install verbosify-studio`, then try again.")


def ensure_writable(paths: Iterable[Path]) -> None:
    """Raise `OutputError` if one of these files could not be written, its folder made if need be. Leaves no trace."""
    tried: set[Path] = set()
    for path in paths:
        try:
            if path.is_dir():
                raise OutputError(f"{path} is a folder, where a file is to be written: move it out of the way.")
            place = path.parent
            while not place.exists() and not place.is_symlink():
                place = place.parent
            if not place.is_dir():
                raise OutputError(f"{place} is a file, where a folder is to be: move it, or choose another place.")
            if place not in tried:
                tried.add(place)
                with NamedTemporaryFile(prefix=".verbosify-", dir=place) as file:
                    file.write(_BLOCK)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written ({error.strerror or error}): choose another place, or make room."
            ) from error
