"""gpt-2-simple itself, as its users run it, against what we make of the same checkpoint, passage and seed."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance import PASSAGE, PROMPT
from verbosify.models.formats.openai import read_openai_checkpoint
from verbosify.models.loading import load_model
from verbosify.models.protocol import Continuation
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.models.training.corpus import read_corpus
from verbosify.models.training.windows import original_windows

SEED = 7
ORIGINAL = replace(RECIPES["original"], seed=SEED)


@pytest.fixture(scope="module")
def folder(trained: Path, engines: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a user of gpt-2-simple has worked, with an overfit of ours beside."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copytree(trained, folder / "models" / "small")
    (folder / "passage.txt").write_text(PASSAGE * -(-1024 // len(PASSAGE.split())), encoding="utf-8")
    with engines["torch"].overfit(PASSAGE, ORIGINAL) as overfit:
        overfit.save(folder / "ours" / "run1", "openai")
    return folder


@pytest.fixture(scope="module")
def generated(folder: Path) -> dict[str, list[str]]:
    script = Path(__file__).with_name("user_of_gpt2_simple.py")
    done = subprocess.run(
        [sys.executable, str(script), str(SEED), PROMPT, "200"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_its_one_step_and_ours_lead_to_the_same_weights(
    folder: Path, generated: Any, trained: Path, engines: dict[str, Any], tmp_path: Path, engine: str
) -> None:
    base = read_openai_checkpoint(trained).tensors
    theirs = read_openai_checkpoint(folder / "checkpoint" / "run1").tensors
    with engines[engine].overfit(PASSAGE, ORIGINAL) as overfit:
        ours = read_openai_checkpoint(overfit.save(tmp_path / "ours", "openai")).tensors

    differences = np.concatenate([np.abs(ours[name] - theirs[name]).ravel() for name in base])
    moved = np.concatenate([np.abs(theirs[name] - base[name]).ravel() for name in base])

    assert np.mean(differences <= 1e-6) >= 0.999
    assert np.mean(moved > 0.9e-4) > 0.75  # they did take a step


def test_other_windows_lead_elsewhere(folder: Path, generated: Any, engines: dict[str, Any], tmp_path: Path) -> None:
    theirs = read_openai_checkpoint(folder / "checkpoint" / "run1").tensors
    with engines["torch"].overfit(PASSAGE, replace(ORIGINAL, seed=SEED + 1)) as overfit:
        ours = read_openai_checkpoint(overfit.save(tmp_path / "ours", "openai")).tensors

    differences = np.concatenate([np.abs(ours[name] - theirs[name]).ravel() for name in theirs])

    assert np.mean(differences <= 1e-6) < 0.99


def assert_as_greedy(model: Any, texts: list[str], ours: Continuation) -> None:
    """One text, the same as ours, or parting from it where two tokens are all but equally likely to the fast engine."""
    import torch

    (theirs,) = texts
    if theirs == PROMPT + ours.text:
        return
    prompt = model.encode(PROMPT)
    pairs = list(zip(ours.token_ids, model.encode(theirs)[len(prompt) :], strict=False))
    place = next(place for place, (mine, other) in enumerate(pairs) if mine != other)
    logits = model._logits_after(torch.tensor([*prompt, *ours.token_ids[:place]]))(slice(-1, None))[0]
    assert min(logits[token] for token in pairs[place]) > logits.max() - 1e-3


def test_it_generates_from_our_overfit_what_we_generate(
    generated: dict[str, list[str]], engines: dict[str, Any]
) -> None:
    model = engines["torch"]
    with model.overfit(PASSAGE, ORIGINAL):
        continuation = model.sample(PROMPT, SamplingSettings(n=1, length=200, temperature=0))[0]
        assert_as_greedy(model, generated["ours"], continuation)

    assert len(continuation.token_ids) == 200


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_its_run_loads_here_and_goes_on_from_there(generated: dict[str, list[str]], folder: Path, engine: str) -> None:
    run = folder / "checkpoint" / "run1"
    model = load_model(run, engine=engine, precision="fp32")

    continuation = model.sample(PROMPT, SamplingSettings(n=1, length=200, temperature=0))[0]
    with model.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        assert overfit.loss_after < overfit.loss_before

    assert_as_greedy(load_model(run, engine="torch", precision="fp32"), generated["checkpoint"], continuation)


# Its windows and its corpora, without a model


class Letters:
    """An encoder of one token a character, in place of its own."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]


def their_chunks(path: Path) -> Sequence[Any]:
    from gpt_2_simple.src.load_dataset import load_dataset

    with redirect_stderr(io.StringIO()):  # a bar
        chunks: Sequence[Any] = load_dataset(Letters(), str(path), 50000)
    return chunks


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    seed=st.integers(0, 2**32),
    limit=st.sampled_from([8, 100, 900]),
)
def test_the_original_recipe_draws_its_windows(tmp_path_factory: Any, text: str, seed: int, limit: int) -> None:
    from gpt_2_simple.src.load_dataset import Sampler

    file = tmp_path_factory.mktemp("file") / "passage.txt"
    with file.open("w", encoding="utf-8", newline="") as written:
        written.write(text * -(-1024 // max(len(text.split()), 1)))

    random.seed(seed)
    sampler = Sampler(their_chunks(file))
    theirs = [sampler.sample(limit).tolist() for _ in range(5)]

    assert original_windows(text, replace(ORIGINAL, seed=seed), Letters().encode, limit) == theirs


@settings(max_examples=20)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), min_size=1, max_size=5
    ),
    st.integers(0, 4),
)
def test_a_folder_of_texts_is_read_as_it_reads_it(tmp_path_factory: Any, texts: list[str], long: int) -> None:
    from gpt_2_simple.src import load_dataset

    folder = tmp_path_factory.mktemp("texts")
    (folder / "below").mkdir()
    for number, text in enumerate(texts):
        with (folder / "below" / f"{number}.txt").open("w", encoding="utf-8", newline="") as file:
            file.write("word" + text + "word " * (10_000 if number == long else 0))

    with pytest.MonkeyPatch.context() as patch:  # it takes files in the order the disk has them
        walks: list[Any] = [(there, [], sorted(files)) for there, _, files in os.walk(folder)]
        patch.setattr(load_dataset, "os", SimpleNamespace(path=os.path, walk=lambda _: walks))
        theirs = their_chunks(folder)

    assert [Letters().encode(chunk) for chunk in read_corpus(folder)] == [chunk.tolist() for chunk in theirs]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=1, max_size=5))
def test_a_table_of_texts_is_read_as_it_reads_it(tmp_path_factory: Any, rows: list[str]) -> None:
    import csv

    file = tmp_path_factory.mktemp("table") / "tweets.csv"
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written, quoting=csv.QUOTE_ALL).writerows(
            [("tweet", "date"), *((f"We said {row}", "today") for row in rows), ("end", "")]
        )

    theirs = their_chunks(file)

    assert [Letters().encode(chunk) for chunk in read_corpus(file)] == [chunk.tolist() for chunk in theirs]
