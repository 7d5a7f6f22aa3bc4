"""The record of a work: what goes in comes out, whatever happens to the process or the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pieces import (
    CARD,
    OPTIONS,
    TEXT,
    make_job,
    make_overfit,
    make_passages,
    make_piece,
    make_samples,
    run_python,
    start_python,
)
from verbosify.errors import OutputError, PieceError
from verbosify.piece import Pick, Piece
from verbosify.piece.rows import determinants, determinants_before, fingerprint_of
from verbosify.record.fields import dump


@pytest.fixture
def piece(tmp_path: Path) -> Iterator[Piece]:
    with make_piece(tmp_path / "piece") as made:
        yield made


# What goes in comes out


def test_a_new_piece_holds_its_job_and_passages_after_reopening(tmp_path: Path) -> None:
    job = make_job(essay_format="docx", essay_source=b"PK\x00\xff")
    Piece.open_or_create(tmp_path / "a" / "piece", job, make_passages()).close()

    with Piece.open(tmp_path / "a" / "piece") as piece:
        assert piece.job == replace(job, created=piece.job.created, fingerprint=piece.job.fingerprint)
        assert piece.job.created.endswith("Z")
        assert piece.passages() == make_passages()
        assert piece.finished_passages() == set()


def test_a_batch_is_recorded_with_its_overfit_and_samples(tmp_path: Path) -> None:
    with Piece.open_or_create(tmp_path / "piece", make_job(), make_passages()) as piece:
        batch = piece.add_batch(
            2,
            make_samples(2),
            settings=OPTIONS["settings"],
            overfit=make_overfit(),
            seconds=2.5,
            reason="first batch",
            diversity={"distinct": 0.5},
        )

    with Piece.open(tmp_path / "piece") as piece:
        assert piece.batches() == [batch]
        assert (batch.passage, batch.number, batch.reason, batch.diversity) == (2, 0, "first batch", {"distinct": 0.5})
        overfit = piece.overfit(batch.overfit or 0)
        assert overfit == make_overfit(id=overfit.id, passage=2, created=batch.created)
        samples = list(piece.samples(2))
        assert samples == [replace(s, id=i, batch=batch.id) for i, s in enumerate(make_samples(2), 1)]
        assert piece.sample(samples[1].id) == samples[1]
        assert list(piece.samples(0)) == []


def test_batches_are_numbered_within_their_passage(tmp_path: Path) -> None:
    with make_piece(tmp_path / "piece", batches=2) as piece:
        assert [(b.passage, b.number) for b in piece.batches()] == [(p, n) for p in range(4) for n in range(2)]
        assert [b.number for b in piece.batches(3)] == [0, 1]
        assert [o.passage for o in piece.overfits()] == [0, 0, 1, 1, 2, 2, 3, 3]
        assert len(piece.overfits(1)) == 2
        assert len(list(piece.samples())) == 24


def test_a_batch_may_share_an_overfit_that_is_recorded_already(piece: Piece) -> None:
    overfit = piece.overfits(1)[0]

    batch = piece.add_batch(1, make_samples(), settings={}, overfit=overfit, seconds=1)

    assert batch.overfit == overfit.id
    assert len(piece.overfits(1)) == 1


def test_a_batch_may_not_use_the_overfit_of_another_passage(piece: Piece) -> None:
    with pytest.raises(PieceError, match="it names a row that is not there"):
        piece.add_batch(2, make_samples(), settings={}, overfit=piece.overfits(1)[0], seconds=1)


@pytest.mark.parametrize(("model", "threads"), [(None, 2), (CARD | {"threads": 8}, 8)])
def test_a_control_batch_has_no_overfit_but_a_model(piece: Piece, model: dict[str, object], threads: int) -> None:
    batch = piece.add_batch(0, make_samples(), settings={}, overfit=None, seconds=1, model=model)

    assert batch.overfit is None
    assert piece.batches(0)[-1].model == CARD | {"threads": threads}


def test_every_sample_leads_to_weights_engine_versions_device_dtype_and_threads(piece: Piece) -> None:
    rows = piece.database.rows(
        "SELECT o.model AS overfitted, b.model AS sampled FROM generations s JOIN batches b ON b.id = s.batch "
        "JOIN overfits o ON o.id = b.overfit"
    )

    assert len(rows) == 12
    for row in rows:
        for card in row:
            for key in ("name", "weights_sha256", "engine", "versions", "device", "dtype", "threads"):
                assert f'"{key}":' in card


def test_a_passage_is_finished_once_and_stays_so(piece: Piece) -> None:
    piece.finish_passage(1)
    first = piece.passages()[1].finished
    piece.finish_passage(1)

    assert piece.finished_passages() == {1}
    assert first is not None
    assert [p.finished for p in piece.passages()] == [None, first, None, None]


def test_the_log_keeps_what_happened_in_order(piece: Piece) -> None:
    piece.note("started", passages=4)
    piece.note("interrupted")

    assert [(entry.event, entry.detail) for entry in piece.log()] == [("started", {"passages": 4}), ("interrupted", {})]


# What does not fit is refused whole


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"loss_after": float("nan")}, "there is no value, or NaN, for overfits.loss_after"),
        ({"loss_before": float("inf")}, "loss_before is finite"),
        ({"window_tokens": -1}, "window_tokens is 0 or more"),
        ({"seconds": -0.5}, "seconds is 0 or more"),
        ({"recipe": ["classic"]}, "recipe is a JSON object"),
        ({"model": {"name": "nameless"}}, "model holds name, engine, weights_sha256"),
    ],
)
def test_an_overfit_that_does_not_fit_leaves_nothing_behind(
    piece: Piece, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PieceError, match=sentence):
        piece.add_batch(0, make_samples(), settings={}, overfit=make_overfit(**changes), seconds=1)
    assert (len(piece.overfits()), len(piece.batches()), len(list(piece.samples()))) == (4, 4, 12)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (make_samples(2) + make_samples(1), "this row of generations is there already"),
        ([*make_samples(2), *make_samples(1, measures={"drift": float("nan")}, index=2)], "cannot be recorded as JSON"),
        ([*make_samples(2), *make_samples(1, measures={"drift": object()}, index=2)], "cannot be recorded as JSON"),
        ([*make_samples(2), *make_samples(1, text="half \ud83d", index=2)], "is half a character"),
    ],
)
def test_a_batch_with_one_bad_sample_leaves_nothing_behind(piece: Piece, samples: list[Any], sentence: str) -> None:
    with pytest.raises(PieceError, match=sentence):
        piece.add_batch(0, samples, settings={}, overfit=make_overfit(), seconds=1)
    assert (len(piece.overfits()), len(piece.batches()), len(list(piece.samples()))) == (4, 4, 12)


def test_a_batch_for_a_passage_that_is_not_there_is_refused(piece: Piece) -> None:
    with pytest.raises(PieceError, match="it names a row that is not there"):
        piece.add_batch(99, make_samples(), settings={}, overfit=None, seconds=1)
    with pytest.raises(PieceError, match="it names a row that is not there"):
        piece.finish_passage(99)


def test_a_row_that_is_not_there_is_told_by_its_number(piece: Piece) -> None:
    with pytest.raises(PieceError, match="no row 99 among its samples"):
        piece.sample(99)
    with pytest.raises(PieceError, match="no row 99 among its overfits"):
        piece.overfit(99)


def test_passages_beyond_the_essay_are_refused_and_no_piece_is_made(tmp_path: Path) -> None:
    for passage in (replace(make_passages()[0], gap=10_000), replace(make_passages()[0], block=1)):
        with pytest.raises(PieceError, match="Passage 0 reaches beyond the essay"):
            Piece.open_or_create(tmp_path, make_job(), [passage])
        with pytest.raises(PieceError, match="is empty, since its making was interrupted"):
            Piece.open(tmp_path)


TABLES = ("job", "passages", "overfits", "batches", "generations", "passage_done", "pick_events", "log")


@pytest.mark.parametrize("table", TABLES)
def test_no_program_can_change_delete_or_replace_a_row(piece: Piece, table: str) -> None:
    piece.finish_passage(0)
    piece.note("started")
    piece.pin(1, curator="Ada")
    with closing(sqlite3.connect(piece.folder / "piece.db")) as other:
        before = other.execute("SELECT * FROM TABLE_NAME".replace("TABLE_NAME", table)).fetchall()
        assert before
        column = other.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid DESC", (table,)).fetchone()[0]
        for sql in (
            'UPDATE TABLE_NAME SET "COLUMN_NAME" = "COLUMN_NAME"',
            "DELETE FROM TABLE_NAME",
            "INSERT OR REPLACE INTO TABLE_NAME SELECT * FROM TABLE_NAME",
        ):
            with pytest.raises(sqlite3.IntegrityError, match=r"never changed or deleted|is there already"):
                other.execute(sql.replace("TABLE_NAME", table).replace("COLUMN_NAME", column))
        assert other.execute("SELECT * FROM TABLE_NAME".replace("TABLE_NAME", table)).fetchall() == before


# One piece, one job


def test_the_same_job_opens_the_piece_again(tmp_path: Path) -> None:
    make_piece(tmp_path).close()

    with Piece.open_or_create(tmp_path, make_job(title="Another title"), make_passages()) as piece:
        assert piece.job.title == "The harbour"
        assert len(piece.batches()) == 4


def test_a_job_is_the_same_whatever_the_order_of_its_options(tmp_path: Path) -> None:
    Piece.open_or_create(tmp_path, make_job(), make_passages()).close()
    turned = make_job(options=dict(reversed(OPTIONS.items())))

    with Piece.open_or_create(tmp_path, turned, make_passages()) as piece:
        assert piece.job.fingerprint == fingerprint_of(determinants(turned, make_passages()))


@pytest.mark.parametrize(
    "changes",
    [
        {"options": OPTIONS | {"note": "an option of a later verbosify"}},
        {"options": OPTIONS | {"model": "/elsewhere/smollm2"}},
        {"options": OPTIONS | {"engine": "another", "precision": "bf16", "most_samples": 99}},
        {"model": CARD | {"name": "renamed", "device": "cuda", "dtype": "bfloat16", "versions": {"torch": "9"}}},
        {"title": "Another", "essay_name": "other.md", "software": {"verbosify": "9.9"}},
        {"essay_blocks": [{"kind": "paragraph", "start": 0, "end": len(TEXT), "sentences": [], "new": 1}]},
    ],
)
@pytest.mark.parametrize("made_before", [False, True])
def test_what_does_not_decide_what_is_made_orphans_no_piece(
    tmp_path: Path, changes: dict[str, Any], made_before: bool
) -> None:
    then = make_job()
    before = fingerprint_of(determinants_before(then))
    first = replace(then, fingerprint=before) if made_before else then
    Piece.open_or_create(tmp_path, first, make_passages()).close()

    with Piece.open_or_create(tmp_path, make_job(**changes), make_passages()) as piece:
        assert piece.job.options == OPTIONS
        assert (piece.job.fingerprint == before) is made_before


def test_the_fingerprint_is_that_of_the_determinants(tmp_path: Path) -> None:
    with Piece.open_or_create(tmp_path, make_job(), make_passages()) as piece:
        values = determinants(piece.job, piece.passages())

    assert list(values) == ["version", "essay", "passages", "recipe", "settings", "target", "seed", "weights"]
    assert piece.job.fingerprint == sha256(dump(values, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"options": OPTIONS | {"seed": 1}}, r"\(seed was 9223372036854775807 and is 1\)"),
        (
            {"options": OPTIONS | {"settings": {"n": 10, "temperature": 0.9, "top_k": 80}}},
            r"\(settings\.temperature was 0\.8 and is 0\.9; settings\.top_k was 30 and is 80\)",
        ),
        ({"options": OPTIONS | {"target": 2}}, r"\(target was 2\.0 and is 2\)"),
        ({"options": OPTIONS | {"recipe": "x" * 99}}, r"; recipe was not given and is \"x{38}…\)"),
        ({"options": {}}, r"; and 5 more\)"),
        ({"essay_text": TEXT + " More."}, r"\(other essay\)"),
        ({"model": CARD | {"weights_sha256": "00"}}, r'\(weights was "5e5e.*… and is "00"\)'),
    ],
)
def test_another_job_is_refused_with_what_differs(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    make_piece(tmp_path).close()

    with pytest.raises(PieceError, match=told):
        Piece.open_or_create(tmp_path, make_job(**changes), make_passages())


def test_an_essay_that_is_cut_otherwise_is_another_job(tmp_path: Path) -> None:
    make_piece(tmp_path).close()

    with pytest.raises(PieceError, match=r"made with different settings \(other passages\)"):
        Piece.open_or_create(tmp_path, make_job(), make_passages()[:3])


def test_many_processes_that_begin_one_piece_at_once_make_one(tmp_path: Path) -> None:
    code = """
