"""Files written whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import errno
from pathlib import Path

from verbosify.errors import OutputError
from verbosify.files import whole_file


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` into the file at `path` by way of a file beside it, so that nobody ever finds half of it.

    Raises:
        OutputError: it cannot be written there; the message says why.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder: give the file another name.")
    try:
        with whole_file(path) as file:
            file.write(content)
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error


def write_new(path: Path, content: bytes) -> None:
    """`write_atomically`, but what is in a file already, perhaps changed by hand, stays there.

    Raises:
        OutputError: the file holds something else, or cannot be written there.
    """
    try:
        present = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error
    if present not in (b"", content):
        raise OutputError(f"{path} is there already, and may hold corrections: name another file, or delete it.")
    write_atomically(path, content)


def _sentence(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"{path} cannot be written: there is no folder {path.parent}, so make it first."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{path} cannot be written: the folder {path.parent} does not let you, so choose another."
        case errno.ENOSPC | errno.EDQUOT:
            return f"{path} cannot be written: the disk is full, so make room."
        case _:
            return f"{path} cannot be written ({error.strerror or error}): choose another place."
