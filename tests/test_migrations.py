"""The tables of a piece, and how an older file comes up to date."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pieces import make_full_piece, make_job, make_passages, make_piece, start_python
from tools.describe_record import DOCS, page, schema_text
from verbosify.errors import PieceError
from verbosify.piece import Piece, Scores, export_piece, migrations
from verbosify.piece.migrations import APPLICATION_ID, SCHEMA
from verbosify.record.database import Database
from verbosify.record.migrations import Migration


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a piece made before the migrations that a test adds."""
    make_piece(tmp_path / "old").close()
    return tmp_path / "old"


MIGRATIONS = SCHEMA.migrations


def use(patch: pytest.MonkeyPatch, *names: Migration) -> None:
    patch.setattr(migrations, "SCHEMA", replace(SCHEMA, migrations=names))


def contents(folder: Path) -> dict[str, list[Any]]:
    """The rows of each table."""
    with closing(sqlite3.connect(folder / "piece.db")) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: file.execute("SELECT * FROM TABLE_NAME".replace("TABLE_NAME", name)).fetchall() for name in names}


def set_back(new: Path, old: Path, count: int) -> None:
    """Make the piece in `new` again in `old`, as a verbosify of `count` migrations would have recorded it."""
    old.mkdir()
    with closing(Database.make(old / "piece.db")) as database:
        database.rows("ATTACH DATABASE ? AS new", (str(new / "piece.db"),))
        schema = replace(SCHEMA, migrations=MIGRATIONS[:count])
        with database.writing():
            schema.migrate(database)
            for (table,) in database.rows("SELECT name FROM main.sqlite_schema WHERE type = 'table'"):
                if table != "migrations":
                    found = database.rows("SELECT name FROM main.pragma_table_info(?)", (table,))
                    columns = ", ".join(f'"{name}"' for (name,) in found)
                    source = "generations" if table == "samples" else table
                    database.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{source} ORDER BY rowid")  # noqa: S608
    assert not (old / "piece.db-wal").exists()


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
        assert file.execute("SELECT name FROM migrations ORDER BY rowid").fetchall() == [
            (m.__name__,) for m in MIGRATIONS
        ]
    assert (old / "piece.db").read_bytes()[68:72] == b"vbpc"


def test_every_table_is_strict_about_types(old: Path) -> None:
    with closing(sqlite3.connect(old / "piece.db")) as file:
        rows = file.execute("SELECT name, strict FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'").fetchall()
    assert len(rows) == 12
    assert all(strict for _, strict in rows)


def test_an_older_piece_is_brought_up_to_date_on_opening(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, *MIGRATIONS, add_a_column, add_a_table)

    for _ in range(2):  # the second opening finds nothing to do
        with Piece.open(old) as piece:
            piece.note("started")
            assert piece.database.rows("SELECT DISTINCT place FROM log")[0][0] == "here"
            names = [row["name"] for row in piece.database.rows("SELECT name FROM migrations ORDER BY rowid")]
            assert names == [*(migration.__name__ for migration in MIGRATIONS), "add_a_column", "add_a_table"]
            assert len(list(piece.samples())) == 12


def test_tables_that_were_replaced_leave_no_room_behind(tmp_path: Path) -> None:
    with make_full_piece(tmp_path / "new") as piece, piece.database.writing():
        for number in range(200):
            piece.database.insert(
                "log", {"event": "noted", "detail": '{"n": ' + "1" * 500 + "}", "created": str(number)}
            )
    set_back(tmp_path / "new", tmp_path / "old", 1)

    Piece.open(tmp_path / "old").close()

    with closing(sqlite3.connect(tmp_path / "old" / "piece.db")) as file:
        assert file.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert (tmp_path / "old" / "piece.db").stat().st_size <= (tmp_path / "new" / "piece.db").stat().st_size


def test_a_file_that_another_process_writes_to_keeps_its_size(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbosify.record.database.BUSY_SECONDS", 0.1)
    before = contents(old)

    with closing(sqlite3.connect(old / "piece.db")) as writer, Piece.open(old) as piece:
        writer.execute("BEGIN IMMEDIATE")
        piece.database.shrink()

    assert contents(old) == before


@pytest.mark.parametrize("count", range(1, len(MIGRATIONS)))
def test_a_piece_of_every_earlier_version_comes_up_to_date_as_it_was(count: int, tmp_path: Path) -> None:
    with make_full_piece(tmp_path / "new") as piece:
        rows = contents(tmp_path / "new")
        whole = export_piece(piece)
    set_back(tmp_path / "new", tmp_path / "old", count)

    with Piece.open(tmp_path / "old") as piece:
        assert SCHEMA.version(piece.database) == len(MIGRATIONS)
        lost: dict[str, Any] = {"opinions": [], "ratings": []} if count < 4 else {}
        assert export_piece(piece) == whole | lost
        sample = next(piece.samples())
        piece.undo("own – é", curator="Ada")
        assert contents(tmp_path / "old")["generations"] == rows["generations"]
        piece.add_scores(Scores(sample=sample.id, tokens=[sample.text], base=[0.25], overfitted=[0.5]))
        assert [(row.sample, row.overfitted) for row in piece.scores()] == [(sample.id, [0.5])]
        with pytest.raises(PieceError, match="never changed or deleted"), piece.database.writing():
            piece.database.execute("DELETE FROM generations")
        assert piece.database.rows("PRAGMA foreign_key_check") == []


def test_a_process_killed_while_it_brings_a_piece_up_to_date_leaves_it_as_it_was(tmp_path: Path) -> None:
    make_full_piece(tmp_path / "new").close()
    set_back(tmp_path / "new", tmp_path / "old", 2)
    before = contents(tmp_path / "old")
    code = """
import os, signal, sys
from verbosify.piece import Piece, migrations
from verbosify.record.database import Database
inserts = Database.execute
def execute(self, sql, values=()):
    if sql.startswith("DROP TABLE old_batches"):
        os.kill(os.getpid(), signal.SIGKILL)
    return inserts(self, sql, values)
Database.execute = execute
Piece.open(sys.argv[1])
"""

    process = start_python(code, tmp_path / "old")
    process.communicate(timeout=60)

    assert process.returncode == -signal.SIGKILL
    assert contents(tmp_path / "old") == before
    with Piece.open(tmp_path / "old") as piece:
        assert len(list(piece.samples())) == 27


def test_a_resumed_run_brings_an_older_piece_up_to_date(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, *MIGRATIONS, add_a_table)

    with Piece.open_or_create(old, make_job(), make_passages()) as piece:
        assert migrations.SCHEMA.version(piece.database) == len(MIGRATIONS) + 1
        assert piece.database.rows("SELECT * FROM birds") == []


def test_a_migration_that_fails_leaves_the_piece_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        use(patch, *MIGRATIONS, add_a_table, fail)
        with pytest.raises(PieceError, match="table half already exists"):
            Piece.open(old)

    with Piece.open(old) as piece:
        assert migrations.SCHEMA.version(piece.database) == len(MIGRATIONS)
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


def test_the_page_on_the_record_and_the_schema_are_what_the_types_say() -> None:
    text = (DOCS / "record.md").read_text("utf-8")

    assert page(text) == text, "run `python tools/describe_record.py`"
    assert (DOCS / "piece.schema.json").read_text("utf-8") == schema_text(), "run `python tools/describe_record.py`"
