"""Fine-tuning on a corpus, in the fast engine; what both engines do alike is in the conformance suite."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny_models import TRAINING_TEXT, write_gpt2, write_llama
from verbosify.errors import CorpusError, ModelError, SettingsError
from verbosify.models.loading import load_model
from verbosify.models.protocol import Step
from verbosify.models.settings import TuningRecipe

RECIPE = TuningRecipe(name="corpus", steps=6, windows_per_step=2, window_tokens=16, learning_rate=3e-3)
TEXTS = [TRAINING_TEXT, "Kettles, again: they sing. " * 3]


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return load_model(write_gpt2(tmp_path / "model"), precision="fp32")


def working(model: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model._weights.working.items()}


def same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_many_steps_are_adams_with_tensorflows_epsilon(model: Any, tmp_path: Path) -> None:
    from verbosify.models.pytorch.tuning import mean_loss
    from verbosify.models.training.corpus import draw_windows, read_corpus

    weights = working(model)
    chunks = [model.encode(chunk) for chunk in read_corpus(TEXTS)]
    first = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    second = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for number in (1, 2, 3):  # by the book: Kingma and Ba 2015, section 2, the last lines
        for weight in weights.values():
            weight.requires_grad_()
        for window in draw_windows(chunks, 16, 2, (0, number)):
            mean_loss(model._architecture, weights, torch.tensor(window)).backward()
        with torch.no_grad():
            for name, weight in weights.items():
                assert weight.grad is not None
                first[name] = 0.9 * first[name] + 0.1 * weight.grad
                second[name] = 0.999 * second[name] + 0.001 * weight.grad**2
                rate = 3e-3 * (1 - 0.999**number) ** 0.5 / (1 - 0.9**number)
                weights[name] = weight - rate * first[name] / (second[name].sqrt() + 1e-8)

    with model.finetune(TEXTS, 3, RECIPE):
        differences = torch.cat([(weight - weights[name]).abs().flatten() for name, weight in working(model).items()])
        assert (differences < 1e-5).float().mean() > 0.98  # the rest: keys' biases, whose gradient is but rounding


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("weights", ["all", "blocks"])
def test_a_break_changes_nothing(tmp_path: Path, precision: str, weights: Any) -> None:
    model: Any = load_model(write_llama(tmp_path / "model"), precision=precision)
    recipe = replace(RECIPE, weights=weights)
    judged: dict[str, Any] = {"held_out": 0.2, "measure_every": 1}
    with model.finetune(TEXTS, recipe.steps, recipe, **judged) as whole:
        expected = working(model)

    def stop(step: Step) -> None:
        if step.number == 4:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        model.finetune(TEXTS, recipe.steps, recipe, folder=tmp_path / "f", progress=stop, **judged),
    ):
        pass
    with model.finetune(TEXTS, recipe.steps, recipe, folder=tmp_path / "f", **judged) as resumed:
        assert same(working(model), expected)
    assert resumed.history == whole.history
    assert resumed.steps == whole.steps


def test_only_the_latest_state_is_kept_and_no_step_is_taken_twice(model: Any, tmp_path: Path) -> None:
    numbers: list[int] = []
    for steps in (3, 5, 5):
        with model.finetune(
            TEXTS,
            steps,
            RECIPE,
            folder=tmp_path / "f",
            save_every=2,
            progress=lambda step: numbers.append(step.number),
        ):
            pass

    assert numbers == [1, 2, 3, 4, 5]
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["journal.json", "step-5.safetensors"]


def test_the_best_weights_on_the_held_out_text_are_those_that_remain(model: Any) -> None:
    losses = {}
    weights = {}

    def watch(step: Step) -> None:
        losses[step.number] = step.held_out_loss
        weights[step.number] = working(model)

    recipe = replace(RECIPE, steps=12, learning_rate=3e-2)
    with model.finetune(TEXTS, recipe.steps, recipe, held_out=0.3, measure_every=1, progress=watch) as tuning:
        best = min(losses, key=lambda number: losses[number] or 0.0)
        assert tuning.steps == best
        assert best < 12  # such a rate overshoots
        assert same(working(model), weights[best])


def test_patience_ends_what_no_longer_gets_better(model: Any) -> None:
    recipe = replace(RECIPE, steps=40, learning_rate=3e-2)

    with model.finetune(TEXTS, recipe.steps, recipe, held_out=0.3, measure_every=1, patience=3) as tuning:
        assert len(tuning.history) == tuning.steps + 3
        assert len(tuning.history) < 40


def test_progress_is_told_of_every_step_and_measures_come_when_asked_and_at_the_end(model: Any) -> None:
    steps: list[Step] = []

    with model.finetune(TEXTS, 5, RECIPE, held_out=0.2, measure_every=2, progress=steps.append) as tuning:
        assert tuple(steps) == tuning.history

    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert [step.held_out_loss is not None for step in steps] == [False, True, False, True, True]


def test_a_fine_tuned_model_is_saved_and_loaded_and_overfitted(model: Any, tmp_path: Path) -> None:
    with model.finetune(TEXTS, RECIPE.steps, RECIPE) as tuning:
        weights = working(model)
        folder = tuning.save(tmp_path / "tuned", "safetensors")
        with pytest.raises(ModelError, match="cannot save that in the form delta"):
            tuning.save(tmp_path / "more", "delta")

    loaded: Any = load_model(folder, precision="fp32")
    assert same(working(loaded), weights)
    with loaded.overfit("A kettle sings before it boils.") as overfit:
        assert overfit.loss_after < overfit.loss_before
    with pytest.raises(ModelError, match="has ended"):
        tuning.save(tmp_path / "late", "safetensors")


def test_a_model_in_bfloat16_is_saved_from_its_float32_masters(tmp_path: Path) -> None:
    model: Any = load_model(write_gpt2(tmp_path / "model"), precision="bf16")
    with model.finetune(TEXTS, RECIPE.steps, replace(RECIPE, learning_rate=1e-4)) as tuning:
        rounded = working(model)
        folder = tuning.save(tmp_path / "tuned", "safetensors")

    exact = working(load_model(folder, precision="fp32"))
    assert same({name: weight.bfloat16() for name, weight in exact.items()}, rounded)
    assert not same(exact, {name: weight.float() for name, weight in rounded.items()})


def test_another_fine_tuning_is_not_gone_on_with(model: Any, tmp_path: Path) -> None:
    with model.finetune(TEXTS, RECIPE.steps, RECIPE, folder=tmp_path / "f"):
        pass

    for texts, recipe in ((TEXTS[:1], RECIPE), (TEXTS, replace(RECIPE, learning_rate=1e-4))):
        with (
            pytest.raises(ModelError, match="keeps another fine-tuning"),
            model.finetune(texts, recipe.steps, recipe, folder=tmp_path / "f"),
        ):
            pass


@pytest.mark.parametrize("damage", ["journal.json", "step-6.safetensors", "history"])
def test_a_damaged_state_is_told(model: Any, tmp_path: Path, damage: str) -> None:
    with model.finetune(TEXTS, RECIPE.steps, RECIPE, folder=tmp_path / "f"):
        pass
    journal = tmp_path / "f" / "journal.json"
    if damage == "history":
        journal.write_text(json.dumps(json.loads(journal.read_text()) | {"history": [{"steps": 1}]}))
    else:
        (tmp_path / "f" / damage).write_bytes(b"junk")

    with (
        pytest.raises(ModelError, match=r"is damaged|journal\.json cannot be read \(it is not JSON"),
        model.finetune(TEXTS, RECIPE.steps, RECIPE, folder=tmp_path / "f"),
    ):
        pass


def test_how_a_table_was_read_is_told_before_the_first_step(model: Any, tmp_path: Path) -> None:
    table = tmp_path / "tweets.csv"
    rows = "".join(f"{number};The kettle sings, and the note number {number} holds.\n" for number in range(9))
    table.write_text(f"id;text\n{rows}", encoding="cp1252")
    told: list[Any] = []

    with pytest.raises(CorpusError, match="column='text'"), model.finetune(table, 1, RECIPE):
        pass
    with model.finetune(table, 1, RECIPE, column="text", progress=told.append, on_notice=told.append):
        pass

    assert [type(one).__name__ for one in told] == ["str", "str", "Step"]
    assert told[0].startswith(f"{table}: the column 'text' is read, of 'id' and 'text', with semicolons between them")


def test_a_divergence_is_told_and_the_base_comes_back(model: Any) -> None:
    before = working(model)

    with (
        pytest.raises(ModelError, match="diverged at learning rate"),
        model.finetune(TEXTS, RECIPE.steps, replace(RECIPE, learning_rate=1e20)),
    ):
        pass

    assert same(working(model), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"held_out": 1.0}, "held_out is 1.0"),
        ({"measure_every": 0}, "measure_every is 0"),
        ({"save_every": 0}, "save_every is 0"),
        ({"patience": -1}, "patience is -1"),
        ({"patience": 2}, "no text to judge by"),
    ],
)
def test_arguments_out_of_range_are_told(model: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message), model.finetune(TEXTS, RECIPE.steps, RECIPE, **arguments):
        pass


def test_too_little_text_is_told(model: Any) -> None:
    with pytest.raises(CorpusError, match="no text"), model.finetune([" "], RECIPE.steps, RECIPE):
        pass
    with pytest.raises(CorpusError, match="hold out more"), model.finetune(["ab"], RECIPE.steps, RECIPE, held_out=0.01):
        pass
