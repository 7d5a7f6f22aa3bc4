"""The tables of a piece, and how an older file comes up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.pieces import make_job, make_passages, make_piece
from verbosify.errors import PieceError
from verbosify.piece import Piece, Scores, migrations
from verbosify.piece.database import Database
from verbosify.piece.migrations import APPLICATION_ID, MIGRATIONS


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """The folder of a piece made before the migrations that a test adds."""
    make_piece(tmp_path / "old").close()
    return tmp_path / "old"


def add_a_column(database: Database) -> None:
    database.execute("ALTER TABLE log ADD COLUMN place TEXT NOT NULL DEFAULT 'here'")


def add_a_table(database: Database) -> None:
    database.execute("CREATE TABLE birds (name TEXT) STRICT")


def fail(database: Database) -> None:
    database.execute("CREATE TABLE half (name TEXT) STRICT")
    database.execute("CREATE TABLE half (name TEXT) STRICT")


def test_a_new_file_says_what_it_is_and_what_it_has_been_through(old: Path) -> None:
    with closing(sqlite3.connect(old / "piece.db")) as file:
        assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert file.execute("SELECT name FROM migrations").fetchall() == [(m.__name__,) for m in MIGRATIONS]
    assert (old / "piece.db").read_bytes()[68:72] == b"vbpc"


def test_every_table_is_strict_about_types(old: Path) -> None:
    with closing(sqlite3.connect(old / "piece.db")) as file:
        rows = file.execute("SELECT name, strict FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'").fetchall()
    assert len(rows) == 10
    assert all(strict for _, strict in rows)


def test_an_older_piece_is_brought_up_to_date_on_opening(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, add_a_column, add_a_table))

    for _ in range(2):  # the second opening finds nothing to do
        with Piece.open(old) as piece:
            piece.note("started")
            assert piece.database.rows("SELECT DISTINCT place FROM log")[0][0] == "here"
            names = [row["name"] for row in piece.database.rows("SELECT name FROM migrations ORDER BY rowid")]
            assert names == [*(migration.__name__ for migration in MIGRATIONS), "add_a_column", "add_a_table"]
            assert len(list(piece.samples())) == 12


@pytest.mark.parametrize("count", range(1, len(MIGRATIONS)))
def test_a_piece_of_every_earlier_version_can_be_gone_on_with(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:count])
        make_piece(tmp_path / "old").close()

    with Piece.open(tmp_path / "old") as piece:
        sample = next(piece.samples())
        piece.add_scores(Scores(sample=sample.id, tokens=[sample.text], base=[0.25], overfitted=[0.5]))
        assert [(row.sample, row.overfitted) for row in piece.scores()] == [(sample.id, [0.5])]
        assert migrations.version(piece.database) == len(MIGRATIONS)


def test_a_resumed_run_brings_an_older_piece_up_to_date(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, add_a_table))

    with Piece.open_or_create(old, make_job(), make_passages()) as piece:
        assert migrations.version(piece.database) == len(MIGRATIONS) + 1
        assert piece.database.rows("SELECT * FROM birds") == []


def test_a_migration_that_fails_leaves_the_piece_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, add_a_table, fail))
        with pytest.raises(PieceError, match="table half already exists"):
            Piece.open(old)

    with Piece.open(old) as piece:
        assert migrations.version(piece.database) == len(MIGRATIONS)
        tables = [row["name"] for row in piece.database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        assert not {"birds", "half"} & set(tables)


def test_a_piece_of_a_newer_verbosify_is_refused(old: Path) -> None:
    with closing(sqlite3.connect(old / "piece.db")) as file:
        file.execute("PRAGMA user_version = 7")

    for attempt in (lambda: Piece.open(old), lambda: Piece.open_or_create(old, make_job(), make_passages())):
        known = rf"made by a newer verbosify .version 7 .* knows {len(MIGRATIONS)}.: update verbosify"
        with pytest.raises(PieceError, match=known):
            attempt()


def test_the_page_on_the_record_names_every_table_and_column(old: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "record.md").read_text("utf-8")
    with closing(sqlite3.connect(old / "piece.db")) as file:
        for (table,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            section = page.partition(f"### `{table}`")[2].partition("\n#")[0]
            for (column,) in file.execute("SELECT name FROM pragma_table_info(?)", (table,)):
                assert f"`{column}`" in section, f"{table}.{column}"
