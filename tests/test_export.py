"""piece.json holds the whole record, always in the same bytes, and only a sound one is read back."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.pieces import (
    CARD,
    OPTIONS,
    make_full_piece,
    make_job,
    make_overfit,
    make_passages,
    make_piece,
    put,
    start_python,
)
from verbosify.errors import OutputError, PieceError
from verbosify.piece import Pick, Piece, Sample, export_piece, import_piece, read_export, write_export
from verbosify.piece.checking import schema

KEYS = ["format", "version", "title", "created", "software", "job", "fingerprint", "model", "essay"]
KEYS += ["passages", "overfits", "batches", "samples", "scores", "opinions", "ratings", "picks", "readings", "log"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with make_full_piece(tmp_path_factory.mktemp("good") / "piece") as piece:
        return read_export(write_export(piece))


def contents(folder: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(folder / "piece.db")) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name: file.execute("SELECT * FROM TABLE_NAME".replace("TABLE_NAME", name)).fetchall()
            for name in names
            if name != "migrations"
        }


# Out and in again


def test_an_export_makes_the_same_record_and_the_same_bytes_again(tmp_path: Path) -> None:
    with make_full_piece(tmp_path / "one") as piece:
        first = write_export(piece)
        exported = export_piece(piece)
    with import_piece(read_export(first), tmp_path / "two") as piece:
        second = write_export(piece)
        assert export_piece(piece) == exported == json.loads(first.read_text("utf-8"))

    assert first == tmp_path / "one" / "piece.json"
    assert second.read_bytes() == first.read_bytes()
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    with Piece.open(tmp_path / "two") as piece:
        assert piece.pinned() == {3}
        assert piece.finished_passages() == {2}
        assert piece.undo("own – é", curator="Ada") is not None, "history goes on where it ended"


def test_exporting_twice_gives_the_same_bytes_but_for_what_was_added(tmp_path: Path) -> None:
    with make_full_piece(tmp_path / "piece") as piece:
        before = write_export(piece).read_text("utf-8")
        assert write_export(piece, tmp_path / "again.json").read_text("utf-8") == before
        piece.note("resumed")
        after = write_export(piece).read_text("utf-8")

    assert before.count("\n") + 1 == after.count("\n")
    assert before.removesuffix("\n]\n}\n") == after.rpartition(",\n{")[0]


def test_an_export_obeys_its_schema_and_says_all_of_it(good: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(good)

    assert list(good) == KEYS == list(schema()["properties"])
    assert (good["format"], good["version"], good["title"]) == ("verbosify/piece", 3, "The harbour")
    assert good["job"] == OPTIONS
    assert good["model"] == CARD
    assert good["essay"]["source_base64"] is None
    assert [passage["finished"] is not None for passage in good["passages"]] == [False, False, True, False]
    assert len(good["samples"]) == 27


def test_the_readings_of_an_export_are_ready_to_show(good: dict[str, Any]) -> None:
    fluffy, sparse, own = (good["readings"][name] for name in ("fluffy", "sparse", "own – é"))

    assert fluffy["words_added"] == 4 * 7
    assert list(fluffy["gaps"]) == ["0", "1", "2", "3"]
    assert sparse == {"words_added": 0, "gaps": {}}
    assert own["gaps"]["1"][0]["text"] == "Sample 0 went on."
    assert own["gaps"]["1"][0]["edited"] is True


def test_the_source_of_a_docx_survives(tmp_path: Path) -> None:
    job = make_job(essay_format="docx", essay_source=bytes(range(256)))
    with Piece.open_or_create(tmp_path / "one", job, make_passages()) as piece:
        data = export_piece(piece)
    with import_piece(data, tmp_path / "two") as piece:
        assert piece.job.essay_source == bytes(range(256))


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
details = st.dictionaries(text, plain, max_size=3)


records = st.fixed_dictionaries(
    {
        "title": text,
        "options": details,
        "source": st.none() | st.binary(max_size=20),
        "texts": st.lists(text, min_size=1, max_size=4),
        "measures": details,
        "token_ids": st.lists(st.integers(0, 2**63 - 1), max_size=4),
        "loss": st.floats(allow_nan=False, allow_infinity=False),
        "reason": text,
    }
)


@settings(max_examples=25, deadline=None)
@given(record=records)
def test_any_record_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("any")
    options, measures, reason = record["options"], record["measures"], record["reason"]
    job = make_job(title=record["title"], options=options, essay_source=record["source"])
    with Piece.open_or_create(folder / "one", job, make_passages()) as piece:
        piece.add_batch(
            1,
            [
                Sample(index=index, text=said, token_ids=record["token_ids"], finish="length", measures=measures)
                for index, said in enumerate(record["texts"])
            ],
            settings=options,
            overfit=make_overfit(loss_before=record["loss"], recipe=options),
            seconds=0.1,
            reason=reason,
            diversity=measures,
        )
        piece.note("started", detail=measures)
        for sample in piece.samples():
            if sample.text.strip():
                piece.pick("own", 1, [Pick(sample.id, 0, len(sample.text), sample.text)], curator="Ada", reason=reason)
        first = write_export(piece).read_bytes()
    with import_piece(read_export(folder / "one" / "piece.json"), folder / "two") as piece:
        assert write_export(piece).read_bytes() == first
    assert contents(folder / "one") == contents(folder / "two")


# What is refused, and where


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("fingerprint", "0" * 64, r"\$\.fingerprint: it is not that of this essay"),
        ("job.seed", 4, r"\$\.fingerprint"),
        ("essay.source_base64", "a*b", r"\$\.essay\.source_base64: it is not base64"),
        ("essay.source_base64", "QR==", r"\$\.essay\.source_base64: it is not base64"),
        ("essay.source_base64", "é", r"\$\.essay\.source_base64: it is not base64"),
        ("passages.1.start", 5000, r"\$\.passages\[1\]: it must hold that end is start or later"),
        ("passages.1.gap", 5000, r"\$\.passages\[1\]: Passage 1 reaches beyond the essay"),
        ("passages.1.last", 0, r"\$\.passages\[1\]: it must hold that last is first or later"),
        ("passages.1.index", 0, r"\$\.passages\[1\]: this row of passages is there already"),
        ("overfits.2.passage", 9, r"\$\.overfits\[2\]: it names a row that is not there"),
        ("batches.2.overfit", 1, r"\$\.batches\[2\]: it names a row that is not there"),
        ("batches.2.id", 1, r"\$\.batches\[2\]: this row of batches is there already"),
        ("batches.1.number", 0, r"\$\.batches\[1\]: this row of batches is there already"),
        ("samples.5.batch", 99, r"\$\.samples\[5\]: it names a row that is not there"),
        ("picks.0.gap", 9, r"\$\.picks\[0\]: There is no gap 9"),
        ("picks.0.picks.0.sample", 99, r"\$\.picks\[0\]: There is no sample 99"),
        ("picks.0.picks.0.end", 999, r"\$\.picks\[0\]: Sample 1 has 30 characters"),
        ("picks.0.picks.0.text", "Other", r"\$\.picks\[0\]: The pick of sample 1 is not what the sample says"),
        ("picks.0.act", 2, r"\$\.picks\[0\]: "),
        (
            "picks.0.action",
            "undone",
            r"\$\.picks\[0\]: it must hold that an event has the columns of its action",
        ),
        ("picks.10.target", 1, r"\$\.picks: Event 11 names act 1, which is not the one to be undone"),
        ("picks.10.target", 99, r"\$\.picks\[10\]: it must hold that an event comes after what it names"),
        ("readings", {}, r"\$\.readings: they are not what the picks add up to"),
        ("readings.fluffy.words_added", 5, r"\$\.readings: they are not what the picks add up to"),
    ],
)
def test_what_does_not_hold_together_is_refused_by_its_place(
    good: dict[str, Any], tmp_path: Path, path: str, value: Any, told: str
) -> None:
    with pytest.raises(PieceError, match=told) as caught:
        import_piece(put(good, path, value), tmp_path / "piece")

    assert str(caught.value).startswith("piece.json is wrong at $")
    assert not (tmp_path / "piece").exists(), "nothing is written before all is checked"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@settings(max_examples=150, deadline=None)
@given(choice=st.data())
def test_damage_anywhere_in_the_json_is_refused_or_kept_exactly(
    good: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, choice: st.DataObject
) -> None:
    data = copy.deepcopy(good)
    path = choice.draw(st.sampled_from(list(places(data))[1:]))
    place = data
    for key in path[:-1]:
        place = place[key]
    if choice.draw(st.booleans()):
        del place[path[-1]]
    else:
        place[path[-1]] = choice.draw(plain | st.just(float("nan")) | st.sampled_from([10**30, [], {}, 0, 1, 2, -1]))

    folder = tmp_path_factory.mktemp("damaged") / "piece"
    try:
        with import_piece(data, folder) as piece:
            assert export_piece(piece) == {"opinions": [], "ratings": []} | data | {"version": 3}, (
                "what is no part of an earlier version is read in it too"
            )
    except PieceError as error:
        assert str(error).startswith("piece.json is wrong at $")  # noqa: PT017
        assert not folder.exists()


def test_a_piece_is_not_imported_over_another(good: dict[str, Any], tmp_path: Path) -> None:
    make_piece(tmp_path).close()
    with pytest.raises(PieceError, match=r"There is a piece in .* already: choose another folder"):
        import_piece(good, tmp_path)
    with Piece.open(tmp_path) as piece:
        assert len(piece.batches()) == 4


def test_a_lost_database_is_rebuilt_beside_its_export(tmp_path: Path) -> None:
    with make_full_piece(tmp_path) as piece:
        path = write_export(piece)
    (tmp_path / "piece.db").unlink()

    with import_piece(read_export(path), tmp_path) as piece:
        assert len(list(piece.samples())) == 27


# Files


def test_an_export_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "piece.json"
    with pytest.raises(PieceError, match=r"cannot be read \(No such file or directory\): check the path"):
        read_export(path)
    for contents in (b"", b"{", b"\xff\xfe", b"[" * 200_000, b"1" * 5000):
        path.write_bytes(contents)
        with pytest.raises(PieceError, match="is not JSON"):
            read_export(path)


def test_an_export_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with make_piece(tmp_path / "piece") as piece:
        for path in (tmp_path / "none" / "piece.json", tmp_path / "file" / "piece.json", tmp_path / ("x" * 300)):
            with pytest.raises(OutputError, match="cannot be written"):
                write_export(piece, path)
        with pytest.raises(OutputError, match="is a folder: name a file in it"):
            write_export(piece, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "piece"]


def test_an_export_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    with make_piece(tmp_path) as piece:
        before = write_export(piece).read_bytes()
        piece.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            write_export(piece)
    assert (tmp_path / "piece.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_export_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    code = """
import sys
from tests.pieces import make_full_piece, put, add_batch
from verbosify.piece import Piece
with Piece.open(sys.argv[1]) as piece:
    print("ready", flush=True)
    while True:
        add_batch(piece, 3)
        time.sleep(0.01)
"""
    make_piece(tmp_path).close()
    process = start_python(code, tmp_path)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        sizes = []
        with Piece.open(tmp_path) as piece:
            for attempt in count():
                data = read_export(write_export(piece))
                sizes.append(len(data["batches"]))
                import_piece(data, tmp_path / str(attempt)).close()
                if attempt >= 3 and len(set(sizes)) > 1:  # the other has written in between
                    break
    finally:
        process.kill()
        process.communicate()
