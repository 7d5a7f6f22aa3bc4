"""A GPT-2 small enough to commit, the same on every machine: its weights are whole numbers over a power of two.

It stands beside a file that TensorFlow wrote of it, and knows no seed: tests with it are about formats, not about what
it says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from verbosify.models.formats.gpt2_layout import HParams, openai_tensors
from verbosify.models.formats.openai import OpenAICheckpoint, byte_symbols

FOLDER = Path(__file__).parent / "data" / "gpt2_tiny"
"""The same model as TensorFlow's saver wrote it, with Adam's slots beside it; `logits.json` is what it makes of a text."""

PROMPT = "hello the hello"
MERGES = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "hello"), ("Ġ", "t"), ("Ġt", "he"), ("Ġ", "Ġ")]
END = "<|endoftext|>"


def encoder() -> dict[str, int]:
    tokens = [*byte_symbols(), *("".join(pair) for pair in MERGES), END]
    return {token: number for number, token in enumerate(tokens)}


def hparams(n_ctx: int = 8) -> HParams:
    return HParams(n_vocab=len(encoder()), n_ctx=n_ctx, n_embd=4, n_head=2, n_layer=1)


def checkpoint(dimensions: HParams | None = None) -> OpenAICheckpoint:
    dimensions = dimensions or hparams()
    width = dimensions.n_embd
    shapes: dict[str, tuple[int, ...]] = {
        "wte.weight": (dimensions.n_vocab, width),
        "wpe.weight": (dimensions.n_ctx, width),
    }
    for layer in range(dimensions.n_layer):
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"h.{layer}.{norm}.{kind}": (width,) for kind in ("weight", "bias")}
        for name, ins, outs in (("attn.c_attn", 1, 3), ("attn.c_proj", 1, 1), ("mlp.c_fc", 1, 4), ("mlp.c_proj", 4, 1)):
            shapes[f"h.{layer}.{name}.weight"] = (ins * width, outs * width)
            shapes[f"h.{layer}.{name}.bias"] = (outs * width,)
    shapes |= {"ln_f.weight": (width,), "ln_f.bias": (width,)}
    tensors = {}
    for number, (name, shape) in enumerate(shapes.items(), start=1):
        counts = np.arange(np.prod(shape), dtype=np.int64)
        tensors[f"transformer.{name}"] = (
            (((counts * 7919 + number * 104729) % 1021 - 510) / 1024).astype("f4").reshape(shape)
        )
    return OpenAICheckpoint(dimensions, openai_tensors(tensors, dimensions), encoder(), list(MERGES))
