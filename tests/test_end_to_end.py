"""The embedded model, from an essay to pages: nothing small, nothing pretended, only short."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Commands, Result
from verbosify.measures import Measures
from verbosify.measures.copying import longest_copied_run
from verbosify.models.store.catalog import CATALOG
from verbosify.piece import Piece, import_piece
from verbosify.words import word_texts

pytestmark = pytest.mark.embedded

ESSAY = """\
# Salt

Salt is a small thing that has shaped large ones. Towns grew where it could be dug or boiled out of the sea, \
and roads were laid to carry it inland. Soldiers were paid an allowance to buy it.
"""
SETTINGS = ("--length", 50, "--most-samples", 10, "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("embedded")
    (made / "salt.md").write_text(ESSAY)
    return made


@pytest.fixture(scope="module")
def result(commands: Commands, folder: Path) -> Result:
    result = commands.run("run", "salt.md", "--out", "piece", *SETTINGS, cwd=folder)
    assert result.code == 0, result.err
    return result


@pytest.fixture(scope="module")
def record(result: Result, folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "piece" / "piece.json").read_text())
    return data


def test_overfitting_lowers_the_loss_on_each_passage(result: Result) -> None:
    *told, summary = result.lines

    assert [line["passage"] for line in told] == [1]
    for line in told:
        assert 0 < line["loss_after"] < line["loss_before"] - 0.3
    assert (summary["passages"], summary["gaps"], summary["samples"]) == (1, 1, 20)


def test_each_sample_is_recorded_with_all_it_followed_from(record: dict[str, Any]) -> None:
    batches = {batch["id"]: batch for batch in record["batches"]}
    overfits = {overfit["id"]: overfit for overfit in record["overfits"]}

    assert [(batch["passage"], batch["overfit"] is None) for batch in record["batches"]] == [
        (0, True), (0, False),
    ]  # fmt: skip
    for sample in record["samples"]:
        batch = batches[sample["batch"]]
        assert batch["model"]["name"] == "smollm2-135m"
        assert batch["model"]["weights_sha256"] == CATALOG["smollm2-135m"].weights_sha256
        assert {"device", "dtype", "threads", "versions", "engine"} <= batch["model"].keys()
        assert (batch["settings"]["n"], batch["settings"]["length"]) == (10, 50)
        assert batch["overfit"] is None or overfits[batch["overfit"]]["recipe"]["name"] == "classic"
        assert 0 < len(sample["token_ids"]) <= 50
        measures = Measures.from_dict(sample["measures"])
        assert measures.blank or measures.similarity is not None
    for overfit in overfits.values():
        assert overfit["window_tokens"] == 1024
    texts = [sample["text"] for sample in record["samples"]]
    assert len(set(texts)) == len(texts)


def test_what_is_picked_is_fit_to_print(record: dict[str, Any]) -> None:
    passages = [passage["text"] for passage in record["passages"]]
    samples = {sample["id"]: sample for sample in record["samples"]}

    for reading in record["readings"].values():
        said: list[str] = []
        for gap, (pick,) in reading["gaps"].items():
            sample = samples[pick["sample"]]
            assert sample["text"][pick["start"] : pick["end"]] == pick["text"]
            words = word_texts(pick["text"])
            assert longest_copied_run(words, word_texts(passages[int(gap)]))[1] < 8
            assert pick["text"].rstrip("”\"')")[-1] in ".!?…"
            fours = list(zip(*(words[start:] for start in range(4)), strict=False))
            assert len(set(fours)) == len(fours), "no loop"
            said += [" ".join(word_texts(sentence)) for sentence in re.split(r"(?<=[.!?…])\s+", pick["text"])]
        assert len(set(said)) == len(said)


def test_the_essays_and_the_page_hold_the_essay_and_the_picks(
    result: Result, record: dict[str, Any], folder: Path
) -> None:
    outputs = [folder / path for path in result.lines[-1]["outputs"]]

    assert all(path.stat().st_size for path in outputs)
    first, *_ = ESSAY.split("\n\n")[1].split(". ")
    assert record["readings"], "something was picked"
    for name, reading in record["readings"].items():
        text = (folder / "piece" / f"salt-{name}.txt").read_text()
        assert first in text
        for (pick,) in reading["gaps"].values():
            assert pick["text"] in text
    page = outputs[-1].read_text()
    assert page.lower().startswith("<!doctype html>")
    assert first in page


def test_a_sample_comes_out_the_same_in_another_process(commands: Commands, folder: Path) -> None:
    quick = ("--recipe", "passage", "--length", 12, "--samples", 2, "--most-samples", 2)
    said = commands.run("run", "salt.md", "--out", "short", *quick, cwd=folder)
    assert said.code == 0, said.err
    record = json.loads((folder / "short" / "piece.json").read_text())
    sample = record["samples"][-1]
    assert record["batches"][-1]["overfit"] is not None

    replayed = commands.run("replay", "short", sample["id"], cwd=folder)

    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out == f"{sample['text']}\nSample {sample['id']}: identical.\n"


def test_the_record_makes_the_piece_again(record: dict[str, Any], tmp_path: Path) -> None:
    with import_piece(record, tmp_path / "again") as piece:
        assert isinstance(piece, Piece)
        assert len(list(piece.samples())) == 20
