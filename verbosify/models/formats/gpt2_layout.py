"""GPT-2's tensors and dimensions, by OpenAI's names and by transformers' names, and the way between the two.

Knows no files. OpenAI's weights are convolutions of width 1, of shape [1, inputs, outputs]; transformers leaves the
first axis out. Nothing is copied on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from verbosify.errors import ModelError
from verbosify.models.formats.tensor_bundle import Array


@dataclass(frozen=True, slots=True)
class HParams:
    """GPT-2's dimensions: tokens in the vocabulary, positions, width, attention heads a layer, layers; each >= 1."""

    n_vocab: int
    n_ctx: int
    n_embd: int
    n_head: int
    n_layer: int


def own_tensors(tensors: Mapping[str, Array], hparams: HParams) -> dict[str, Array]:
    """Of tensors by OpenAI's names, those of the model itself. `ModelError` if one is missing or misshapen."""
    return {name: _require(tensors, name, shape) for name, _, shape in layout(hparams)}


def hugging_face_tensors(tensors: Mapping[str, Array], hparams: HParams) -> dict[str, Array]:
    """OpenAI's tensors by the names of transformers' `GPT2LMHeadModel`. `ModelError` if one is missing or misshapen."""
    return {theirs: _require(tensors, ours, shape).reshape(_squeezed(shape)) for ours, theirs, shape in layout(hparams)}


def openai_tensors(tensors: Mapping[str, Array], hparams: HParams) -> dict[str, Array]:
    """The way back from `hugging_face_tensors`. `ModelError` if one is missing or misshapen."""
    return {ours: _require(tensors, theirs, _squeezed(shape)).reshape(shape) for ours, theirs, shape in layout(hparams)}


def hugging_face_config(hparams: HParams, end_of_text: int | None) -> dict[str, Any]:
    """What transformers' `config.json` says of such a model; `end_of_text` is that token's id, if it has one."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": hparams.n_vocab,
        "n_positions": hparams.n_ctx,
        "n_ctx": hparams.n_ctx,
        "n_embd": hparams.n_embd,
        "n_head": hparams.n_head,
        "n_layer": hparams.n_layer,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "tie_word_embeddings": True,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
        "dtype": "float32",
    }


def layout(hparams: HParams) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Of every tensor: OpenAI's name, transformers' name, OpenAI's shape."""
    width = hparams.n_embd
    block: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("ln_1/g", (width,)),
        ("ln_1/b", (width,)),
        ("attn/c_attn/w", (1, width, 3 * width)),
        ("attn/c_attn/b", (3 * width,)),
        ("attn/c_proj/w", (1, width, width)),
        ("attn/c_proj/b", (width,)),
        ("ln_2/g", (width,)),
        ("ln_2/b", (width,)),
        ("mlp/c_fc/w", (1, width, 4 * width)),
        ("mlp/c_fc/b", (4 * width,)),
        ("mlp/c_proj/w", (1, 4 * width, width)),
        ("mlp/c_proj/b", (width,)),
    )
    yield "model/wte", "transformer.wte.weight", (hparams.n_vocab, width)
    yield "model/wpe", "transformer.wpe.weight", (hparams.n_ctx, width)
    for layer in range(hparams.n_layer):
        for name, shape in block:
            yield f"model/h{layer}/{name}", f"transformer.h.{layer}.{_dotted(name)}", shape
    yield "model/ln_f/g", "transformer.ln_f.weight", (width,)
    yield "model/ln_f/b", "transformer.ln_f.bias", (width,)


def _dotted(name: str) -> str:
    stem, _, kind = name.rpartition("/")
    return f"{stem.replace('/', '.')}.{'bias' if kind == 'b' else 'weight'}"


def _require(tensors: Mapping[str, Array], name: str, shape: tuple[int, ...]) -> Array:
    if name not in tensors or tensors[name].shape != shape:
        raise ModelError(f"The tensor {name} is missing or not of shape {list(shape)}: these are another model's.")
    return tensors[name]


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) == 3 else shape
