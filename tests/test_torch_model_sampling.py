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

from tests.naive_sampling import Drawn, load_reference, naive_samples
from verbosify.errors import ModelError
from verbosify.models.decoding import TIES
from verbosify.models.packing import can_pack
from verbosify.models.protocol import Continuation, SamplingSettings, TuningRecipe
from verbosify.models.torch_model import TorchModel

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
    embedding[END] = embedding[[5, 50, 250]].sum(dim=0)
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> TorchModel:
    return TorchModel(folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return load_reference(folder)


def drawn(continuations: list[Continuation]) -> Drawn:
    return [(continuation.token_ids, continuation.finish) for continuation in continuations]


def naive(model: TorchModel, reference: Any, settings: SamplingSettings, prompt: str = PROMPT) -> Drawn:
    return naive_samples(reference, model.encode(prompt), settings, {END}, model.decode)


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

    found = drawn(model.sample(PROMPT, settings))

    assert found == naive(model, reference, settings)


def test_samples_of_an_overfitted_model_are_those_of_its_weights(
    model: TorchModel, reference: Any, tmp_path: Path
) -> None:
    with model.overfit(PROMPT, TuningRecipe(window="once", learning_rate=1e-2)) as overfit:
        found = drawn(model.sample(PROMPT, FREE))
        overfit.save(tmp_path / "kept", "safetensors")

    assert found == naive(model, load_reference(tmp_path / "kept"), FREE)
    assert found != naive(model, reference, FREE)
    assert drawn(model.sample(PROMPT, FREE)) == naive(model, reference, FREE)


def test_rows_that_end_are_dropped_while_the_others_go_on_unchanged(model: TorchModel, reference: Any) -> None:
    settings = replace(FREE, n=30, length=30, seed=6)

    continuations = model.sample(PROMPT, settings)

    lengths = {len(continuation.token_ids) for continuation in continuations if continuation.finish == "end"}
    assert len(lengths) > 1  # they end at several places
    assert any(continuation.finish == "length" for continuation in continuations)
    assert drawn(continuations) == naive(model, reference, settings)


def test_samples_are_the_same_where_weights_cannot_be_packed(
    folder: Path, model: TorchModel, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    packed = model.sample(PROMPT, FREE)
    request.addfinalizer(can_pack.cache_clear)
    monkeypatch.setattr(torch.ops, "mkldnn", types.SimpleNamespace())
    can_pack.cache_clear()

    plain = TorchModel(folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision="fp32")

    assert plain.sample(PROMPT, FREE) == packed
    assert not can_pack("cpu", torch.float32)


def test_a_row_is_the_same_alone_and_among_many(model: TorchModel) -> None:
    many = model.sample(PROMPT, replace(FREE, n=40))

    for n in (1, 2, 11):
        assert model.sample(PROMPT, replace(FREE, n=n)) == many[:n]


def test_a_shorter_sample_is_the_beginning_of_a_longer_one(model: TorchModel) -> None:
    for short, long in zip(model.sample(PROMPT, replace(FREE, length=7)), model.sample(PROMPT, FREE), strict=True):
        assert long.token_ids[:7] == short.token_ids


def test_rows_and_seeds_differ(model: TorchModel) -> None:
    first, second = (drawn(model.sample(PROMPT, replace(FREE, seed=seed))) for seed in (1, 2))

    assert len({row for row, _ in first}) == FREE.n
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
