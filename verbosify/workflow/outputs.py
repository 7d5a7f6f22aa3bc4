"""The essay out of a piece, with a reading woven in and a note that says who wrote what. Knows no model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from verbosify.essay.rereading import as_written
from verbosify.essay.writing import write_essay
from verbosify.files import file_name
from verbosify.piece import Piece
from verbosify.piece.reading_state import hands
from verbosify.piece.store import DATABASE_NAME
from verbosify.words import plain_words
from verbosify.workflow.plan import essay_of

FORMATS = (".md", ".txt", ".docx")


def people(piece: Piece, reading: str) -> list[str]:
    """Who, besides the built-in curator, has had a hand in a reading as it stands, in order of appearance."""
    return [name for name, kind in hands(piece.history(), reading) if kind == "person"]


def words_added(piece: Piece, reading: str) -> int:
    """How many words a reading puts into the essay."""
    return sum(plain_words(pick.text) for picks in piece.picks(reading).values() for pick in picks)


def write_reading(piece: Piece, reading: str, folder: Path) -> list[Path]:
    """The essay with a reading woven in, as .md, .txt and .docx in `folder`; their paths.

    Raises:
        OutputError: a file cannot be written there.
    """
    gaps = {passage.index: passage.gap for passage in piece.passages()}
    chosen: dict[int, list[str]] = {}
    for gap, picks in piece.picks(reading).items():
        chosen.setdefault(gaps[gap], []).extend(pick.text for pick in picks)
    essay, insertions = as_written(essay_of(piece), {offset: " ".join(texts) for offset, texts in chosen.items()})
    curators = " and ".join(people(piece, reading)) or "verbosify's built-in curator"
    note = (
        f"{words_added(piece, reading):,} words of this text were written by the language model "
        f"{piece.job.model['name']}, overfitted on each passage in turn, and chosen by {curators} "
        f"(reading: {reading}). They may be false. All other words are the author's."
    )
    paths = paths_of(essay.name, reading, folder, piece.readings())
    for path in paths:
        write_essay(essay, insertions, path, note=note)
    return paths


def paths_of(essay: str, reading: str, folder: Path, readings: Sequence[str] = ()) -> list[Path]:
    """Where the files of a reading go, named by the essay and the reading as far as a disk allows.

    Of `readings` that would have the same name, or one that differs in its case alone, the later ones get a number.
    """
    stem = _stem(reading)
    earlier = readings[: readings.index(reading)] if reading in readings else ()
    number = sum(_stem(other).casefold() == stem.casefold() for other in earlier) + 1
    name = f"{file_name(Path(essay).stem, 150)}-{stem}{f'-{number}' if number > 1 else ''}"
    return [folder / f"{name}{suffix}" for suffix in FORMATS]


def piece_folder(home: Path, essay: str) -> Path:
    """Where the piece of an essay of that file name goes if nobody says otherwise."""
    name = Path(essay).stem
    as_it_was = home / name  # by that name alone, whatever other systems make of it
    with suppress(OSError, ValueError):
        if name.strip(".") and (as_it_was / DATABASE_NAME).is_file():
            return as_it_was
    return home / file_name(name)


def _stem(reading: str) -> str:
    """A reading's part in the names of its files."""
    kept = "".join(character if character.isalnum() else "-" for character in reading).strip("-")
    return os.fsencode(kept[:60])[:90].decode(errors="ignore") or "reading"
