"""A reading out of the studio: the essay as .md and .docx, and the site as a zip. Knows no widget."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from verbosify.errors import OutputError, PieceError
from verbosify.essay.blocks import plain_words
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text
from verbosify.essay.writing import write_essay
from verbosify.piece import BUILT_IN, Piece, read_export, write_export


def words_so_far(piece: Piece, reading: str = "own") -> dict[str, float]:
    """How far a reading has come: words `before` and `after`, their `ratio`, and the `target` ratio."""
    before = essay_of(piece).words
    after = before + sum(plain_words(pick.text) for picks in piece.picks(reading).values() for pick in picks)
    return {"before": before, "after": after, "ratio": round(after / before, 3), "target": piece.job.options["target"]}


def export_reading(piece: Piece, reading: str = "own", folder: str | Path | None = None) -> list[Path]:
    """Write the essay with a reading woven in (.md, .txt, .docx), and the site of the whole piece as a .zip.

    They go into `folder`, by default the piece's own. The text ends in a note that says what a model wrote.

    Raises:
        PieceError: nobody has begun that reading.
        OutputError: a file cannot be written there.
    """
    from verbosify.site import build_site

    if reading not in piece.readings():
        begun = ", ".join(piece.readings()) or "none yet"
        raise PieceError(f"Nobody has begun the reading {reading!r}: pick something first (begun: {begun}).")
    essay = essay_of(piece)
    out = Path(folder) if folder is not None else piece.folder
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be a folder ({error.strerror}): choose another place.") from error
    gaps = {passage.index: passage.gap for passage in piece.passages()}
    picks = piece.picks(reading)
    insertions = {gaps[gap]: " ".join(pick.text for pick in chosen) for gap, chosen in picks.items()}
    stem = f"{Path(essay.name).stem}-{_file_name(reading)}"
    paths = [out / f"{stem}{suffix}" for suffix in (".md", ".txt", ".docx")]
    for path in paths:
        write_essay(essay, insertions, path, note=_note(piece, reading))
    with TemporaryDirectory() as place:
        build_site([read_export(write_export(piece))], Path(place) / "site")
        try:
            paths.append(Path(shutil.make_archive(str(out / f"{stem}-site"), "zip", Path(place) / "site")))
        except OSError as error:
            raise OutputError(f"{out} cannot be written ({error.strerror}): choose another place.") from error
    return paths


def essay_of(piece: Piece) -> Essay:
    """The essay that a piece was made from, as it was read."""
    job = piece.job
    if job.essay_source is not None:
        return essay_from_bytes(job.essay_source, job.essay_name)
    return essay_from_text(job.essay_text, job.essay_name)


def _note(piece: Piece, reading: str) -> str:
    events = [event for event in piece.history() if event.reading == reading and event.curator != BUILT_IN]
    people = " and ".join(dict.fromkeys(event.curator for event in events)) or "verbosify's built-in curator"
    words = sum(plain_words(pick.text) for picks in piece.picks(reading).values() for pick in picks)
    return (
        f"{words:,} words of this text were written by the language model {piece.job.model['name']}, overfitted on "
        f"each passage in turn, and chosen by {people} (reading: {reading}). They may be false. "
        "All other words are the author's."
    )


def _file_name(reading: str) -> str:
    kept = "".join(character if character.isalnum() else "-" for character in reading).strip("-")
    return kept[:60] or "reading"
