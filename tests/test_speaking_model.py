"""The model that the tests of the workflow work with: what its file says is what its script makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.seeds import seeded
from tests.speaking_model import (
    CORPORA,
    PHRASES,
    POSITIONS,
    SENTENCES,
    harbour_sentences,
    kept_folder,
    model_config,
    train_tokenizer,
    training_record,
    untrained,
)
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings


@pytest.mark.parametrize("language", CORPORA)
def test_the_file_is_of_the_training_that_the_script_describes(language: str) -> None:
    folder, corpus = kept_folder(language), CORPORA[language](SENTENCES)
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata()["training"] == training_record(corpus, seed=0), "run `python -m tests.speaking_model`"

    tokenizer = train_tokenizer(corpus)
    assert (folder / "tokenizer.json").read_text(encoding="utf-8") == tokenizer.to_str()
    assert json.loads((folder / "config.json").read_text()) == model_config(tokenizer)


@pytest.mark.parametrize("language", CORPORA)
def test_what_the_training_did_not_touch_is_as_the_script_begins(language: str) -> None:
    config = json.loads((kept_folder(language) / "config.json").read_text())
    with torch.random.fork_rng():
        begun = untrained(config, seed=0).transformer.wpe.weight.detach()

    places = load_file(kept_folder(language) / "model.safetensors")["transformer.wpe.weight"].float()

    torch.testing.assert_close(places[POSITIONS:], begun[POSITIONS:], atol=1e-4, rtol=1e-3)
    assert (places[: POSITIONS - 1] - begun[: POSITIONS - 1]).abs().amax(dim=1).min() > 1e-3


@pytest.mark.parametrize("language", CORPORA)
def test_the_file_is_small(language: str) -> None:
    assert sum(path.stat().st_size for path in kept_folder(language).iterdir()) < 300_000


def test_it_knows_the_language_of_the_harbour(speaking_model: Path) -> None:
    """Also of sentences it never read: a little more than the log of twelve, four times a sentence, is to be had."""
    model = load_model(speaking_model, precision="fp32")
    unread = harbour_sentences(SENTENCES + 20)[len(harbour_sentences(SENTENCES)) + 1 :]

    scores = model.score(unread)

    assert unread.count(".") == 20
    assert -sum(score.log_probability for score in scores) / 20 < 2 * 4 * torch.tensor(12.0).log().item()


def test_it_speaks_in_whole_sentences(speaking_model: Path) -> None:
    model = load_model(speaking_model, precision="fp32")

    rows = model.sample(harbour_sentences(3), SamplingSettings(n=20, length=60, seed=seeded()))

    said = [sentence.strip() for row in rows for sentence in row.text.split(".")[:-1]]
    begun_and_ended_well = [s for s in said if s.startswith(PHRASES[0]) and s.endswith(PHRASES[-1])]
    assert len(said) >= 30
    assert len(begun_and_ended_well) > 0.4 * len(said)


@pytest.mark.parametrize("count", [1, 7])
def test_its_sentences_are_the_same_every_time(count: int) -> None:
    assert harbour_sentences(9).startswith(harbour_sentences(count))
