"""The universal engine beside transformers itself, on kinds of models that compute in odd ways."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conformance import are_alike
from tests.tiny_models import write_architecture
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings, TuningRecipe
from verbosify.models.universal.tokens import Tokens

TEXT = "The ferry leaves the stone pier as soon as the rain stops."
ONCE = TuningRecipe(name="once", window="once", learning_rate=1e-3)
WARM = SamplingSettings(n=3, length=12, temperature=1.0, top_k=0, seed=1)
KINDS = ("gptj", "gemma2", "falcon", "mixtral", "mamba", "llama", "phi")


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_architecture(tmp_path_factory.mktemp("models") / "tiny", request.param)


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return load_model(folder, precision="fp32")


def plain(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def test_one_step_is_that_of_transformers_own_gradient(model: Any, folder: Path) -> None:
    reference, ids = plain(folder), torch.tensor([model.encode(TEXT)])
    loss = reference(input_ids=ids, labels=ids).loss
    loss.backward()
    epsilon = ONCE.epsilon / 0.001**0.5
    with torch.no_grad():
        for weight in reference.parameters():
            if weight.grad is not None:
                weight.sub_(ONCE.learning_rate * weight.grad / (weight.grad.abs() + epsilon))
        after = reference(input_ids=ids, labels=ids).loss

    with model.overfit(TEXT, ONCE) as overfit:
        assert overfit.loss_before == pytest.approx(loss.item(), abs=1e-4)
        assert overfit.loss_after == pytest.approx(after.item(), abs=1e-2)


def test_greedy_text_is_that_of_transformers_generate(model: Any, folder: Path) -> None:
    ids = torch.tensor([model.encode(TEXT)])
    reference = plain(folder).generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=-1)
    greedy = model.sample(TEXT, replace(WARM, n=1, temperature=0))[0].token_ids

    assert list(greedy) == reference[0, ids.shape[1] :].tolist()[: len(greedy)]


def test_rows_and_settings_share_a_batch_and_draw_as_alone(model: Any) -> None:
    cold = replace(WARM, temperature=0.5, n=2, seed=4)

    both = model.sample(TEXT, [WARM, cold])

    assert both == model.sample(TEXT, WARM) + model.sample(TEXT, cold)
    assert model.sample(TEXT, replace(WARM, n=1)) == both[:1]


def test_weights_are_back_bit_for_bit_and_a_packed_step_is_what_it_was(model: Any, tmp_path: Path) -> None:
    before = {name: weight.clone() for name, weight in model._weights.working.items()}
    with model.overfit(TEXT, ONCE) as overfit:
        scores = model.score(TEXT)
        kept = overfit.save(tmp_path / "kept", "delta")
        whole = overfit.save(tmp_path / "whole")

    assert all(torch.equal(weight, before[name]) for name, weight in model._weights.working.items())
    with model.redo(kept):
        assert model.score(TEXT) == scores
    assert are_alike(load_model(whole, precision="fp32").score(TEXT), scores)


def test_a_session_goes_on_forks_and_tells_what_is_next(model: Any) -> None:
    session = model.session("The ferry")
    fork = session.fork()
    session.extend(" leaves the stone pier")

    for held, text in ((session, "The ferry leaves the stone pier"), (fork, "The ferry")):
        found, wanted = held.top(5), model.next_tokens(text, 5)
        assert [choice.token_id for choice in found] == [choice.token_id for choice in wanted]
        assert [c.probability for c in found] == pytest.approx([c.probability for c in wanted], abs=1e-5)


def test_bf16_learns_too(folder: Path) -> None:
    model = load_model(folder, device="cpu", precision="bf16")
    before = model.score(TEXT)

    with model.overfit(TEXT, ONCE) as overfit:
        assert overfit.loss_after < overfit.loss_before

    assert model.score(TEXT) == before


def test_what_stands_before_every_text_is_read_and_is_no_part_of_it(tmp_path: Path) -> None:
    folder = write_architecture(tmp_path / "tiny", "opt")
    plain_model: Any = load_model(folder, precision="fp32")
    settings = {"bos_token": "<|endoftext|>", "add_bos_token": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    led: Any = load_model(folder, precision="fp32")

    assert led.encode(TEXT) == plain_model.encode(TEXT)
    assert led.card.context == plain_model.card.context - 1
    ids = torch.tensor([[0, *led.encode(TEXT)]])
    logits = plain(folder)(input_ids=ids).logits[0, 1:-1].log_softmax(-1)
    wanted = logits.gather(1, ids[0, 2:, None])[:, 0].tolist()
    assert [score.log_probability for score in led.score(TEXT)] == pytest.approx(wanted, abs=1e-4)


def test_a_tokenizer_that_puts_a_blank_before_a_text_does_not_here(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))  # noqa: S106  # a token of another sort
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(parts)
    tokenizer.train_from_iterator([TEXT], trainers.BpeTrainer(special_tokens=["<unk>"], show_progress=False))
    tokenizer.save(str(tmp_path / "tokenizer.json"))

    tokens = Tokens(tmp_path)

    assert tokens.decode(tokens.encode(TEXT)) == TEXT
    assert "".join(tokens.decode([token]) for token in tokens.encode(TEXT)) == TEXT