import sys
from tests.pieces import make_job, make_passages
from verbosify.piece import Piece
for number in range(10):
    with Piece.open_or_create(f"{sys.argv[1]}/{number}", make_job(), make_passages()) as piece:
        print(len(piece.passages()))
"""
    processes = [start_python(code, tmp_path) for _ in range(3)]

    lines = "".join(process.communicate(timeout=60)[0] for process in processes).splitlines()

    assert lines == [str(len(make_passages()))] * 30
    for number in range(10):
        with Piece.open(tmp_path / str(number)) as piece:
            assert piece.passages() == make_passages()
            assert piece.database.rows("PRAGMA journal_mode")[0][0] == "wal"


# Folders that hold no piece


def test_a_folder_without_a_piece_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file", tmp_path / ("x" * 300)):
        with pytest.raises(PieceError, match="There is no piece in"):
            Piece.open(folder)


def test_a_piece_cannot_be_made_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot be a folder"):
            Piece.open_or_create(folder, make_job(), make_passages())


def test_a_database_of_another_kind_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "piece.db")) as other:
        other.execute("CREATE TABLE birds (name)")
    before = (tmp_path / "piece.db").read_bytes()

    for attempt in (
        lambda: Piece.open(tmp_path),
        lambda: Piece.open_or_create(tmp_path, make_job(), make_passages()),
    ):
        with pytest.raises(PieceError, match="is a database, but not a piece"):
            attempt()
    assert (tmp_path / "piece.db").read_bytes() == before


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "piece.db").write_text("Dear diary, " * 500)
    with pytest.raises(PieceError, match=r"is damaged \(file is not a database\): restore a copy"):
        Piece.open(tmp_path)

    (tmp_path / "folder" / "piece.db").mkdir(parents=True)
    with pytest.raises(PieceError, match="cannot be opened: check that it is a file"):
        Piece.open(tmp_path / "folder")


def test_a_piece_whose_making_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "piece.db").touch()
    with pytest.raises(PieceError, match="begin the piece there again"):
        Piece.open(tmp_path)

    with Piece.open_or_create(tmp_path, make_job(), make_passages()) as piece:
        assert len(piece.passages()) == 4


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% #é🏮&mode=ro"
    make_piece(folder).close()

    with Piece.open(str(folder)) as piece:
        assert len(piece.batches()) == 4
    assert (folder / "piece.db").exists()


def test_damage_anywhere_is_told_in_a_sentence_or_does_no_harm(tmp_path: Path) -> None:
    with make_piece(tmp_path / "good", batches=3) as good:
        for sample in good.samples():
            gap = (sample.id - 1) // 9
            good.pick("own", gap, [Pick(sample.id, 0, len(sample.text), sample.text)], curator="Ada")
    whole = (tmp_path / "good" / "piece.db").read_bytes()
    chance = np.random.default_rng(7)
    told = []
    for attempt in range(40):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        damaged = bytearray(whole)
        if attempt % 4:
            place = int(chance.integers(100, len(whole)))
            damaged[place : place + 300] = chance.bytes(min(300, len(whole) - place))
        else:
            del damaged[int(chance.integers(len(whole))) :]
        (folder / "piece.db").write_bytes(damaged)
        try:
            with Piece.open(folder) as piece:
                _ = piece.job, piece.passages(), piece.overfits(), piece.batches(), list(piece.samples()), piece.log()
                piece.history(), piece.picks("own"), piece.pinned()
        except (PieceError, OutputError) as error:
            told.append(str(error))
    assert len(told) >= 15, "the rest hits pages that hold nothing"
    assert not any("\n" in sentence for sentence in told)


# Disks that are full, folders that may not be written, files that are locked


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Take away the right to write, which root has everywhere."""
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        yield
    folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_is_told() -> None:
    parent = Path(tempfile.mkdtemp())
    parent.chmod(0o755)
    try:
        make_piece(parent / "piece").close()
        with as_nobody(parent / "piece"):
            with pytest.raises((PieceError, OutputError), match="you may write"):
                Piece.open(parent / "piece")
            with pytest.raises(OutputError, match=r"cannot be a folder \(Permission denied\)"):
                Piece.open_or_create(parent / "piece" / "below", make_job(), make_passages())
    finally:
        shutil.rmtree(parent)


