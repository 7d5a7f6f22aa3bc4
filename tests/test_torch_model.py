"""What the fast engine says of texts and tokens, against transformers' own classes. See also `test_torch_model_*`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.naive_sampling import draw_naively, load_reference
from tests.tiny_models import usual_token, write_gpt2
from verbosify.errors import ModelError
from verbosify.models.decoding import PLACES
from verbosify.models.protocol import LanguageModel
from verbosify.models.pytorch.model import TorchModel, has_fast_bf16, pick_device, pick_dtype, samples_in_fp16
from verbosify.models.pytorch.tuning import mean_loss
from verbosify.models.settings import SamplingSettings

TEXT = "A kettle sings before it boils; “listen,” she said."
CPU = torch.device("cpu")
SHORT = SamplingSettings(n=3, length=8)


def load(folder: Path, precision: str = "fp32") -> TorchModel:
    return TorchModel(folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision=precision)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> TorchModel:
    return load(tiny_folder)


@pytest.fixture(scope="module")
def reference(tiny_folder: Path) -> Any:
    return load_reference(tiny_folder)


@torch.no_grad()
def log_probabilities(reference: Any, token_ids: list[int]) -> torch.Tensor:
    """After every token of the text: (tokens, vocabulary), float64."""
    logits: torch.Tensor = reference(torch.tensor([token_ids])).logits[0].double()
    return logits.log_softmax(dim=-1)


# The card


def test_a_model_introduces_itself(model: TorchModel, tiny_folder: Path) -> None:
    card = model.card

    assert isinstance(model, LanguageModel)
    assert (card.name, card.family, card.engine) == ("tiny", tiny_folder.name, "torch")
    assert (card.context, card.device, card.dtype) == (64, "cpu", "float32")
    assert card.threads == torch.get_num_threads()
    assert card.parameters == load_reference(tiny_folder).num_parameters()
    assert card.versions["torch"] == torch.__version__
    assert set(card.versions) == {"verbosify", "python", "torch", "tokenizers", "numpy"}


# Tokens


def test_a_text_that_spells_a_special_token_is_ordinary_characters(model: TorchModel) -> None:
    token_ids = model.encode("a<|endoftext|>b")

    assert 0 not in token_ids
    assert model.decode(token_ids) == "a<|endoftext|>b"
    assert model.decode([0]) == "<|endoftext|>"


@pytest.fixture(scope="module")
def ending(tiny_gpt2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says the tokens 0, 3 and 4 now and then: as often as one of which it says about one in fifty."""
    folder = Path(shutil.copytree(tiny_gpt2, tmp_path_factory.mktemp("models") / "ending"))
    said = load(folder).sample("A", SamplingSettings(n=200, length=30, temperature=1.0, top_k=0))
    usual = usual_token(continuation.token_ids for continuation in said)
    tensors = load_file(folder / "model.safetensors")
    tensors["transformer.wte.weight"][[0, 3, 4]] = tensors["transformer.wte.weight"][usual].clone()
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("configured", "ends"),
    [(3, {0, 3}), ([3], {0, 3}), ([3, 4], {0, 3, 4}), (None, {0}), ("three", {0}), ([[3]], {0}), ({"a": 3}, {0})],
    ids=str,
)
def test_a_text_ends_with_a_special_token_or_one_that_is_configured(
    ending: Path, tmp_path: Path, configured: object, ends: set[int]
) -> None:
    folder = Path(shutil.copytree(ending, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"eos_token_id": configured}))
    settings = SamplingSettings(n=200, length=30, temperature=1.0, top_k=0)

    continuations = load(folder).sample("A", settings)

    said = {token for continuation in continuations for token in continuation.token_ids}
    assert not said & ends
    assert {3, 4} - ends <= said
    assert {continuation.finish for continuation in continuations} == {"length", "end"}


# The next token


