"""The record as tables."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests import pieces
from verbosify.errors import OutputError
from verbosify.measures import Measures
from verbosify.notebook.frames import passages_frame, picks_frame, samples_frame, write_frame
from verbosify.notebook.view import Shown, passage_view
from verbosify.piece import BUILT_IN, Opinion, Pick, Piece
from verbosify.piece.reading_state import line_of


def documented(function: object) -> str:
    return str(function.__doc__).partition("Columns:")[2]


def test_passages_have_a_row_each_with_their_losses_and_counts(piece: Piece) -> None:
    frame = passages_frame(piece)
    assert list(frame["passage"]) == [0, 1, 2, 3]
    assert frame["samples"].sum() + frame["base_samples"].sum() == sum(1 for _ in piece.samples())
    assert frame["base_samples"].tolist()[0] > 0
    assert (frame["gain"].dropna() == (frame["loss_before"] - frame["loss_after"]).dropna()).all()
    assert pd.isna(frame["loss_after"][3])
    assert frame["finished"].tolist() == [True, True, True, False]


def test_samples_have_a_row_each_with_every_measure(piece: Piece) -> None:
    frame = samples_frame(piece)
    assert frame["sample"].tolist() == [sample.id for sample in piece.samples()]
    assert set(Measures.__dataclass_fields__) <= set(frame.columns)
    row = frame.iloc[-1]
    assert row["badges"] == ", ".join(Measures.from_dict(piece.sample(int(row["sample"])).measures).badges())
    assert samples_frame(piece, 1)["passage"].unique().tolist() == [1]
    assert samples_frame(piece, 3).empty
    assert list(samples_frame(piece, 3).columns) == list(frame.columns)


def test_pinned_samples_are_marked(piece: Piece) -> None:
    sample = next(piece.samples()).id
    piece.pin(sample, curator="Ada")
    frame = samples_frame(piece)
    assert frame[frame["pinned"]]["sample"].tolist() == [sample]


def test_picks_tell_what_stands_and_who_put_it_there(piece: Piece) -> None:
    sample = next(piece.samples(0))
    piece.pick(
        "own",
        0,
        [Pick(sample.id, 0, 9, sample.text[:9]), Pick(sample.id, 0, 9, "By hand.", edited=True)],
        curator="Ada",
        reason="why not",
    )
    own = picks_frame(piece, "own")
    assert own["order"].tolist() == [1, 2]
    assert own["edited"].tolist() == [False, True]
    assert set(own["curator"]) == {"Ada"}
    everything = picks_frame(piece)
    assert set(everything[everything["reading"] == "fluffy"]["curator"]) <= {BUILT_IN}
    assert picks_frame(piece, "nobody's").empty


def test_picks_follow_undo_and_redo_as_the_record_does(tmp_path: Path) -> None:
    with pieces.make_full_piece(tmp_path / "piece") as piece:
        for reading in piece.readings():
            frame = picks_frame(piece, reading)
            standing = [pick.sample for picks in piece.picks(reading).values() for pick in picks]
            assert frame["sample"].tolist() == standing


@pytest.mark.parametrize("function", [passages_frame, samples_frame, picks_frame])
def test_every_column_is_documented(piece: Piece, function: object) -> None:
    said = documented(function)
    measures = set(Measures.__dataclass_fields__)
    columns = set(function(piece).columns) - measures  # type: ignore[operator]
    assert not {column for column in columns if column not in said}


def test_tables_survive_a_csv_file(piece: Piece, tmp_path: Path) -> None:
    frame = samples_frame(piece)
    path = write_frame(frame, tmp_path / "samples.csv")
    read = pd.read_csv(path)
    assert read["text"].tolist() == frame["text"].tolist()
    assert read["similarity"].tolist() == pytest.approx(frame["similarity"].tolist())


def test_a_table_goes_through_parquet_unchanged(piece: Piece, tmp_path: Path) -> None:
    for frame in (passages_frame(piece), samples_frame(piece), picks_frame(piece)):
        read = pd.read_parquet(write_frame(frame, tmp_path / "table.parquet"))
        assert list(read.columns) == list(frame.columns)
        assert read["text"].tolist() == frame["text"].tolist()
        assert len(read) == len(frame)


def test_files_that_cannot_be_written_are_a_sentence(
    piece: Piece, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = picks_frame(piece)
    with pytest.raises(OutputError, match=r"neither \.csv nor \.parquet"):
        write_frame(frame, tmp_path / "picks.xlsx")
    with pytest.raises(OutputError, match="cannot be written"):
        write_frame(frame, tmp_path / "nowhere" / "picks.csv")
    for package in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OutputError, match="needs the package pyarrow"):
        write_frame(frame, tmp_path / "picks.parquet")


def test_a_sample_off_its_rails_says_so_in_the_table_and_in_the_view(piece: Piece) -> None:
    calm, wild = list(piece.samples(0))[:2]
    thought = Opinion(sample=calm.id, start=0, end=5, information=60.0, fluency=-3.0, surprise=7.9, flow=None)
    piece.add_opinions([thought, replace(thought, sample=wild.id, surprise=9.1)])

    frame = samples_frame(piece, 0).set_index("sample")
    shown = passage_view(piece, piece.passages(), 0, line_of(piece.history(), "mine"), Shown(hidden=()))
    view = {row["id"]: row["badges"] for row in shown["samples"]}

    assert "off its rails" in frame["badges"][wild.id]
    assert "off its rails" not in frame["badges"][calm.id]
    assert view[wild.id]["off its rails"].endswith("9.1 nats a token")
    assert "off its rails" not in view[calm.id]
