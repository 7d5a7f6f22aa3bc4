"""SQLite's failures are told in sentences, and no transaction is done by half."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.pieces import add_batch, make_overfit, make_piece, make_samples
from verbosify.errors import OutputError, PieceError
from verbosify.piece import Piece
from verbosify.record import database


@pytest.fixture
def piece(tmp_path: Path) -> Iterator[Piece]:
    with make_piece(tmp_path / "piece") as made:
        yield made


def test_a_piece_that_becomes_read_only_is_told(piece: Piece) -> None:
    piece.database.rows("PRAGMA query_only = ON")

    with pytest.raises(OutputError, match="is read-only: copy its folder"):
        piece.note("started")


def test_a_full_disk_is_told_and_harms_nothing_recorded(piece: Piece) -> None:
    pages = piece.database.number("PRAGMA page_count")
    piece.database.rows(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(OutputError, match=r"cannot be written \(database or disk is full\): make room"):
        piece.add_batch(0, make_samples(500), settings={}, overfit=make_overfit(), seconds=1)

    assert len(list(piece.samples())) == 12
    piece.database.rows(f"PRAGMA max_page_count = {pages + 1000}")
    assert len(add_batch(piece, count=500)) == 500


def test_a_lock_held_too_long_by_another_program_is_told(piece: Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(piece.folder / "piece.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            Piece.open(piece.folder) as impatient,
            pytest.raises(PieceError, match="locked by another program for 0 s"),
        ):
            impatient.note("started")
        assert len(piece.passages()) == 4, "readers never wait"


def test_a_defect_of_the_caller_stays_a_defect(piece: Piece) -> None:
    piece.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        piece.passages()


def test_a_piece_belongs_to_one_thread(piece: Piece) -> None:
    caught: list[BaseException] = []

    def read() -> None:
        try:
            piece.passages()
        except sqlite3.ProgrammingError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()

    assert len(caught) == 1


def test_an_error_of_sqlite_without_a_sentence_of_its_own_is_told_too(piece: Piece) -> None:
    with pytest.raises(PieceError, match="cannot be used: SQLite says no such table: birds"):
        piece.database.rows("SELECT * FROM birds")


def test_rows_that_cannot_be_read_as_values_are_told_as_damage(piece: Piece) -> None:
    with closing(sqlite3.connect(piece.folder / "piece.db")) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute(
            "INSERT INTO pick_events VALUES (1, 1, 'own', 0, 'picked', '[5]', NULL, NULL, 'Ada', 'person', '', '')"
        )
        other.commit()

    for attempt in (piece.history, lambda: piece.picks("own")):
        with pytest.raises(PieceError, match=r"piece.db is damaged \(.*\): restore a copy of it"):
            attempt()


def test_a_schema_that_is_not_text_is_told_as_damage(piece: Piece) -> None:
    piece.close()
    file = piece.folder / "piece.db"
    damaged = file.read_bytes().replace(b"CREATE TRIGGER log_no", b"CREATE GARBAGE log_no")
    file.write_bytes(damaged.replace(b"log_no_update", b"log_no_upd\xb5te"))

    with pytest.raises(PieceError, match=r"is damaged \(invalid start byte\): restore a copy"):
        Piece.open(piece.folder)


def test_a_transaction_that_sqlite_ended_itself_is_told_as_what_ended_it(piece: Piece) -> None:
    with pytest.raises(PieceError, match=r"no value, or NaN, for passage_done.created"), piece.database.writing():
        piece.database.execute("INSERT OR ROLLBACK INTO passage_done VALUES (0, NULL)")

    piece.finish_passage(0)
    assert piece.finished_passages() == {0}
