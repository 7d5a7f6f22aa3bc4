"""The store by itself, under a small record of another kind: letters, each drawn from a prompt, some kept."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from tests.pieces import CARD, start_python
from verbosify.errors import RecordError
from verbosify.files import read_json
from verbosify.record import Batch, Database, Generation, Overfit, Schema, acts, add_batch, create_table, generations
from verbosify.record.checking import read_values
from verbosify.record.export import import_record, write_json
from verbosify.record.fields import NO_MORE, Whole, from_columns, to_columns, values_of
from verbosify.record.log import note, read_log


def letters(database: Database) -> None:
    """The first version: generations, what was kept of them, and a log."""
    generations.create_tables(database)
    create_table(
        database,
        "keeps",
        """
        id INTEGER PRIMARY KEY,
        act INTEGER NOT NULL REFERENCES keeps (id),
        action TEXT NOT NULL,
        generation INTEGER REFERENCES generations (id),
        target INTEGER REFERENCES keeps (id)""",
    )
    create_table(database, "log", "id INTEGER PRIMARY KEY, created TEXT, event TEXT, detail TEXT")


SCHEMA = Schema("a bundle of letters", int.from_bytes(b"vblt"), (letters,))
BATCH = Batch(prompt="Dear reader,", model=CARD, settings={"n": 2, "seed": 7}, seconds=0.5)
ROWS = [
    Generation(index=index, token_ids=[1, index], text=f" no. {index}", finish="end", measures={}) for index in (0, 1)
]
OVERFIT = Overfit(
    recipe={"name": "classic"}, loss_before=3.0, loss_after=2.0, window_loss=3.0, window_tokens=9, seconds=1, model=CARD
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """An export of them."""

    __pydantic_config__ = NO_MORE

    overfits: list[Annotated[Overfit, Whole()]]
    batches: list[Annotated[Batch, Whole()]]
    generations: list[Annotated[Generation, Whole()]]


def begun(folder: Path) -> Database:
    database = Database.make(folder / "letters.db")
    SCHEMA.begin(database, lambda _: None)
    return database


def said(database: Database) -> list[Generation]:
    return [from_columns(Generation, row) for row in database.rows("SELECT * FROM generations ORDER BY id")]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(begun(tmp_path)) as made:
        yield made


def keep(database: Database, generation: int) -> None:
    number = database.number("SELECT coalesce(max(id), 0) + 1 FROM keeps")
    with database.writing():
        database.insert("keeps", {"id": number, "act": number, "action": "kept", "generation": generation})


def lines(database: Database) -> dict[None, acts.Line]:
    rows = database.rows("SELECT * FROM keeps ORDER BY id")
    return acts.replay((row["id"], row["act"], None, row["action"], row["target"]) for row in rows)


def step(database: Database, action: acts.Step) -> int | None:
    found = acts.latest(lines(database), action)
    if found is None:
        return None
    number = database.number("SELECT coalesce(max(id), 0) + 1 FROM keeps")
    with database.writing():
        database.insert("keeps", {"id": number, "act": number, "action": action, "target": found[1]})
    return found[1]


def test_a_batch_of_no_passage_has_its_prompt_and_all_that_makes_it_again(database: Database) -> None:
    with database.writing():
        batch = add_batch(database, BATCH, ROWS, OVERFIT)

    (row,) = database.rows("SELECT * FROM batches")
    recorded = from_columns(Batch, row)
    assert recorded == batch
    assert (recorded.prompt, recorded.model, recorded.settings["seed"]) == ("Dear reader,", CARD, 7)
    assert database.number("SELECT count(*) FROM overfits WHERE id = ?", (recorded.overfit,)) == 1
    assert [row.text for row in said(database)] == [" no. 0", " no. 1"]


def test_a_generation_goes_on_from_another(database: Database) -> None:
    with database.writing():
        add_batch(database, BATCH, ROWS)
        first, _ = said(database)
        add_batch(database, replace(BATCH, prompt=f"{BATCH.prompt}{first.text}"), [replace(ROWS[0], parent=first.id)])

    assert [row.parent for row in said(database)] == [None, None, first.id]
    with pytest.raises(RecordError, match="it must hold that a generation comes after its parent"), database.writing():
        add_batch(database, BATCH, [replace(ROWS[0], parent=99)])
    assert len(said(database)) == 3


@pytest.mark.parametrize("sql", ["UPDATE generations SET text = ''", "DELETE FROM batches"])
def test_nothing_recorded_is_changed(database: Database, sql: str) -> None:
    with database.writing():
        add_batch(database, BATCH, ROWS)

    with pytest.raises(RecordError, match="never changed or deleted"), database.writing():
        database.execute(sql)


def test_undo_and_redo_walk_over_acts_of_any_kind(database: Database) -> None:
    with database.writing():
        add_batch(database, BATCH, ROWS)
    keep(database, 1)
    keep(database, 2)

    assert [step(database, "undone") for _ in range(3)] == [2, 1, None]
    assert [step(database, "redone") for _ in range(3)] == [1, 2, None]
    assert lines(database)[None].acts == {1, 2}


def test_a_record_of_another_kind_is_told_apart(database: Database) -> None:
    with pytest.raises(RecordError, match="is a database, but not a diary"):
        replace(SCHEMA, name="a diary", application_id=1).version(database)


def test_an_export_is_read_back_by_its_types_and_makes_the_same_rows(database: Database, tmp_path: Path) -> None:
    with database.writing():
        add_batch(database, BATCH, ROWS, OVERFIT)
        note(database, "written", {"letters": 2})

    def parts() -> Iterator[tuple[str, Any]]:
        for table, kind in (("overfits", Overfit), ("batches", Batch), ("generations", Generation)):
            rows = database.rows(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608  (our own names)
            yield table, (values_of(from_columns(kind, row)) for row in rows)

    write_json(tmp_path / "letters.json", database, parts)
    values = read_values(
        TypeAdapter(Letters), read_json(tmp_path / "letters.json", RecordError, "write it again"), "letters.json"
    )

    def fill(other: Database) -> None:
        for table in ("overfits", "batches", "generations"):
            for row in getattr(values, table):
                other.insert(table, to_columns(row))

    with closing(import_record(SCHEMA, tmp_path / "again" / "letters.db", "letters.json", fill)) as again:
        assert said(again) == said(database)
    assert [(entry.event, entry.detail) for entry in read_log(database)] == [("written", {"letters": 2})]
    with pytest.raises(RecordError, match=r"There is a bundle of letters in .* already"):
        import_record(SCHEMA, tmp_path / "again" / "letters.db", "letters.json", fill)


def wrong(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    rows = {"batches": [values_of(replace(BATCH, id=1, created="now"))], "overfits": []}
    data = {**rows, "generations": [values_of(replace(row, id=row.index + 1, batch=1)) for row in ROWS]}
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data["generations"][1].pop("parent"), r"at \$\.generations\[1\]: 'parent' is missing"),
        (lambda data: data["batches"][0].update(prompt=5), r"at \$\.batches\[0\]\.prompt: 5 should be a valid string"),
        (
            lambda data: data["batches"][0]["settings"].update(stops=[1, {"a": float("nan")}]),
            r"at \$\.batches\[0\]\.settings\.stops\[1\]\.a: nan is no number a record can hold",
        ),
    ],
)
def test_what_is_wrong_in_an_export_is_told_by_its_place(change: Callable[[dict[str, Any]], Any], told: str) -> None:
    with pytest.raises(RecordError, match=f"letters.json is wrong {told}"):
        read_values(TypeAdapter(Letters), wrong(change), "letters.json")


def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    begun(tmp_path).close()
    code = """
import os, signal, sys
from pathlib import Path
from tests.test_record import BATCH, ROWS, SCHEMA, add_batch
database = SCHEMA.find(Path(sys.argv[1]))
with database.writing():
    add_batch(database, BATCH, ROWS)
with database.writing():
    add_batch(database, BATCH, ROWS)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    process = start_python(code, tmp_path / "letters.db")
    process.communicate(timeout=120)

    assert process.returncode == -signal.SIGKILL
    found = SCHEMA.find(tmp_path / "letters.db")
    assert found is not None
    with closing(found):
        assert len(said(found)) == 2
