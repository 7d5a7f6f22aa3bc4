"""The essay out of a piece, with a reading woven in and a note that says who wrote what. Knows no model."""

from __future__ import annotations

import os
from pathlib import Path

from verbosify.essay.blocks import plain_words
from verbosify.essay.rereading import as_written
from verbosify.essay.writing import write_essay
from verbosify.piece import Piece
from verbosify.piece.standing import hands
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
    paths = paths_of(essay.name, reading, folder)
    for path in paths:
        write_essay(essay, insertions, path, note=note)
    return paths


def paths_of(essay: str, reading: str, folder: Path) -> list[Path]:
    """Where the files of a reading go, named by the essay and the reading as far as a disk allows."""
    kept = "".join(character if character.isalnum() else "-" for character in reading).strip("-")
    stem = f"{_short(Path(essay).stem, 150)}-{_short(kept[:60], 90) or 'reading'}"
    return [folder / f"{stem}{suffix}" for suffix in FORMATS]


def _short(name: str, size: int) -> str:
    """As much of a name as `size` bytes hold."""
    return os.fsencode(name)[:size].decode(errors="ignore")
