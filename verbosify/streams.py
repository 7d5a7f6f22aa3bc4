"""What is said, in whatever the terminal, file or pipe can take. Knows nothing of what that is."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

READABLE = "verbosify-readable"
"""The handler of errors that writes a character which the encoding lacks in others that every encoding has."""

_SPELLED = {
    "→": "->", "×": "x", "−": "-", "–": "-", "—": "--", "…": "...", "·": "-", "\u00a0": " ",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'",
}  # fmt: skip


def prepare_streams() -> None:
    """Let no output fail for its encoding, nor because there is none to write to. Once, before anything is said.

    A descriptor that was closed is opened on nothing: else the next file to be opened would take its number, and be
    written into by whatever library writes to its standard error.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, or a program without a console on Windows
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # as long as we live
        _set_errors(getattr(sys, name), READABLE)


def lose_what_cannot_be_encoded() -> None:
    """From now on standard output has `?` where its encoding lacks a character, as a shell that recodes it has."""
    _set_errors(sys.stdout, "replace")


def say(sentence: object) -> None:
    """Print to standard error, if anything can be printed there."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


def output_error() -> OSError | None:
    """Why standard output cannot take what it was given; None if it can."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def silence_output() -> None:
    """Let what standard output could not take be forgotten, or the interpreter would try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _set_errors(stream: TextIO, errors: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        with suppress(OSError):  # it flushes first
            stream.reconfigure(errors=errors)


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_spelled, error.object[error.start : error.end])), error.end


def _spelled(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a file name that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return _SPELLED.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(READABLE, _spell)
