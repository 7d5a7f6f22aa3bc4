"""The real SmolLM2-135M: that what holds for tiny models holds for it, and what bf16 costs."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from tests.commands import CHECKPOINTS
from tests.interrupted_overfits import answers, digest
from tests.naive_sampling import complaints, load_reference, reader
from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.pytorch.model import has_fast_bf16
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.models.training.windows import training_windows

pytestmark = pytest.mark.embedded

FOLDER = CHECKPOINTS / "smollm2-135m"
PASSAGE = (
    "In July 1997 a machine about the size of a microwave oven rolled down a ramp and onto the soil of Mars. It was "
    "called Sojourner, and in roughly twelve weeks it drove about 100 metres."
)
TEXTS = [
    PASSAGE,
    "Lichens grow so slowly that a churchyard can be dated by them.",
    "The teacher was called Maureen, and she",
    "def main():\n    return",
]
SETTINGS = SamplingSettings(n=4, length=12, seed=3)
FAST_BF16 = has_fast_bf16(torch.device("cpu"))
QUICK = pytest.mark.skipif(
    not FAST_BF16,
    reason="bf16 is emulated here, and takes ten times as long; tiny models learn",
)


@pytest.fixture(scope="module", autouse=True)
def _checkpoints() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
        yield


@pytest.fixture(scope="module")
def exact() -> Any:
    return load_model("smollm2-135m", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def quick() -> Any:
    return load_model("smollm2-135m", device="cpu", precision="bf16")


@pytest.fixture(scope="module")
def reference() -> Any:
    return load_reference(FOLDER)


def test_it_is_the_model_of_the_catalogue(exact: Any, quick: Any) -> None:
    assert (exact.card.name, exact.card.family, exact.card.licence) == ("smollm2-135m", "llama", "Apache-2.0")
    assert (exact.card.parameters, exact.card.context) == (134_515_008, 8192)
    assert exact.card.weights_sha256 == quick.card.weights_sha256 == _recorded()["weights_sha256"]
    assert (exact.card.dtype, quick.card.dtype) == ("float32", "bfloat16")


def _recorded() -> dict[str, Any]:
    record: dict[str, Any] = json.loads((FOLDER / "source.json").read_text())
    return record


def test_none_of_its_special_tokens_can_be_written_down(exact: Any) -> None:
    added = json.loads((FOLDER / "tokenizer.json").read_text())["added_tokens"]
    special = {token["content"]: token["id"] for token in added if token["special"]}

    token_ids = exact.encode("".join(special))

    assert len(special) >= 17
    assert not set(token_ids) & set(special.values())
    assert exact.decode(token_ids) == "".join(special)


def test_classic_fills_1024_tokens_with_the_passage_again_and_again(exact: Any) -> None:
    (window,) = training_windows(PASSAGE, RECIPES["classic"], exact.encode, exact.card.context)

    assert len(window) == 1024
    assert " ".join([PASSAGE] * 40).startswith(exact.decode(window))


@torch.no_grad()
def test_it_computes_what_transformers_computes(exact: Any, reference: Any) -> None:
    for text in TEXTS:
        token_ids = exact.encode(text)
        expected = reference(torch.tensor([token_ids])).logits[0].double().log_softmax(dim=-1)
        for place, score in enumerate(exact.score(text)):
            assert score.log_probability == pytest.approx(expected[place, score.token_id].item(), abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(n=1, length=8, temperature=0.0),
        SamplingSettings(n=3, length=6, temperature=1.0, top_k=0, seed=1),
    ],
    ids=["greedy", "free"],
)
def test_its_samples_are_those_of_a_plain_implementation(
    exact: Any, reference: Any, settings: SamplingSettings
) -> None:
    prompt, ends = exact.encode(TEXTS[1]), set(range(17))

    found = exact.sample(TEXTS[1], settings)

    assert complaints(reader(reference), prompt, settings, found, ends=ends, decode=exact.decode, close=2e-4) == []


# What bf16 costs


@pytest.mark.parametrize("text", TEXTS)
def test_bf16_hardly_changes_what_comes_next(exact: Any, quick: Any, text: str) -> None:
    """Measured: a Kullback-Leibler divergence of 0.0004 to 0.006 nats."""
    expected = {choice.token_id: choice.probability for choice in exact.next_tokens(text, top=49_152)}
    found = {choice.token_id: choice.probability for choice in quick.next_tokens(text, top=49_152)}

    divergence = sum(p * math.log(p / found[token]) for token, p in expected.items() if p > 0)

    assert 0 <= divergence < 0.02


def test_bf16_scores_a_text_as_fp32_does(exact: Any, quick: Any) -> None:
    def loss(model: Any) -> float:
        scores = [score for text in TEXTS for score in model.score(text)]
        return -sum(score.log_probability for score in scores) / len(scores)

    assert loss(quick) == pytest.approx(loss(exact), abs=0.05)


def test_bf16_draws_as_often_as_fp32_finds_probable(exact: Any, quick: Any) -> None:
    settings = SamplingSettings(n=400, length=1, temperature=1.0, top_k=30, seed=8)
    choices = exact.next_tokens(PASSAGE, settings=settings)
    expected = {choice.token_id: 400 * choice.sampled_probability for choice in choices}

    counts = Counter(continuation.token_ids[0] for continuation in quick.sample(PASSAGE, settings))

    often = [token for token, count in expected.items() if count >= 5]
    pairs = [(counts[token], expected[token]) for token in often]
    pairs.append((400 - sum(count for count, _ in pairs), 400 - sum(count for _, count in pairs)))
    statistic = sum((count - wanted) ** 2 / wanted for count, wanted in pairs)
    freedom = len(pairs) - 1
    assert freedom >= 5
    assert statistic < freedom + 4 * math.sqrt(2 * freedom)  # Pearson's chi-square, four standard deviations


# Overfitting


@pytest.mark.parametrize("precision", ["exact", pytest.param("quick", marks=QUICK)])
def test_it_learns_a_passage_and_forgets_it(request: pytest.FixtureRequest, precision: str) -> None:
    model = request.getfixturevalue(precision)
    weights, said = digest(model), model.sample(PASSAGE, SETTINGS)

    with model.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        within = model.sample(PASSAGE, SETTINGS)

    assert overfit.loss_after < overfit.loss_before - 1
    assert overfit.window_loss == pytest.approx(overfit.loss_before, rel=0.02)  # other products, other rounding
    assert within != said
    assert digest(model) == weights
    assert model.sample(PASSAGE, SETTINGS) == said


@pytest.mark.parametrize("learning_rate", [1.0, 1e30])
@pytest.mark.parametrize("precision", ["exact", pytest.param("quick", marks=QUICK)])
def test_a_step_after_which_it_knows_less_than_nothing_is_refused(
    request: pytest.FixtureRequest, precision: str, learning_rate: float
) -> None:
    model = request.getfixturevalue(precision)
    weights = digest(model)
    recipe = TuningRecipe(window="once", learning_rate=learning_rate)

    with pytest.raises(ModelError, match="diverged at learning rate 1"), model.overfit(TEXTS[1], recipe):
        pass

    assert digest(model) == weights


def test_its_weights_are_fresh_after_real_signals() -> None:
    rounds, chance = 1, random.Random(2)  # noqa: S311
    before = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()
    said = answers(FOLDER, "bf16" if FAST_BF16 else "fp32", rounds, lambda: chance.uniform(0, 2))

    assert said == ["fresh\n"] * rounds
    assert hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest() == before
