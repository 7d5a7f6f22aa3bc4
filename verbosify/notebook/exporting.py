"""A reading out of the studio: the essay as .md and .docx, and the site as a zip. Knows no widget."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from verbosify.errors import OutputError, PieceError
from verbosify.files import os_errors_as
from verbosify.piece import Piece, write_export
from verbosify.piece.export import values_of_piece
from verbosify.workflow.options import recorded_target
from verbosify.workflow.outputs import words_added, write_reading
from verbosify.workflow.plan import essay_of


def words_so_far(piece: Piece, reading: str = "own") -> dict[str, float]:
    """How far a reading has come: words `before` and `after`, their `ratio`, and the `target` ratio."""
    before = essay_of(piece).words
    after = before + words_added(piece, reading)
    ratio = round(after / before, 3) if before else 1.0
    return {"before": before, "after": after, "ratio": ratio, "target": recorded_target(piece.job.options)}


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
    out = Path(folder) if folder is not None else piece.folder
    with os_errors_as(OutputError, out, "choose another place", cannot="a folder"):
        out.mkdir(parents=True, exist_ok=True)
    paths = write_reading(piece, reading, out)
    with TemporaryDirectory() as place:
        write_export(piece)
        build_site([values_of_piece(piece)], Path(place) / "site", on_notice=print)
        with os_errors_as(OutputError, out, "choose another place", cannot="written"):
            archive = shutil.make_archive(f"{paths[0].with_suffix('')}-site", "zip", Path(place) / "site")
    return [*paths, Path(archive)]