@pytest.mark.parametrize("prompt", [TEXT, "A"])
def test_next_tokens_have_the_probabilities_of_transformers(model: TorchModel, reference: Any, prompt: str) -> None:
    expected = log_probabilities(reference, model.encode(prompt))[-1].exp()

    choices = model.next_tokens(prompt, top=1000)

    token_ids = [choice.token_id for choice in choices]
    assert sorted(token_ids) == list(range(len(expected)))
    assert (expected[token_ids].diff() < 1e-6).all()  # likeliest first; two that are all but equal may change places
    assert sum(choice.probability for choice in choices) == pytest.approx(1, abs=1e-5)
    for choice in choices:
        assert choice.probability == pytest.approx(expected[choice.token_id].item(), abs=1e-6)
        assert choice.text == model.decode([choice.token_id])


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(temperature=1.0, top_k=0),
        SamplingSettings(temperature=0.8, top_k=30),
        SamplingSettings(temperature=1.2, top_k=0, top_p=0.7),
        SamplingSettings(temperature=0.9, top_k=50, top_p=0.9, repetition_penalty=1.5),
        SamplingSettings(temperature=0.0),
    ],
    ids=lambda settings: f"{settings.temperature} {settings.top_k} {settings.top_p}",
)
@torch.no_grad()
def test_next_tokens_are_as_likely_as_they_are_drawn(
    model: TorchModel, reference: Any, settings: SamplingSettings
) -> None:
    prompt_ids, count = model.encode(TEXT), 3000
    logits = reference(torch.tensor([prompt_ids])).logits[0, -1].numpy()
    drawn = [draw_naively(logits, set(prompt_ids), settings, (place + 0.5) / count) for place in range(count)]

    choices = model.next_tokens(TEXT, top=1000, settings=settings)

    assert sum(choice.sampled_probability for choice in choices) == pytest.approx(1, abs=1e-5)
    for choice in choices:
        assert choice.sampled_probability == pytest.approx(drawn.count(choice.token_id) / count, abs=1 / count)


def test_the_likeliest_next_tokens_come_first_and_no_more_than_asked_for(model: TorchModel) -> None:
    everything = model.next_tokens(TEXT, top=1000)

    assert len(everything) == 320
    assert model.next_tokens(TEXT, top=5) == everything[:5]
    assert [choice.probability for choice in everything] == sorted((c.probability for c in everything), reverse=True)
    assert len(model.next_tokens(TEXT)) == 100


@pytest.mark.parametrize("top", [0, -3])
def test_no_next_tokens_are_not_to_be_had(model: TorchModel, top: int) -> None:
    with pytest.raises(ModelError, match=rf"^top is {top}: ask for at least one token\.$"):
        model.next_tokens(TEXT, top=top)


# Scores


def test_scores_are_those_of_transformers(model: TorchModel, reference: Any) -> None:
    token_ids = model.encode(TEXT)
    expected = log_probabilities(reference, token_ids)[:-1]

    scores = model.score(TEXT)

    assert [score.token_id for score in scores] == token_ids[1:]
    assert "".join(score.text for score in scores).startswith(" kettle")
    for score, row in zip(scores, expected, strict=True):
        assert score.log_probability == pytest.approx(row[score.token_id].item(), abs=1e-5)
        likelier, no_less_likely = ((row > row[score.token_id] + near).sum() for near in (1e-5, -1e-5))
        assert likelier + 1 <= score.rank <= no_less_likely  # which counts the token itself
        assert score.entropy == pytest.approx(-(row.exp() * row).sum().item(), abs=1e-5)
        assert score.log_probability <= 0
        assert score.entropy >= 0
        assert score.rank >= 1


def test_scores_add_up_to_the_loss_also_of_a_long_text(tmp_path: Path) -> None:
    model = load(write_gpt2(tmp_path, context=3 * PLACES))
    text = TEXT * 20
    token_ids = model.encode(text)[: 2 * PLACES + 40]
    text = model.decode(token_ids)
    assert len(model.encode(text)) > 2 * PLACES

    scores = model.score(text)

    token_ids = model.encode(text)
    weights = model._weights
    loss = mean_loss(weights.architecture, weights.working, torch.tensor(token_ids)).item()
    assert len(scores) == len(token_ids) - 1
    assert -sum(score.log_probability for score in scores) / len(scores) == pytest.approx(loss, abs=1e-5)


def test_a_single_token_has_nothing_to_score(model: TorchModel) -> None:
    assert model.score("A") == []


@pytest.mark.parametrize("text", ["", TEXT * 10])
def test_what_cannot_be_read_at_once_cannot_be_scored(model: TorchModel, text: str) -> None:
    with pytest.raises(ModelError, match=r"\.$"):
        model.score(text)


def test_bf16_is_close_to_fp32(model: TorchModel, tiny_folder: Path) -> None:
    """Of 31 seeds and both families the worst token was off by 0.13 nats, the worst text by 0.02 in the mean."""
    rough = load(tiny_folder, "bf16")

    assert rough.card.dtype == "bfloat16"
    pairs = list(zip(model.score(TEXT), rough.score(TEXT), strict=True))
    off = torch.tensor([abs(found.log_probability - exact.log_probability) for exact, found in pairs])
    assert off.mean() < 0.05
    assert off.max() < 0.3
    for exact, found in pairs:
        assert found.entropy == pytest.approx(exact.entropy, abs=0.15)


# Where and how it computes