def test_a_disk_that_takes_no_more_bytes_is_told(tmp_path: Path) -> None:
    make_piece(tmp_path).close()
    code = """
import resource, sys
from tests.pieces import add_batch
from verbosify.errors import OutputError
from verbosify.piece import Piece, write_export
piece = Piece.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for attempt in (lambda: add_batch(piece, count=500), lambda: write_export(piece)):
    try:
        attempt()
    except OutputError as error:
        print(error)
print(len(list(piece.samples())))
"""

    lines = run_python(code, tmp_path).splitlines()

    assert [line.partition(" cannot be written (")[1] != "" for line in lines] == [True, False], lines
    assert lines[-1] == "12"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# One run at a time


def test_a_second_run_is_refused_until_the_first_is_killed(piece: Piece) -> None:
    code = """
import sys, time
from verbosify.piece import Piece
with Piece.open(sys.argv[1]) as piece, piece.lock():
    print("locked", flush=True)
    time.sleep(60)
"""
    process = start_python(code, piece.folder)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(PieceError, match="Another process is at work on the piece"), piece.lock():
            pass
        piece.note("a reader needs no lock")
    finally:
        process.kill()
        process.communicate()

    with piece.lock():
        pass


def test_a_lock_is_given_back_when_the_work_fails(piece: Piece) -> None:
    with pytest.raises(ZeroDivisionError), piece.lock():
        _ = 1 / 0

    with (
        piece.lock(),
        Piece.open(piece.folder) as other,
        pytest.raises(PieceError, match="Another process"),
        other.lock(),
    ):
        pass


