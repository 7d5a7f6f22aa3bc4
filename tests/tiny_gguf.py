"""A GGUF file like SmolLM2's, in small: a Llama with random weights of 4 and 8 bits, and a vocabulary of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.seeds import seeded
from verbosify.models.formats.openai import byte_symbols

WIDTH, INNER, LAYERS, HEADS, KEY_HEADS, CONTEXT = 64, 96, 2, 4, 2, 128
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ hello", "Ġ Ġ", "Ġ t", "1 9", "Ċ Ċ"]
TOKENS = [*CONTROL, *byte_symbols(), *(merge.replace(" ", "") for merge in MERGES)]


def write_gguf(file: Path, *, tensors: dict[str, Any] | None = None, **metadata: Any) -> None:
    """Write the file; `tensors` and `metadata` (dots spelt `__`) are added, or with None left out."""
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    values: dict[str, Any] = {
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": INNER,
        "llama.block_count": LAYERS,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KEY_HEADS,
        "llama.context_length": CONTEXT,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 100_000.0,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(TOKENS),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": TOKENS,
        "tokenizer.ggml.token_type": [3] * len(CONTROL) + [1] * (len(TOKENS) - len(CONTROL)),
        "tokenizer.ggml.merges": MERGES,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.padding_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
    } | {name.replace("__", "."): value for name, value in metadata.items()}
    writer = GGUFWriter(file, values.pop("general.architecture", "llama"))
    adders: dict[type, Any] = {
        bool: writer.add_bool,
        int: writer.add_uint32,
        float: writer.add_float32,
        str: writer.add_string,
    }
    for name, value in values.items():
        if value is not None:
            adders.get(type(value), writer.add_array)(name, value)
    for name, weights in (_weights() | (tensors or {})).items():
        if weights is None:
            continue
        kind = GGMLQuantizationType.Q8_0 if name.startswith("token_embd") else GGMLQuantizationType.Q4_1
        if weights.ndim == 1:
            writer.add_tensor(name, weights)
        else:
            writer.add_tensor(name, quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _weights() -> dict[str, Any]:
    random = np.random.default_rng(seeded())
    keys = WIDTH // HEADS * KEY_HEADS
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        for name, shape in {
            "attn_norm": (WIDTH,),
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (keys, WIDTH),
            "attn_v": (keys, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_norm": (WIDTH,),
            "ffn_gate": (INNER, WIDTH),
            "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }.items():
            shapes[f"blk.{layer}.{name}.weight"] = shape
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
