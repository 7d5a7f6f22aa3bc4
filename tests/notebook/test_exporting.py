"""A reading out of the studio."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from verbosify.errors import OutputError, PieceError
from verbosify.essay import essay_from_text, read_essay, write_essay
from verbosify.models.protocol import LanguageModel
from verbosify.notebook.exporting import export_reading, words_so_far
from verbosify.piece import Pick, Piece
from verbosify.workflow import Options, verbosify
from verbosify.workflow.visit import Embed


def pick_something(piece: Piece, curator: str = "Ada") -> str:
    sample = next(piece.samples(1))
    text = "The night watch counts a row of lamps."
    piece.pick("own", 1, [Pick(sample.id, 0, 5, text, edited=True)], curator=curator)
    return text


def test_a_reading_is_written_as_texts_and_as_a_site(piece: Piece, tmp_path: Path) -> None:
    text = pick_something(piece)
    markdown, plain, word, site = export_reading(piece, "own", tmp_path / "out")
    assert [path.name for path in (markdown, plain, word, site)] == [
        "quay-own.md", "quay-own.txt", "quay-own.docx", "quay-own-site.zip",
    ]  # fmt: skip
    assert f"broken clock. {text}" in markdown.read_text()
    assert "chosen by Ada (reading: own). They may be false." in plain.read_text()
    assert text in read_essay(word).text
    with zipfile.ZipFile(site) as archive:
        assert "index.html" in archive.namelist()
        assert archive.testzip() is None


def test_without_pillow_the_site_is_made_without_its_picture_and_that_is_told(
    piece: Piece, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pick_something(piece)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with zipfile.ZipFile(export_reading(piece, "own", tmp_path / "out")[3]) as archive:
        assert "card.png" not in archive.namelist()
    assert capsys.readouterr().out.startswith("The picture shown with links needs Pillow")


def test_word_documents_come_back_as_they_were(
    tmp_path: Path, model: LanguageModel, embed: Embed, options: Options
) -> None:
    write_essay(
        essay_from_text("One sentence stands. Two follow it. A third one ends.", "e.md"), {}, tmp_path / "e.docx"
    )
    verbosify(tmp_path / "e.docx", tmp_path / "piece", options, model=model, embed=embed)
    with Piece.open(tmp_path / "piece") as piece:
        sample = next(piece.samples(0))
        piece.pick("own", 0, [Pick(sample.id, 0, 1, "Added.", edited=True)], curator="Ada")
        assert "A third one ends. Added." in read_essay(export_reading(piece, "own")[2]).text


def test_words_so_far_count_the_picks(piece: Piece) -> None:
    assert words_so_far(piece) == {"before": 90, "after": 90, "ratio": 1.0, "target": 1.5}
    pick_something(piece)
    assert words_so_far(piece)["after"] == 98


def test_a_reading_nobody_began_and_a_place_that_is_none_are_sentences(piece: Piece, tmp_path: Path) -> None:
    with pytest.raises(PieceError, match="Nobody has begun the reading 'own'"):
        export_reading(piece)
    pick_something(piece)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be a folder"):
        export_reading(piece, "own", tmp_path / "file")
