"""The fast engine's samples, against those of a plain implementation: the same tokens for the same seed."""

from __future__ import annotations

import shutil
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.naive_sampling import complaints, load_reference, reader
from tests.tiny_models import usual_token
from verbosify.errors import ModelError
from verbosify.models.decoding import TIES
from verbosify.models.protocol import Continuation
from verbosify.models.pytorch.model import TorchModel
from verbosify.models.pytorch.packing import can_pack
from verbosify.models.settings import SamplingSettings, TuningRecipe

PROMPT = "A kettle sings before it"
FREE = SamplingSettings(n=10, length=20, temperature=1.0, top_k=0, seed=4)
END = 0


@pytest.fixture(scope="module")
def folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of which some tokens are always equally likely, and which ends a text now and then."""
    folder = tmp_path_factory.mktemp("models") / tiny_folder.name
    shutil.copytree(tiny_folder, folder)
    tensors = load_file(folder / "model.safetensors")
    embedding = next(tensor for name, tensor in tensors.items() if "wte" in name or "embed_tokens" in name)
    embedding[100 : 100 + TIES + 10] = embedding[100].clone()
    embedding[[20, 30, 40]] = embedding[20].clone()
    save_file(tensors, folder / "model.safetensors")
    said = load(folder).sample(PROMPT, replace(FREE, n=200, length=30))
    embedding[END] = embedding[usual_token(continuation.token_ids for continuation in said)].clone()
    save_file(tensors, folder / "model.safetensors")
    return folder


def load(folder: Path) -> TorchModel:
    return TorchModel(folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def model(folder: Path) -> TorchModel:
    return load(folder)


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return load_reference(folder)


def objections(
    model: TorchModel, reference: Any, settings: SamplingSettings, continuations: list[Continuation]
) -> list[str]:
    """What the plain implementation objects to in continuations of the prompt."""
    return complaints(reader(reference), model.encode(PROMPT), settings, continuations, ends={END}, decode=model.decode)


@torch.no_grad()
def test_the_model_has_ties_as_wished(model: TorchModel, reference: Any) -> None:
    logits = reference(torch.tensor([model.encode(PROMPT)])).logits[0, -1]

    assert logits[100 : 100 + TIES + 10].unique().numel() == 1
    choices = {choice.token_id: choice.probability for choice in model.next_tokens(PROMPT, top=1000)}
    assert len({choices[token] for token in range(100, 100 + TIES + 10)}) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0.7},
        {"temperature": 1.7},
        {"top_k": 1},
        {"top_k": 5},
        {"top_k": 30, "temperature": 0.8},
        {"top_k": 1000},
        {"top_p": 0.9},
        {"top_p": 0.3},
        {"top_p": 0.8, "top_k": 40, "temperature": 0.9},
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 2.0, "top_k": 10},
        {"stops": ("e", "  ")},
        {"stops": (" the", "a"), "repetition_penalty": 1.1, "top_p": 0.95, "top_k": 50},
        {"temperature": 0.0},
        {"temperature": 0.0, "repetition_penalty": 1.5},
        {"n": 1, "length": 1},
    ],
    ids=str,
)
def test_samples_are_those_of_the_plain_implementation(
    model: TorchModel, reference: Any, changes: dict[str, Any]
) -> None:
    settings = replace(FREE, **changes)

    found = model.sample(PROMPT, settings)

    assert objections(model, reference, settings, found) == []


@pytest.mark.parametrize(
    "change", [{"seed": 5}, {"temperature": 0.9}, {"top_k": 20}, {"repetition_penalty": 1.2}], ids=str
)
def test_the_plain_implementation_objects_to_samples_of_other_settings(
    model: TorchModel, reference: Any, change: dict[str, Any]
) -> None:
    found = model.sample(PROMPT, replace(FREE, **change))

    assert objections(model, reference, FREE, found)


def test_the_plain_implementation_objects_to_the_least_change(model: TorchModel, reference: Any) -> None:
    first, second, *others = model.sample(PROMPT, replace(FREE, temperature=1.7))
    token_ids = list(first.token_ids)
    changed = [
        replace(first, token_ids=(*token_ids[:-1], token_ids[-1] % 300 + 1)),
        replace(first, token_ids=tuple(token_ids[:-1])),
        replace(first, finish="stop"),
        second,
    ]

    for other in changed:
        assert objections(model, reference, replace(FREE, temperature=1.7), [other, second, *others])


def test_samples_of_an_overfitted_model_are_those_of_its_weights(
    model: TorchModel, reference: Any, tmp_path: Path
) -> None:
    with model.overfit(PROMPT, TuningRecipe(window="once", learning_rate=1e-2)) as overfit:
        found = model.sample(PROMPT, FREE)
        overfit.save(tmp_path / "kept", "safetensors")

    assert objections(model, load_reference(tmp_path / "kept"), FREE, found) == []
    assert objections(model, reference, FREE, found)
    assert objections(model, reference, FREE, model.sample(PROMPT, FREE)) == []


def test_rows_that_end_are_dropped_while_the_others_go_on_unchanged(model: TorchModel, reference: Any) -> None:
    settings = replace(FREE, n=30, length=30, seed=6)

    continuations = model.sample(PROMPT, settings)

    lengths = {len(continuation.token_ids) for continuation in continuations if continuation.finish == "end"}
    assert len(lengths) > 1  # they end at several places
    assert any(continuation.finish == "length" for continuation in continuations)
    assert objections(model, reference, settings, continuations) == []


def test_samples_are_the_same_where_weights_cannot_be_packed(
    folder: Path, reference: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(can_pack.cache_clear)
    monkeypatch.setattr(torch.ops, "mkldnn", types.SimpleNamespace())
    can_pack.cache_clear()

    plain = load(folder)

    assert objections(plain, reference, FREE, plain.sample(PROMPT, FREE)) == []
    assert not can_pack("cpu", torch.float32)


def test_a_row_is_the_same_alone_and_among_many(model: TorchModel, reference: Any) -> None:
    """All but one may be told apart by the last bits of the larger product."""
    many = replace(FREE, n=40)
    rows = model.sample(PROMPT, many)
    assert objections(model, reference, many, rows) == []

    fewer = {n: model.sample(PROMPT, replace(FREE, n=n)) for n in (1, 2, 11)}

    for n, found in fewer.items():
        assert objections(model, reference, replace(FREE, n=n), found) == []
    pairs = [pair for found in fewer.values() for pair in zip(found, rows, strict=False)]
    assert sum(row == among for row, among in pairs) >= len(pairs) - 1


def test_a_shorter_sample_is_the_beginning_of_a_longer_one(model: TorchModel, reference: Any) -> None:
    """All but one, as above."""
    shorter = replace(FREE, length=7)

    short, long = model.sample(PROMPT, shorter), model.sample(PROMPT, FREE)

    assert objections(model, reference, shorter, short) == objections(model, reference, FREE, long) == []
    assert sum(row.token_ids == whole.token_ids[:7] for row, whole in zip(short, long, strict=True)) >= FREE.n - 1


def test_rows_and_seeds_differ(model: TorchModel) -> None:
    first, second = ([row.token_ids for row in model.sample(PROMPT, replace(FREE, seed=seed))] for seed in (1, 2))

    assert len(set(first)) == FREE.n
    assert not set(first).intersection(second)


def test_a_stop_is_cut_off_the_text_but_not_off_the_tokens(model: TorchModel) -> None:
    stopped = [c for c in model.sample(PROMPT, replace(FREE, stops=("e",))) if c.finish == "stop"]

    assert stopped
    for continuation in stopped:
        whole = model.decode(continuation.token_ids)
        assert continuation.text == whole[: whole.index("e")]


def test_the_context_can_be_filled_to_the_last_token_and_no_further(model: TorchModel) -> None:
    room = model.card.context - len(model.encode(PROMPT))

    continuations = model.sample(PROMPT, replace(FREE, length=room, n=3))

    assert max(len(continuation.token_ids) for continuation in continuations) <= room
    with pytest.raises(ModelError) as error:
        model.sample(PROMPT, replace(FREE, length=room + 1))
    assert str(error.value) == (
        f"The text has {model.card.context - room} tokens and {room + 1} more are asked for, but tiny reads at most "
        f"{model.card.context}: shorten the text or the length."
    )


def test_an_empty_prompt_is_refused(model: TorchModel) -> None:
    with pytest.raises(ModelError, match=r"^The text to continue is empty: give at least one word\.$"):
        model.sample("", FREE)
