"""The two engines are the same mathematics: one trained checkpoint, in float32, read by both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance import PASSAGE, PROMPT
from tests.naive_sampling import complaints
from tests.speaking_model import harbour_sentences
from verbosify.models.formats.openai import read_openai_checkpoint
from verbosify.models.loading import load_model
from verbosify.models.protocol import Continuation
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe

TEXT = harbour_sentences(40)
RECIPE_NAMES = ["classic", "passage", "original"]


@pytest.fixture(scope="module")
def both(engines: dict[str, Any]) -> tuple[Any, Any]:
    return engines["torch"], engines["tensorflow"]


def kept_weights(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.array(tensor) for name, tensor in read_openai_checkpoint(folder).tensors.items()}


def all_logits(model: Any, text: str) -> np.ndarray[Any, Any]:
    """(tokens, vocabulary), but for a constant of each row: log-probabilities do not tell it."""
    token_ids = model.encode(text)
    rows = []
    for end in range(1, len(token_ids) + 1, 7):
        choices = model.next_tokens(model.decode(token_ids[:end]), 10**6)
        row = np.empty(len(choices))
        row[[choice.token_id for choice in choices]] = [math.log(choice.probability) for choice in choices]
        rows.append(row)
    return np.stack(rows)


def objections(model: Any, settings: SamplingSettings, continuations: list[Continuation], close: float) -> list[str]:
    """What the logits of the fast engine, as it is now, object to in continuations of the prompt, whoever drew them."""
    import torch

    def read(token_ids: Sequence[int]) -> np.ndarray[Any, Any]:
        logits: np.ndarray[Any, Any] = model._logits_after(torch.tensor(token_ids))(slice(None)).numpy()
        return logits

    prompt = model.encode(PROMPT)
    return complaints(read, prompt, settings, continuations, ends={0}, decode=model.decode, close=close)


def test_both_read_the_same_weights_and_say_so(both: tuple[Any, Any]) -> None:
    torch, tensorflow = (model.card for model in both)

    assert torch.weights_sha256 == tensorflow.weights_sha256
    assert (torch.parameters, torch.context, torch.family) == (
        tensorflow.parameters,
        tensorflow.context,
        tensorflow.family,
    )


def test_logits_agree_to_a_ten_thousandth(both: tuple[Any, Any], trained: Path) -> None:
    import torch

    token_ids = both[0].encode(TEXT)
    ours = both[0]._logits_after(torch.tensor(token_ids))(slice(None)).numpy()
    theirs = both[1]._graph.logits(token_ids)

    assert np.abs(ours - theirs).max() < 1e-4


def test_what_is_said_of_every_next_token_agrees(both: tuple[Any, Any]) -> None:
    ours, theirs = (all_logits(model, PASSAGE) for model in both)

    assert np.abs(ours - theirs).max() < 1e-4


def test_the_first_fifty_next_tokens_are_in_the_same_order(both: tuple[Any, Any]) -> None:
    """But for those that are all but equally likely."""
    for prompt in (PROMPT, PASSAGE, TEXT):
        ours = {choice.token_id: math.log(choice.probability) for choice in both[0].next_tokens(prompt, 10**6)}
        in_their_order = np.array([ours[choice.token_id] for choice in both[1].next_tokens(prompt, 50)])
        assert np.diff(in_their_order).max() < 1e-4
        assert in_their_order[-1] > sorted(ours.values(), reverse=True)[49] - 1e-4


@pytest.mark.parametrize("settings", [SamplingSettings(), SamplingSettings(top_k=0, top_p=0.9, temperature=1.3)])
def test_the_distribution_drawn_from_agrees(both: tuple[Any, Any], settings: SamplingSettings) -> None:
    ours, theirs = (
        [choice.sampled_probability for choice in model.next_tokens(PROMPT, 10**6, settings)] for model in both
    )

    assert np.abs(np.subtract(ours, theirs)).max() < 1e-5


def test_losses_and_scores_agree(both: tuple[Any, Any]) -> None:
    ours, theirs = (model.score(TEXT) for model in both)

    assert [score.rank for score in ours] == pytest.approx([score.rank for score in theirs], abs=1)
    for name in ("log_probability", "entropy"):
        assert np.abs([getattr(a, name) - getattr(b, name) for a, b in zip(ours, theirs, strict=True)]).max() < 1e-4


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_a_step_is_the_same_step(both: tuple[Any, Any], tmp_path: Path, name: str, trained: Path) -> None:
    base = kept_weights(trained)
    overfits, weights = [], []
    for number, model in enumerate(both):
        with model.overfit(PASSAGE, RECIPES[name]) as overfit:
            overfits.append(overfit)
            weights.append(kept_weights(overfit.save(tmp_path / str(number), "openai")))

    for what in ("loss_before", "loss_after", "window_loss"):
        assert getattr(overfits[0], what) == pytest.approx(getattr(overfits[1], what), abs=1e-5)
    differences = np.concatenate([np.abs(weights[0][key] - weights[1][key]).ravel() for key in base])
    assert np.mean(differences <= 1e-6) >= 0.999
    assert differences.max() < 2.01e-4  # were a gradient near nothing to round to the other sign


def test_greedy_continuations_are_the_same_for_200_tokens(both: tuple[Any, Any]) -> None:
    """Every token is the likeliest also to the other engine, or its equal but for what the engines differ by."""
    greedy = SamplingSettings(n=1, length=200, temperature=0)
    for model in both:
        said = model.sample(PROMPT, greedy)
        assert len(said[0].token_ids) == 200
        assert objections(both[0], greedy, said, close=1e-4) == []
    with both[0].overfit(PASSAGE), both[1].overfit(PASSAGE):
        for model in both:
            assert objections(both[0], greedy, model.sample(PROMPT, greedy), close=1e-2) == []


@pytest.mark.parametrize(
    "settings", [SamplingSettings(n=3, seed=5), SamplingSettings(n=3, top_k=0, top_p=0.9, temperature=1.0)]
)
def test_the_same_seed_draws_the_same_continuations(both: tuple[Any, Any], settings: SamplingSettings) -> None:
    ours, theirs = (model.sample(PROMPT, settings) for model in both)

    assert objections(both[0], settings, ours, close=1e-4) == objections(both[0], settings, theirs, close=1e-4) == []


def test_fine_tuning_goes_the_same_way(both: tuple[Any, Any]) -> None:
    recipe = TuningRecipe(name="corpus", steps=5, windows_per_step=2, window_tokens=64)
    histories = []
    for model in both:
        with model.finetune([TEXT], recipe.steps, recipe, held_out=0.1, measure_every=2) as tuning:
            histories.append([value for step in tuning.history for value in (step.loss, step.held_out_loss or 0.0)])

    assert histories[0] == pytest.approx(histories[1], abs=1e-4)


def test_several_steps_stay_together(both: tuple[Any, Any]) -> None:
    losses = []
    for model in both:
        with model.overfit(PASSAGE, replace(RECIPES["passage"], steps=3, windows_per_step=2)) as overfit:
            losses.append(overfit.loss_after)

    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_an_overfit_kept_by_one_engine_is_loaded_by_the_other(both: tuple[Any, Any], tmp_path: Path) -> None:
    torch, tensorflow = both
    with torch.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        scores = torch.score(PASSAGE)
        safetensors = overfit.save(tmp_path / "safetensors", "safetensors")
    with tensorflow.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        run = overfit.save(tmp_path / "run1", "openai")

    for model in (load_model(safetensors, engine="tensorflow"), load_model(run, precision="fp32")):
        found = model.score(PASSAGE)
        assert [score.log_probability for score in found] == pytest.approx(
            [score.log_probability for score in scores], abs=1e-3
        )


def test_an_overfit_kept_as_a_packed_step_is_for_the_fast_engine(both: tuple[Any, Any], tmp_path: Path) -> None:
    from verbosify.errors import ModelError

    with (
        both[1].overfit(PASSAGE, RECIPES["passage"]) as overfit,
        pytest.raises(ModelError, match="cannot save that in the form delta"),
    ):
        overfit.save(tmp_path / "kept", "delta")
