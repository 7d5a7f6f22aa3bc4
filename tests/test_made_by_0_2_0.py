"""What verbosify 0.2.0 left on people's disks goes on working: a run that broke off, its record, kept overfits.

`tests/data/made_by_0_2_0/README.md` says what these files are. Only public names are used here, and only what holds on
any processor is claimed.
"""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Commands, Result
from verbosify import Piece, SamplingSettings, load_model
from verbosify.piece import import_piece

DATA = Path(__file__).parent / "data"
MADE = DATA / "made_by_0_2_0"
TOLD: dict[str, Any] = json.loads((MADE / "told.json").read_text(encoding="utf-8"))
FINISHED: dict[str, Any] = json.loads((MADE / "finished" / "piece.json").read_text(encoding="utf-8"))
AS_BEGUN = (
    *("--model", "tests/data/speaking_english", "--recipe", "passage", "--samples", 3, "--most-samples", 6),
    *("--length", 40, "--precision", "fp32", "--device", "cpu"),
)
EDITED = "Nobody counts the lamps – not tonight."
CONTROL, FIRST, SECOND, BY_HAND, AFTERWARDS = 1, 6, 8, 13, 18
"""Samples that any processor draws again; the last is none of the interrupted piece, but of the finished one."""


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """The folder of the piece as it was when the run had broken off."""
    return Path(shutil.copytree(MADE / "interrupted", tmp_path / "interrupted"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the piece lies that is gone on with."""
    return Path(shutil.copytree(MADE / "interrupted", tmp_path_factory.mktemp("made") / "piece"))


@pytest.fixture(scope="module")
def resumed(commands: Commands, folder: Path) -> Result:
    """The run of the same command once more."""
    return commands.run("run", MADE / "quay.md", "--out", folder, *AS_BEGUN, "--json")


def rows_of(piece: Piece) -> dict[str, list[Any]]:
    """All that is only ever added to."""
    return {
        "passages": [replace(passage, finished=None) for passage in piece.passages()],
        "overfits": piece.overfits(),
        "batches": piece.batches(),
        "samples": sorted(piece.samples(), key=lambda sample: sample.id),
        "scores": piece.scores(),
        "history": piece.history(),
        "log": piece.log(),
    }


def texts_of(piece: Piece, reading: str) -> dict[str, list[str]]:
    return {str(gap): [pick.text for pick in picks] for gap, picks in piece.picks(reading).items()}


def recorded_texts(reading: str) -> dict[str, list[str]]:
    """What the finished record says of a reading."""
    gaps = FINISHED["readings"][reading]["gaps"]
    return {gap: [pick["text"] for pick in picks] for gap, picks in gaps.items()}


# The run that broke off


def test_an_interrupted_piece_is_read_with_all_that_people_did_in_it(interrupted: Path) -> None:
    with Piece.open(interrupted) as piece:
        assert piece.finished_passages() == {0, 1}
        assert [entry.event for entry in piece.log()] == ["started", "passed over", "interrupted"]
        assert [batch.overfit is None for batch in piece.batches()] == [True, False, False, False, False]
        assert [event.action for event in piece.history()] == [
            "picked", "picked", "undone", "trimmed", "undone", "redone", "edited", "trimmed", "pinned", "pinned", "unpinned",
        ]  # fmt: skip
        own = recorded_texts("own")
        assert texts_of(piece, "own") == {gap: own[gap] for gap in ("0", "2")}
        assert texts_of(piece, "Berta’s quay") == recorded_texts("Berta’s quay")
        assert piece.pinned() == {FIRST}
        assert {scores.sample for scores in piece.scores()} == {
            pick.sample for reading in piece.readings() for picks in piece.picks(reading).values() for pick in picks
        }


def test_an_undone_pick_of_an_interrupted_piece_can_be_done_again(interrupted: Path) -> None:
    with Piece.open(interrupted) as piece:
        first, second = (event.picks for event in piece.history()[:2])
        assert piece.picks("own")[0] == first
        assert piece.undo("own", curator="Ada") == 4
        assert piece.redo("own", curator="Ada") == 4
        assert piece.redo("own", curator="Ada") is None, "the pick at another gap has ended it"
        piece.pick("own", 0, second, curator="Ada")
        assert piece.picks("own")[0] == second


def test_an_interrupted_run_goes_on_to_its_end_and_keeps_what_there_was(
    resumed: Result, interrupted: Path, folder: Path
) -> None:
    assert (resumed.code, resumed.err) == (0, "")
    summary = resumed.lines[-1]
    assert (summary["passages"], summary["gaps"], summary["skipped"]) == (4, 4, 1)
    with Piece.open(interrupted) as before, Piece.open(folder) as after:
        assert after.finished_passages() == {0, 1, 2, 3}
        assert [entry.event for entry in after.log()[-2:]] == ["resumed", "finished"]
        now = rows_of(after)
        for name, rows in rows_of(before).items():
            assert now[name][: len(rows)] == rows, name
        assert [batch.passage for batch in now["batches"][len(before.batches()) :]] == [2, 3] + [3] * (
            len(now["batches"]) - len(before.batches()) - 2
        )
        for reading in ("own", "Berta’s quay"):
            assert after.picks(reading) == before.picks(reading)
        assert after.pinned() == before.pinned()
        assert after.picks("fluffy"), "the built-in curator has chosen too"


def test_an_interrupted_run_draws_what_it_would_have_drawn(resumed: Result, folder: Path) -> None:
    batch = next(batch for batch in FINISHED["batches"] if batch["passage"] == 3)
    drawn = [sample for sample in FINISHED["samples"] if sample["batch"] == batch["id"]]
    steady = [sample for sample in drawn if sample["id"] in TOLD["steady_samples"]]
    assert len(steady) == 3

    with Piece.open(folder) as piece:
        again = next(row for row in piece.batches(3))
        assert again.settings == batch["settings"]
        samples = {sample.index: sample for sample in piece.samples(3) if sample.batch == again.id}
    for sample in steady:
        assert samples[sample["index"]].token_ids == sample["token_ids"]
        assert samples[sample["index"]].text == sample["text"]


@pytest.mark.parametrize("sample", [CONTROL, FIRST, SECOND, BY_HAND])
def test_a_sample_of_an_interrupted_run_comes_out_the_same(
    sample: int, resumed: Result, folder: Path, commands: Commands
) -> None:
    assert sample in TOLD["steady_samples"]

    replayed = commands.run("replay", folder, sample)

    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out.endswith(f"\nSample {sample}: identical.\n")


def test_what_was_gone_on_with_is_exported_and_has_pages(
    resumed: Result, folder: Path, commands: Commands, tmp_path: Path
) -> None:
    exported = json.loads((folder / "piece.json").read_text(encoding="utf-8"))
    for reading in ("own", "Berta’s quay"):
        assert exported["readings"][reading]["gaps"].items() <= FINISHED["readings"][reading]["gaps"].items()
    assert (folder / "quay-fluffy.md").is_file()

    built = commands.run("site", folder, "--out", tmp_path / "site")

    assert (built.code, built.err, built.out) == (0, "", f"{tmp_path / 'site' / 'index.html'}\n")
    assert_pages(tmp_path / "site")


def assert_pages(site: Path) -> None:
    """The site has an essay of each person's with what stands in their readings."""
    essays = [" ".join(path.read_text(encoding="utf-8").split()) for path in site.glob("*.txt")]
    for reading in ("own", "Berta’s quay"):
        first = recorded_texts(reading)["0"][0].strip()
        assert any(first in essay for essay in essays)
    assert any(EDITED in essay for essay in essays)


# The record of a finished run


def test_a_record_makes_the_piece_again_with_every_row(tmp_path: Path) -> None:
    with import_piece(FINISHED, tmp_path / "piece") as piece:
        assert piece.job.fingerprint == FINISHED["fingerprint"]
        assert piece.finished_passages() == {0, 1, 2, 3}
        found = rows_of(piece)
        for name, column in (("samples", "text"), ("samples", "token_ids"), ("samples", "measures"), ("log", "event")):
            assert [getattr(row, column) for row in found[name]] == [row[column] for row in FINISHED[name]]
        for name, key in (
            ("passages", "passages"),
            ("overfits", "overfits"),
            ("batches", "batches"),
            ("history", "picks"),
        ):
            assert len(found[name]) == len(FINISHED[key])
        assert [scores.overfitted for scores in found["scores"]] == [row["overfitted"] for row in FINISHED["scores"]]
        assert piece.readings() == list(FINISHED["readings"])
        for reading in FINISHED["readings"]:
            assert texts_of(piece, reading) == recorded_texts(reading)


def test_a_record_has_pages(commands: Commands, tmp_path: Path) -> None:
    built = commands.run("site", MADE / "finished" / "piece.json", "--out", tmp_path / "site")

    assert (built.code, built.err) == (0, "")
    assert_pages(tmp_path / "site")


def test_a_finished_piece_that_is_made_again_replays_and_stays_as_it_is(commands: Commands, tmp_path: Path) -> None:
    with import_piece(FINISHED, tmp_path / "piece") as piece:
        before = rows_of(piece)

    replayed = commands.run("replay", tmp_path / "piece", AFTERWARDS)
    scored = commands.run("score", tmp_path / "piece")
    again = commands.run("run", MADE / "quay.md", "--out", tmp_path / "piece", *AS_BEGUN, "--json")

    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out.endswith(f"\nSample {AFTERWARDS}: identical.\n")
    assert (scored.code, scored.out.partition(":")[0]) == (0, "0 of 0 samples scored")
    assert (again.code, again.err) == (0, "")
    with Piece.open(tmp_path / "piece") as piece:
        after = rows_of(piece)
        for name in before.keys() - {"history", "log"}:
            assert after[name] == before[name], name
        for reading in ("own", "Berta’s quay"):
            assert texts_of(piece, reading) == recorded_texts(reading)


# Overfits that were kept


@pytest.mark.parametrize("name", TOLD["overfits"])
def test_a_kept_overfit_says_what_it_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "checkpoints"))
    kept = shutil.copytree(MADE / "overfits" / name, tmp_path / name)
    told = TOLD["overfits"][name]
    settings = SamplingSettings(n=1, length=told["length"], temperature=0)

    model = load_model(kept if told["base"] is None else DATA / told["base"], device="cpu", precision="fp32")
    if told["base"] is not None:
        assert model.sample(told["prompt"], settings)[0].text != told["text"]
    with nullcontext() if told["base"] is None else model.redo(kept):
        (said,) = model.sample(told["prompt"], settings)

    assert said.text == told["text"]
    assert len(said.token_ids) == told["length"]
