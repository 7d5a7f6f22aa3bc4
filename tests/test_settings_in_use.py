"""Every setting, in what is drawn and in the token list, against the plain rule on transformers' own logits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.naive_sampling import CLOSE, Read, load_reference, plain_beams, plain_probabilities, reader
from tests.seeds import seeded
from verbosify.errors import ModelError
from verbosify.models.decoding import distribution, penalised
from verbosify.models.pytorch.model import TorchModel
from verbosify.models.settings import SamplingSettings

PROMPT = "A kettle sings before it boils, and it sings before"
FREE = SamplingSettings(n=3, length=8, temperature=1.0, top_k=0, seed=4)
SETTINGS: list[dict[str, Any]] = [
    {"min_p": 0.3},
    {"min_p": 0.1, "top_k": 20, "temperature": 0.8},
    {"typical_p": 0.5},
    {"typical_p": 0.2, "top_k": 30, "top_p": 0.9, "min_p": 0.05},
    {"frequency_penalty": 1.5},
    {"presence_penalty": 2.0, "frequency_penalty": -1.0},
    {"repetition_penalty": 1.5},
    {"repetition_penalty": 2.0, "repetition_range": 5},
    {"repetition_penalty": 2.0, "repetition_slope": 3.0},
    {"repetition_penalty": 1.8, "repetition_range": 1, "repetition_slope": 0.5},
    {"repetition_penalty": 1.8, "repetition_range": 1000, "repetition_slope": 1.0, "presence_penalty": 0.5},
    {"logit_bias": ((5, 4.0), (90, -100.0), (5, 1.0))},
    {"banned_tokens": tuple(range(1, 200))},
    {"banned_strings": ("e", " s", "to")},
    {"least_length": 8, "logit_bias": ((0, 6.0),)},
]
MODELS = ["gpt2", "llama"]


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> TorchModel:
    return TorchModel(tiny_folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def read(tiny_folder: Path) -> Read:
    return reader(load_reference(tiny_folder))


def spell(model: TorchModel, token: int) -> bytes:
    return model.spelling()._pieces[token]


def expected(model: TorchModel, read: Read, text: list[int], settings: SamplingSettings, drawn: int = 0) -> Any:
    logits = read(text)[-1]
    return plain_probabilities(
        logits, text, settings, drawn=drawn, ends=model.ends, spell=lambda token: spell(model, token)
    )


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_the_token_list_shows_what_would_be_drawn(model: TorchModel, read: Read, changes: dict[str, Any]) -> None:
    settings = replace(FREE, **changes)
    text = model.encode(PROMPT)

    choices = {choice.token_id: choice for choice in model.next_tokens(PROMPT, 10**6, settings)}

    found = np.array([choices[token].sampled_probability for token in range(len(choices))])
    np.testing.assert_allclose(found, expected(model, read, text, settings), atol=2e-4)
    if settings.repetition_range != 1:  # of which a tiny model may make nothing to speak of
        assert not np.allclose(found, [choices[token].probability for token in range(len(choices))], atol=2e-4)


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_what_is_drawn_lies_where_its_number_falls(model: TorchModel, read: Read, changes: dict[str, Any]) -> None:
    settings = replace(FREE, **changes)
    prompt = model.encode(PROMPT)

    for row, continuation in enumerate(model.sample(PROMPT, [FREE, settings])[FREE.n :]):
        uniforms = np.random.default_rng((settings.seed, row)).random(settings.length)
        for step, token in enumerate(continuation.token_ids):
            text = [*prompt, *continuation.token_ids[:step]]
            chances = expected(model, read, text, settings, drawn=step)
            order = np.lexsort((np.arange(len(chances)), -chances))
            end = chances[order].cumsum()[order.tolist().index(token)]
            assert end - chances[token] - 1e-3 <= uniforms[step] <= end + 1e-3, (row, step)
            assert chances[token] > 0


def test_banned_strings_never_come_whatever_tokens_spell_them(model: TorchModel) -> None:
    free = replace(FREE, n=40, length=20)
    banned = ("e", "tt", "\N{RIGHT SINGLE QUOTATION MARK}", "\ufffd")

    said = [row.text for row in model.sample(PROMPT, free)]
    assert any("e" in text for text in said)

    for row in model.sample(PROMPT, replace(free, banned_strings=banned)):
        assert not any(string in row.text for string in banned[:3])


def test_a_banned_string_across_the_end_of_the_prompt_does_not_come(model: TorchModel) -> None:
    settings = replace(FREE, banned_strings=("before it", " before a"))

    for choice in model.next_tokens(PROMPT, 10**6, settings):
        if "before" + choice.text in ("before it", "before a"):
            assert choice.sampled_probability == 0


def test_a_text_does_not_end_before_its_least_length(model: TorchModel) -> None:
    eager = replace(FREE, n=20, logit_bias=((0, 9.0),))

    assert all(row.finish == "end" and len(row.token_ids) < 6 for row in model.sample(PROMPT, eager))
    patient = model.sample(PROMPT, replace(eager, least_length=6))
    assert all(len(row.token_ids) >= 6 for row in patient)
    assert any(row.finish == "end" for row in patient)


@pytest.mark.parametrize("field", ["banned_tokens", "logit_bias"])
def test_a_token_that_is_none_is_told(model: TorchModel, field: str) -> None:
    value: Any = (10**6,) if field == "banned_tokens" else ((10**6, 1.0),)

    with pytest.raises(ModelError, match="There is no token 1000000 to be biased or banned"):
        model.sample(PROMPT, replace(FREE, **{field: value}))


def test_to_ban_everything_is_refused(model: TorchModel) -> None:
    everything = tuple(range(len(model.next_tokens(PROMPT, 10**6))))

    with pytest.raises(ModelError, match="Every token that could come next is banned"):
        model.sample(PROMPT, replace(FREE, banned_tokens=everything))


# Against transformers' own processors


@pytest.mark.parametrize("name", ["min_p", "typical_p", "repetition_penalty"])
@pytest.mark.parametrize("value", [0.1, 0.4, 0.9])
def test_transformers_keeps_the_same_tokens(name: str, value: float) -> None:
    from transformers.generation import logits_process

    logits = torch.randn(3, 500, generator=torch.Generator().manual_seed(seeded(1))) * 3
    seen = torch.randint(500, (3, 40), generator=torch.Generator().manual_seed(seeded(2)))
    if name == "repetition_penalty":
        theirs = logits_process.RepetitionPenaltyLogitsProcessor(1 + value)(seen, logits.clone())
        mask = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, seen, value=True)
        torch.testing.assert_close(penalised(logits, mask, 1 + value), theirs)
        return
    warper = {"min_p": logits_process.MinPLogitsWarper, "typical_p": logits_process.TypicalLogitsWarper}[name]
    theirs = warper(value)(seen, logits.clone()).softmax(dim=-1)
    found, token_ids = distribution(logits, SamplingSettings(temperature=1.0, top_k=0, **{name: value}))  # type: ignore[arg-type]
    torch.testing.assert_close(torch.zeros_like(logits).scatter_(1, token_ids, found), theirs, atol=1e-5, rtol=1e-4)


# Beams


@pytest.mark.parametrize(
    "changes",
    [
        {"num_beams": 2, "n": 1},
        {"num_beams": 5, "n": 5},
        {"num_beams": 12, "n": 3, "length": 6},
        {"num_beams": 4, "n": 2, "logit_bias": ((0, 4.0),)},
        {"num_beams": 3, "n": 1, "repetition_penalty": 1.5, "banned_tokens": (7, 8)},
        {"num_beams": 3, "n": 3, "least_length": 4, "logit_bias": ((0, 5.0),)},
    ],
    ids=str,
)
def test_beams_are_those_of_a_plain_search(model: TorchModel, read: Read, changes: dict[str, Any]) -> None:
    settings = replace(FREE, **{"length": 8, **changes})
    prompt = model.encode(PROMPT)
    plain = plain_beams(read, prompt, settings, model.ends)

    found = model.sample(PROMPT, [FREE, settings])[FREE.n :]

    assert len(found) == settings.n
    for row, (tokens, worth) in zip(found, plain, strict=False):
        total = 0.0
        whole = [*row.token_ids, *([0] if row.finish == "end" else [])]
        for step, token in enumerate(whole):
            total += np.log(
                expected(model, read, [*prompt, *whole[:step]], replace(settings, num_beams=1), step)[token]
            )
        assert total / len(whole) == pytest.approx(worth, abs=100 * CLOSE)
        assert (row.finish == "end") == (tokens[-1] in model.ends)


def test_transformers_finds_the_same_beams(model: TorchModel, tiny_folder: Path) -> None:
    reference = load_reference(tiny_folder)
    prompt = torch.tensor([model.encode(PROMPT)])

    theirs = reference.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        num_beams=4,
        num_return_sequences=4,
        max_new_tokens=8,
        do_sample=False,
        pad_token_id=0,
    )

    ours = model.sample(PROMPT, SamplingSettings(n=4, num_beams=4, length=8))
    assert [list(row.token_ids) for row in ours] == [
        [token for token in row.tolist() if token not in model.ends] for row in theirs[:, prompt.shape[1] :]
    ]


def test_one_beam_is_greedy(model: TorchModel) -> None:
    beams = model.sample(PROMPT, SamplingSettings(n=1, num_beams=2, length=1))

    assert beams[0].token_ids == model.sample(PROMPT, SamplingSettings(n=1, temperature=0, length=1))[0].token_ids


# Records


def test_settings_without_later_fields_are_recorded_as_they_always_were() -> None:
    recorded = {
        "n": 10, "length": 100, "temperature": 0.8, "top_k": 30, "top_p": 1.0, "repetition_penalty": 1.0,
        "stops": [], "seed": 0,
    }  # fmt: skip

    assert SamplingSettings().to_dict() == recorded
    assert list(SamplingSettings().to_dict()) == list(recorded)
    assert SamplingSettings.from_dict(recorded) == SamplingSettings()


@pytest.mark.parametrize("changes", [*SETTINGS, {"num_beams": 9}], ids=str)
def test_later_fields_survive_a_record(changes: dict[str, Any]) -> None:
    settings = replace(FREE, **changes)

    assert SamplingSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