def test_a_lock_that_cannot_be_made_is_told(piece: Piece) -> None:
    (piece.folder / "piece.lock").mkdir()
    with pytest.raises(OutputError, match="lock cannot be locked"), piece.lock():
        pass


# Processes that die


def test_a_process_killed_at_any_moment_leaves_every_finished_write_and_no_half_one(tmp_path: Path) -> None:
    code = """
import sys
from tests.pieces import make_job, make_overfit, make_passages, make_samples
from verbosify.piece import Piece
with Piece.open_or_create(sys.argv[1], make_job(), make_passages()) as piece:
    while True:
        batch = piece.add_batch(1, make_samples(40), settings={}, overfit=make_overfit(), seconds=1)
        print(batch.id, flush=True)
"""
    chance = np.random.default_rng(3)
    told = 0
    for _ in range(8):
        process = start_python(code, tmp_path)
        assert process.stdout is not None
        told = max(told, int(process.stdout.readline()))
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        told = max([told, *map(int, process.stdout.read().split())])
        process.communicate()

        with Piece.open(tmp_path) as piece:
            assert piece.database.rows("PRAGMA integrity_check")[0][0] == "ok"
            assert piece.database.rows("PRAGMA foreign_key_check") == []
            batches = piece.batches()
            assert len(batches) in (told, told + 1)
            assert [batch.number for batch in batches] == list(range(len(batches)))
            assert len(piece.overfits()) == len(batches)
            counts = piece.database.rows("SELECT count(*) FROM generations GROUP BY batch")
            assert [count for (count,) in counts] == [40] * len(batches)
            told = len(batches)
    assert told >= 8


