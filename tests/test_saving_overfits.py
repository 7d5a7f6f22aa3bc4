"""Overfits that are kept, and what comes back of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny_models import write_gpt2, write_llama
from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.settings import RECIPES, TuningRecipe
from verbosify.models.training.saving import new_folder

TEXT = "A kettle sings before it boils."
ONCE = TuningRecipe(name="strong", window="once", learning_rate=1e-3)


@pytest.fixture(params=["fp32", "bf16"])
def precision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "checkpoints"))


def working(model: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model._weights.working.items()}


def same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("write", [write_gpt2, write_llama])
@pytest.mark.parametrize("recipe", [ONCE, TuningRecipe(window="once", steps=3)])
def test_a_packed_step_brings_the_weights_back_bit_for_bit(
    tmp_path: Path, write: Callable[[Path], Path], precision: str, recipe: TuningRecipe
) -> None:
    model: Any = load_model(write(tmp_path / "model"), precision=precision)
    with model.overfit(TEXT, recipe) as overfit:
        weights, scores = working(model), model.score(TEXT)
        folder = overfit.save(tmp_path / "kept", "delta")

    with model.redo(folder) as again:
        assert same(working(model), weights)
        assert model.score(TEXT) == scores
        assert (again.loss_after, again.recipe, again.text) == (overfit.loss_after, recipe, TEXT)
        again.save(tmp_path / "again", "delta")

    assert (tmp_path / "again" / "step.safetensors").read_bytes() == (folder / "step.safetensors").read_bytes()
    assert not same(working(model), weights)


def test_a_step_packed_in_bfloat16_can_be_redone_in_float32(tmp_path: Path) -> None:
    folder = write_gpt2(tmp_path / "model")
    model: Any = load_model(folder, precision="bf16")
    with model.overfit(TEXT, ONCE) as overfit:
        weights = working(model)
        overfit.save(tmp_path / "kept", "delta")

    exact: Any = load_model(folder, precision="fp32")
    with exact.redo(tmp_path / "kept"):
        assert same({name: tensor.bfloat16() for name, tensor in working(exact).items()}, weights)


@pytest.mark.parametrize("write", [write_gpt2, write_llama])
def test_safetensors_are_loaded_as_a_model_of_their_own(
    tmp_path: Path, write: Callable[[Path], Path], precision: str
) -> None:
    model: Any = load_model(write(tmp_path / "model"), precision=precision)
    with model.overfit(TEXT, ONCE) as overfit:
        weights = working(model)
        folder = overfit.save(tmp_path / "kept", "safetensors")

    loaded: Any = load_model(folder, precision=precision)

    assert same(working(loaded), weights)
    assert loaded.card.weights_sha256 != model.card.weights_sha256
    assert loaded.card.licence == model.card.licence


@pytest.mark.parametrize("write", [write_gpt2, write_llama])
def test_transformers_loads_the_safetensors_too(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    from transformers import AutoModelForCausalLM

    model: Any = load_model(write(tmp_path / "model"), precision="fp32")
    token_ids = model.encode(TEXT)
    with model.overfit(TEXT, ONCE) as overfit:
        folder = overfit.save(tmp_path / "kept", "safetensors")

    theirs = AutoModelForCausalLM.from_pretrained(folder)
    loss = theirs(torch.tensor([token_ids]), labels=torch.tensor([token_ids])).loss.item()

    assert loss == pytest.approx(overfit.loss_after, abs=1e-4)


def test_openais_format_is_loaded_with_the_same_weights(tmp_path: Path) -> None:
    model: Any = load_model(write_gpt2(tmp_path / "model"), precision="fp32")
    with model.overfit(TEXT, RECIPES["original"]) as overfit:
        weights = working(model)
        folder = overfit.save(tmp_path / "run1")

    assert {path.name for path in folder.iterdir()} >= {
        "checkpoint",
        "counter",
        "hparams.json",
        "encoder.json",
        "vocab.bpe",
    }
    assert same(working(load_model(folder, precision="fp32")), weights)


def test_openais_format_is_for_gpt_2_alone(tmp_path: Path) -> None:
    model: Any = load_model(write_llama(tmp_path / "model"), precision="fp32")

    with model.overfit(TEXT, ONCE) as overfit, pytest.raises(ModelError, match="know GPT-2 only"):
        overfit.save(tmp_path / "kept", "openai")

    assert not (tmp_path / "kept").exists()


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Any, Path]:
    model: Any = load_model(write_gpt2(tmp_path / "model"), precision="fp32")
    with model.overfit(TEXT, ONCE) as overfit:
        return model, overfit.save(tmp_path / "kept", "delta")


def edit(folder: Path, **changes: object) -> None:
    path = folder / "overfit.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "later verbosify"),
        ({"form": "pickle"}, "later verbosify"),
        (
            {"base": {"name": "other", "weights_sha256": "f" * 64}},
            "holds an overfit of other with weights ffffffffffff",
        ),
        ({"base": None}, "is damaged"),
        ({"recipe": {"steps": 0}}, "is damaged"),
        ({"dtype": "int8"}, "a step in int8, which cannot be read"),
    ],
)
def test_what_was_altered_is_not_redone(kept: tuple[Any, Path], changes: dict[str, object], message: str) -> None:
    model, folder = kept
    before = model.score(TEXT)
    edit(folder, **changes)

    with pytest.raises(ModelError, match=message), model.redo(folder):
        pass

    assert model.score(TEXT) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("overfit.json", None, "cannot be read"),
        ("overfit.json", b"{", "is not JSON"),
        ("overfit.json", b"\xff", "is not JSON"),
        ("step.safetensors", None, "missing or damaged"),
        ("step.safetensors", b"junk", "missing or damaged"),
    ],
)
def test_what_is_damaged_is_not_redone(kept: tuple[Any, Path], name: str, content: bytes | None, message: str) -> None:
    model, folder = kept
    before = model.score(TEXT)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)

    with pytest.raises(ModelError, match=message), model.redo(folder):
        pass

    assert model.score(TEXT) == before


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fill(made: Path) -> None:
        (made / "half").touch()
        raise OSError("no space")

    with pytest.raises(ModelError, match="no space"), new_folder(tmp_path / "new") as made:
        fill(made)

    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ModelError, match="cannot be read or written"), new_folder(tmp_path / "file" / "new"):
        pass
