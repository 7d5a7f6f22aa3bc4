from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from tests.seeds import seeded
from tests.tiny_models import write_gpt2, write_llama
from verbosify.errors import ModelError
from verbosify.models.pytorch.attention import attend_causally
from verbosify.models.pytorch.transformer import hidden_states, plain_projections, read_architecture
from verbosify.models.pytorch.weights import Weights

CPU = torch.device("cpu")
TOKEN_IDS = torch.randint(1, 300, (48,), generator=torch.Generator().manual_seed(seeded(3)))

GPT2: dict[str, Any] = {
    "model_type": "gpt2",
    "n_embd": 32,
    "n_head": 4,
    "n_layer": 2,
    "n_positions": 64,
    "vocab_size": 9,
}
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "vocab_size": 9,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
}


def our_logits(weights: Weights, token_ids: Tensor) -> Tensor:
    positions, project = torch.arange(len(token_ids)), plain_projections(weights.working)
    states = hidden_states(weights.architecture, weights.working, token_ids, positions, project, attend_causally)
    return states @ weights.working["embedding"].t()


@torch.no_grad()
def assert_agrees_with_transformers(folder: Path) -> None:
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    expected = theirs(TOKEN_IDS[None]).logits[0]

    found = our_logits(Weights(folder, CPU, torch.float32), TOKEN_IDS)

    assert expected.std() > 0.5  # there is something to agree on
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-6)  # logits reach 7, whose last bits count
    torch.testing.assert_close(found.log_softmax(-1), expected.log_softmax(-1), atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_head": 1},
        {"n_inner": 80},
        {"layer_norm_epsilon": 1e-2},
        {"n_layer": 5, "n_positions": 48},
        {"activation_function": "gelu_pytorch_tanh"},
    ],
    ids=str,
)
def test_a_gpt2_computes_what_transformers_computes(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert_agrees_with_transformers(write_gpt2(tmp_path, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_key_value_heads": 4},
        {"num_key_value_heads": 1},
        {"head_dim": 6},
        {"rms_norm_eps": 1e-2},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 100000.0}},
        {"num_hidden_layers": 5, "max_position_embeddings": 48},
    ],
    ids=str,
)
def test_a_llama_computes_what_transformers_computes(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert_agrees_with_transformers(write_llama(tmp_path, **changes))


def test_the_older_way_to_write_the_rotary_base_is_read(tmp_path: Path) -> None:
    write_llama(tmp_path, rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    config = json.loads((tmp_path / "config.json").read_text())
    new = Weights(tmp_path, CPU, torch.float32)
    del config["rope_parameters"]
    (tmp_path / "config.json").write_text(json.dumps(config | {"rope_theta": 500.0}))
    old = Weights(tmp_path, CPU, torch.float32)

    assert old.architecture == new.architecture
    assert old.architecture.rope_theta == 500.0


@torch.no_grad()
def test_what_comes_later_does_not_change_what_was_said_before(tiny_folder: Path) -> None:
    weights = Weights(tiny_folder, CPU, torch.float32)
    changed = TOKEN_IDS.clone()
    changed[30:] = 7

    before, after = our_logits(weights, TOKEN_IDS), our_logits(weights, changed)

    torch.testing.assert_close(before[:30], after[:30], atol=1e-6, rtol=0)
    assert not torch.allclose(before[30:], after[30:], atol=1e-2)


def test_an_architecture_names_its_projections() -> None:
    names = read_architecture(GPT2, "config.json").projections

    assert names[:5] == ("0.qkv", "0.attention_out", "0.mlp_in", "0.mlp_out", "1.qkv")
    assert len(names) == 8


def refused(config: dict[str, Any]) -> str:
    with pytest.raises(ModelError) as error:
        read_architecture(config, "here/config.json")
    message = str(error.value)
    assert message.startswith("here/config.json ")
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", ["mistral", "", None, 3, ["gpt2"]])
def test_other_families_are_refused(kind: object) -> None:
    assert refused({"model_type": kind}) == (
        f"here/config.json says its model_type is {kind!r}: only gpt2 and llama are known."
    )


def test_a_configuration_without_a_family_is_refused() -> None:
    assert "None" in refused({})


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (config, name)
        for config in (GPT2, LLAMA)
        for name in config
        if name not in ("model_type", "num_key_value_heads")
    ],
    ids=lambda value: value if isinstance(value, str) else value["model_type"],
)
def test_a_configuration_that_lacks_something_is_refused(config: dict[str, Any], name: str) -> None:
    refused({key: value for key, value in config.items() if key != name})


@pytest.mark.parametrize(
    "changes",
    [
        {"n_head": 0},
        {"n_head": 5},  # of 32
        {"n_head": -4},
        {"n_embd": "wide"},
        {"n_embd": None},
        {"n_layer": 0},
        {"n_layer": float("inf")},
        {"n_positions": -1},
        {"vocab_size": [9]},
        {"layer_norm_epsilon": None},
        {"activation_function": "relu"},
        {"scale_attn_weights": False},
        {"scale_attn_by_inverse_layer_idx": True},
        {"tie_word_embeddings": False},
        {"add_cross_attention": True},
    ],
    ids=str,
)
def test_a_gpt2_that_makes_no_sense_or_is_computed_otherwise_is_refused(changes: dict[str, Any]) -> None:
    refused(GPT2 | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_attention_heads": 0},
        {"num_key_value_heads": 3},  # 4 heads do not share 3
        {"num_key_value_heads": 0},
        {"head_dim": 5},  # turned in pairs
        {"rms_norm_eps": "small"},
        {"rope_theta": None},
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
        {"rope_scaling": {"type": "linear", "factor": 2.0}},
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0}},
        {"rope_parameters": ["default"]},
        {"tie_word_embeddings": False},
        {"hidden_act": "gelu"},
        {"attention_bias": True},
        {"mlp_bias": True},
    ],
    ids=str,
)
def test_a_llama_that_makes_no_sense_or_is_computed_otherwise_is_refused(changes: dict[str, Any]) -> None:
    refused(LLAMA | changes)
