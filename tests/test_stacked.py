"""Several overfits on one stack: each says what it would have said by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.protocol import Continuation
from verbosify.models.pytorch.model import TorchModel
from verbosify.models.pytorch.stacked import Stack
from verbosify.models.settings import SamplingSettings, TuningRecipe

PROMPTS = ("one two three four five six", "seven eight nine", "ten eleven twelve thirteen fourteen")
SETTINGS = (
    SamplingSettings(n=3, length=12, seed=1),
    SamplingSettings(n=2, length=7, temperature=1.3, top_k=0, seed=2),
    SamplingSettings(n=1, length=9, repetition_penalty=1.4, seed=3),
)


@pytest.fixture
def model(tiny_folder: Path) -> TorchModel:
    model = load_model(tiny_folder, precision="fp32", device="cpu")
    assert isinstance(model, TorchModel)
    return model


def recipe(rate: float) -> TuningRecipe:
    return TuningRecipe(window="once", learning_rate=rate)


def tokens(continuations: list[Continuation]) -> list[tuple[int, ...]]:
    return [continuation.token_ids for continuation in continuations]


def test_each_overfit_of_a_stack_samples_as_by_itself(model: TorchModel) -> None:
    stack, alone = Stack(model, 4), []
    for rate, prompt in zip((1e-3, 3e-3, 1e-2), PROMPTS, strict=True):
        with model.overfit(prompt, recipe(rate)):
            stack.add(prompt, 12)
            alone.append(model.sample(prompt, SETTINGS))
    together = stack.sample([SETTINGS] * 3)
    assert [tokens(each) for each in together] == [tokens(each) for each in alone]
    assert [[c.text for c in each] for each in together] == [[c.text for c in each] for each in alone]
    assert len({tuple(tokens(each)) for each in together}) == 3


def test_overfits_of_a_stack_may_be_asked_for_different_things(model: TorchModel) -> None:
    stack = Stack(model, 3)
    for prompt in PROMPTS:
        stack.add(prompt, 12)
    first, second, third = stack.sample([SETTINGS[:1], [], SETTINGS[1:]])
    assert tokens(first) == tokens(model.sample(PROMPTS[0], SETTINGS[:1]))
    assert second == []
    assert tokens(third) == tokens(model.sample(PROMPTS[2], SETTINGS[1:]))


def test_a_stack_that_was_cleared_is_filled_anew(model: TorchModel) -> None:
    stack = Stack(model, 1)
    stack.add(PROMPTS[0], 7)
    assert stack.is_full
    with pytest.raises(ModelError, match="holds 1 overfits already"):
        stack.add(PROMPTS[1], 7)
    stack.clear()
    stack.add(PROMPTS[1], 7)
    assert tokens(stack.sample([[SETTINGS[1]]])[0]) == tokens(model.sample(PROMPTS[1], SETTINGS[1]))


def test_a_continuation_that_does_not_fit_is_refused(model: TorchModel) -> None:
    with pytest.raises(ModelError, match="reads"):
        Stack(model, 1).add(PROMPTS[0], model.card.context)


def test_beams_are_refused(model: TorchModel) -> None:
    stack = Stack(model, 1)
    stack.add(PROMPTS[0], 7)
    with pytest.raises(ModelError, match="Beams"):
        stack.sample([[SamplingSettings(n=1, num_beams=2)]])
