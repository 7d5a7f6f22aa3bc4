"""The essay out of a piece: its files, and the note in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pieces
from verbosify.piece import Pick
from verbosify.workflow.outputs import FORMATS, paths_of, words_added, write_reading


@pytest.mark.parametrize(("reading", "stem"), [("../é?", "é"), ("…", "reading")])
def test_any_name_of_a_reading_makes_a_file_name(tmp_path: Path, reading: str, stem: str) -> None:
    with pieces.make_piece(tmp_path / "piece") as piece:
        sample = next(piece.samples(0))
        assert piece.pick(reading, 0, [Pick(sample.id, 0, 5, sample.text[:5])], curator="Ada")

        paths = write_reading(piece, reading, tmp_path)

    assert paths == [tmp_path / f"harbour-{stem}{suffix}" for suffix in FORMATS]
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize(("essay", "reading"), [("x" * 251 + ".md", "own"), ("海" * 80 + ".md", "望" * 80)])
def test_files_of_an_essay_of_a_long_name_have_names_that_disks_take(tmp_path: Path, essay: str, reading: str) -> None:
    paths = paths_of(essay, reading, tmp_path)

    for path in paths:
        path.touch()
    assert len({path.name for path in paths}) == len(FORMATS)
    assert all(path.stem.startswith(essay[:47]) for path in paths)


def test_the_note_says_how_many_words_who_wrote_them_and_who_chose(tmp_path: Path) -> None:
    with pieces.make_piece(tmp_path / "piece") as piece:
        sample = next(piece.samples(0))
        piece.pick("own", 0, [Pick(sample.id, 0, len(sample.text), sample.text)], curator="Ada")
        words, model = words_added(piece, "own"), piece.job.model["name"]
        markdown = write_reading(piece, "own", tmp_path)[0].read_text(encoding="utf-8")

    assert words == len(sample.text.split()) > 0
    assert f"{words} words of this text were written by the language model {model}" in markdown
    assert "chosen by Ada (reading: own). They may be false." in markdown
