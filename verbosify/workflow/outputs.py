"""The essay out of a piece, with a reading woven in and a note that says who wrote what. Knows no model."""

from __future__ import annotations

from pathlib import Path

from verbosify.essay.blocks import plain_words
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text
from verbosify.essay.writing import write_essay
from verbosify.piece import Piece
from verbosify.piece.standing import hands

FORMATS = (".md", ".txt", ".docx")


def essay_of(piece: Piece) -> Essay:
    """The essay that a piece was made from, as it was read."""
    job = piece.job
    if job.essay_source is not None:
        return essay_from_bytes(job.essay_source, job.essay_name)
    return essay_from_text(job.essay_text, job.essay_name)


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
    essay = essay_of(piece)
    gaps = {passage.index: passage.gap for passage in piece.passages()}
    insertions = {gaps[gap]: " ".join(pick.text for pick in chosen) for gap, chosen in piece.picks(reading).items()}
    curators = " and ".join(people(piece, reading)) or "verbosify's built-in curator"
    note = (
        f"{words_added(piece, reading):,} words of this text were written by the language model "
        f"{piece.job.model['name']}, overfitted on each passage in turn, and chosen by {curators} "
        f"(reading: {reading}). They may be false. All other words are the author's."
    )
    paths = [folder / f"{Path(essay.name).stem}-{_file_name(reading)}{suffix}" for suffix in FORMATS]
    for path in paths:
        write_essay(essay, insertions, path, note=note)
    return paths


def _file_name(reading: str) -> str:
    kept = "".join(character if character.isalnum() else "-" for character in reading).strip("-")
    return kept[:60] or "reading"