def test_the_device_is_found_and_named() -> None:
    assert pick_device("cpu") == CPU
    assert pick_device("auto").type in ("cpu", "cuda", "mps")


def test_the_precision_follows_the_hardware_unless_it_is_chosen() -> None:
    assert pick_dtype("fp32", CPU) == torch.float32
    assert pick_dtype("bf16", CPU) == torch.bfloat16
    assert pick_dtype("auto", CPU) == (torch.bfloat16 if has_fast_bf16(CPU) else torch.float32)


@pytest.mark.parametrize(
    ("card", "capability", "fast"),
    [
        ("P100", (6, 0), False),
        ("V100", (7, 0), False),
        ("T4", (7, 5), False),
        ("A100", (8, 0), True),
        ("L4", (8, 9), True),
        ("H100", (9, 0), True),
        ("B200", (10, 0), True),
    ],
)
def test_bf16_is_fast_on_cards_that_multiply_it_themselves(
    monkeypatch: pytest.MonkeyPatch, card: str, capability: tuple[int, int], fast: bool
) -> None:
    device = torch.device("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)  # it counts those that emulate it
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda asked: {device: capability}[asked])

    assert has_fast_bf16(device) == fast, card
    assert pick_dtype("auto", device) == (torch.bfloat16 if fast else torch.float32)
    assert pick_dtype("bf16", device) == torch.bfloat16


@pytest.mark.parametrize(("capability", "half"), [((6, 1), False), ((7, 0), True), ((7, 5), True), ((8, 0), False)])
def test_cards_that_multiply_float16_and_not_bf16_sample_in_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], half: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)

    assert samples_in_fp16("auto", torch.device("cuda")) == half
    assert samples_in_fp16("fp16", torch.device("cuda"))
    assert not samples_in_fp16("fp32", torch.device("cuda"))
    assert not samples_in_fp16("auto", CPU)


def test_a_model_in_fp16_overfits_in_float32_and_samples_in_float16(tiny_folder: Path, tmp_path: Path) -> None:
    exact = TorchModel(tiny_folder, name="tiny", weights_sha256="0" * 64, precision="fp32")
    model = TorchModel(tiny_folder, name="tiny", weights_sha256="0" * 64, precision="fp16")
    assert model.card.dtype == "float16"

    with model.overfit(TEXT) as overfit, exact.overfit(TEXT) as same:
        assert (overfit.loss_before, overfit.loss_after) == (same.loss_before, same.loss_after)
        after = {choice.token_id: choice.probability for choice in model.next_tokens(TEXT, 10**6)}
        overfit.save(tmp_path / "step", "delta")
        for choice in exact.next_tokens(TEXT, 10**6):
            assert after[choice.token_id] == pytest.approx(choice.probability, abs=0.01)
        drawn = model.sample(TEXT, SHORT)
    with model.redo(tmp_path / "step"):
        assert model.sample(TEXT, SHORT) == drawn


def test_numbers_too_large_for_float16_are_refused(tiny_gpt2: Path) -> None:
    model = TorchModel(tiny_gpt2, name="tiny", weights_sha256="0" * 64, precision="fp16")
    model._weights.working["final_norm.scale"].fill_(1e6)

    with pytest.raises(ModelError, match="too large for float16"):
        model.sample(TEXT, SHORT)


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ("avx2 avx512f avx512_vnni", False),
        ("avx2 avx512f avx512_bf16", True),
        ("avx2 avx512f amx_bf16 amx_tile", True),
        ("avx2 avx_vnni avx_ne_convert", False),
        ("fp asimd bf16 i8mm", False),
    ],
)
def test_bf16_is_fast_on_processors_that_say_they_multiply_it(
    monkeypatch: pytest.MonkeyPatch, flags: str, fast: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)

    assert has_fast_bf16(CPU) == fast


@pytest.mark.parametrize(
    ("limit", "fast"),
    [
        ("AVX2", False),
        ("avx512_core", False),
        ("AVX512_CORE_VNNI", False),
        ("AVX512_CORE_BF16", True),
        ("AVX512_CORE_AMX", True),
        ("DEFAULT", True),
    ],
)
def test_bf16_is_not_fast_where_its_instructions_are_not_to_be_used(
    monkeypatch: pytest.MonkeyPatch, limit: str, fast: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "flags\t\t: avx2 avx512f avx512_bf16 amx_bf16\n")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)

    assert has_fast_bf16(CPU) == fast


def test_bf16_is_no_faster_where_nothing_is_known_of_it() -> None:
    assert not has_fast_bf16(torch.device("mps"))
    if not torch.cuda.is_available():
        assert not has_fast_bf16(torch.device("cuda"))