def test_a_process_killed_while_it_makes_a_piece_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    code = """
import sys
from tests.pieces import make_job, make_passages
from verbosify.piece import Piece
print("ready", flush=True)
for number in range(10_000):
    Piece.open_or_create(f"{sys.argv[1]}/{number}", make_job(), make_passages()).close()
"""
    chance = np.random.default_rng(5)
    for attempt in range(4):
        process = start_python(code, tmp_path / str(attempt))
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.05, 0.3))
        process.kill()
        process.communicate()
        last = max((tmp_path / str(attempt)).iterdir(), key=lambda folder: int(folder.name))

        with Piece.open_or_create(last, make_job(), make_passages()) as piece:
            assert piece.passages() == make_passages()


# A big piece


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 passages of 40 samples of 100 tokens."""
    folder = tmp_path_factory.mktemp("big")
    passages = [replace(make_passages()[0], index=index) for index in range(500)]
    samples = make_samples(40, token_ids=list(range(1000, 1100)), text=" and so on" * 50)
    with Piece.open_or_create(folder, make_job(), passages) as piece:
        for index in range(500):
            piece.add_batch(index, samples, settings={}, overfit=make_overfit(), seconds=1)
    return folder


def test_a_big_piece_opens_at_once_and_shows_a_passage_at_once(big: Path) -> None:
    opening, showing = [], []
    for index in (0, 123, 250, 400, 499):
        started = time.perf_counter()
        with Piece.open(big) as piece:
            opened = time.perf_counter()
            assert len(list(piece.samples(index))) == 40
            opening.append(opened - started)
            showing.append(time.perf_counter() - opened)

    assert min(opening) < 1
    assert min(showing) < 0.2


def test_reading_all_samples_holds_few_of_them_in_memory(big: Path) -> None:
    with Piece.open(big) as piece:
        tracemalloc.start()
        try:
            assert sum(1 for _ in piece.samples()) == 20_000
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 4_000_000
