"""One GGUF file of a small Llama (SmolLM2's kind) -> a folder in Hugging Face's layout, once, when it is fetched.

Weights are dequantised to float32 by the gguf package: plain IEEE arithmetic, so every machine gets the same bits.
The tokenizer is rebuilt from the file's vocabulary and merges. Knows neither where the file came from nor how to run
the model; refuses whatever it would not convert exactly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.safetensors import save_safetensors
from verbosify.models.protocol import OnProgress

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Array = np.ndarray[Any, np.dtype[Any]]

_CONTROL_TOKEN = 3  # gguf's token type for what must never be spelt out of a text's characters
_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert_gguf(file: Path, folder: Path, *, progress: OnProgress | None = None) -> None:
    """Write `config.json`, `model.safetensors`, `tokenizer.json` and `tokenizer_config.json` into `folder`.

    Weights are float32 by transformers' `LlamaForCausalLM` names; the head is the embedding, and stored once.
    `progress` is called with a label, the tensors done and their number. Raises `ModelError` if the file is damaged,
    or is not a Llama with tied embeddings and SmolLM's tokenizer.
    """
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
        values = {name: field.contents() for name, field in reader.fields.items()}
    except (ValueError, IndexError, KeyError, OverflowError, OSError) as error:
        raise ModelError(f"{file} is damaged or no GGUF file ({error}): get the model again.") from error
    config = _config(values, file)
    tensors = _dequantise(reader.tensors, config, file, progress)
    with os_errors_as_model_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_safetensors(tensors, folder / "model.safetensors")
        _write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
        _write_text(folder / "tokenizer.json", _tokenizer(values).to_str())
        _write_text(folder / "tokenizer_config.json", json.dumps(_tokenizer_config(values, config), indent=2) + "\n")


def _config(values: dict[str, Any], file: Path) -> dict[str, Any]:
    """The file's metadata in the words of transformers' `LlamaConfig`."""
    wanted = {"general.architecture": "llama", "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm"}
    for key, value in wanted.items():
        if values.get(key) != value:
            raise ModelError(f"{file} has {key} {values.get(key)!r} where only {value!r} can be converted.")
    if "llama.rope.scaling.type" in values:
        raise ModelError(f"{file} scales its rotary positions, which cannot be converted.")
    try:
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": len(values["tokenizer.ggml.tokens"]),
            "hidden_size": values["llama.embedding_length"],
            "intermediate_size": values["llama.feed_forward_length"],
            "num_hidden_layers": values["llama.block_count"],
            "num_attention_heads": values["llama.attention.head_count"],
            "num_key_value_heads": values["llama.attention.head_count_kv"],
            "max_position_embeddings": values["llama.context_length"],
            "rms_norm_eps": values["llama.attention.layer_norm_rms_epsilon"],
            "rope_theta": values["llama.rope.freq_base"],
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "bos_token_id": values["tokenizer.ggml.bos_token_id"],
            "eos_token_id": values["tokenizer.ggml.eos_token_id"],
            "pad_token_id": values["tokenizer.ggml.padding_token_id"],
            "dtype": "float32",
        }
    except KeyError as error:
        raise ModelError(f"{file} does not say its {error}: get the model again.") from error


def _dequantise(stored: list[Any], config: dict[str, Any], file: Path, progress: OnProgress | None) -> dict[str, Array]:
    from gguf.quants import dequantize

    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors = {}
    for done, tensor in enumerate(stored, start=1):
        name, kind = _name(tensor.name, file)
        weights = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        if kind in heads:
            weights = _halves(weights, heads[kind])
        tensors[name] = np.ascontiguousarray(weights)
        if progress is not None:
            progress("converting to float32", done, len(stored))
    expected = 2 + len(_BLOCK_NAMES) * config["num_hidden_layers"]
    if len(tensors) != expected:
        raise ModelError(f"{file} holds {len(tensors)} tensors where {expected} belong: get the model again.")
    return tensors


def _name(stored: str, file: Path) -> tuple[str, str]:
    """The tensor's name in transformers, and which of a block's tensors it is (empty outside the blocks)."""
    match stored.split("."):
        case ["token_embd", "weight"]:
            return "model.embed_tokens.weight", ""
        case ["output_norm", "weight"]:
            return "model.norm.weight", ""
        case ["blk", layer, kind, "weight"] if kind in _BLOCK_NAMES:
            return f"model.layers.{layer}.{_BLOCK_NAMES[kind]}.weight", kind
    raise ModelError(f"{file} holds the tensor {stored}, which a Llama with tied embeddings has not.")


def _halves(weights: Array, heads: int) -> Array:
    """Reorder the rows of each head from rotary pairs side by side (GGUF) to all first, then all second halves."""
    width = weights.shape[0] // heads
    return weights.reshape(heads, width // 2, 2, -1).swapaxes(1, 2).reshape(weights.shape)


def _tokenizer(values: dict[str, Any]) -> Tokenizer:
    """Byte-level byte-pair encoding; every digit is a piece of its own, as SmolLM was trained (`pre` = smollm)."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens: list[str] = values["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in values["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            AddedToken(token, normalized=False, special=True)
            for token, kind in zip(tokens, values["tokenizer.ggml.token_type"], strict=True)
            if kind == _CONTROL_TOKEN
        ]
    )
    return tokenizer


def _tokenizer_config(values: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    tokens = values["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[config["bos_token_id"]],
        "eos_token": tokens[config["eos_token_id"]],
        "pad_token": tokens[config["pad_token_id"]],
        "clean_up_tokenization_spaces": False,
        "model_max_length": config["max_position_embeddings"],
    }


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
