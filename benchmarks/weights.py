"""GPT-2 checkpoints of any size with random weights: speed does not depend on what a model has learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, trainers
from tokenizers.pre_tokenizers import ByteLevel

from verbosify.models.formats.gpt2_layout import HParams, layout
from verbosify.models.formats.openai import OpenAICheckpoint, byte_symbols, write_openai_checkpoint

ESSAYS = Path(__file__).resolve().parent.parent / "essays"
SHAPES = {
    "124M": HParams(n_vocab=50257, n_ctx=1024, n_embd=768, n_head=12, n_layer=12),
    "355M": HParams(n_vocab=50257, n_ctx=1024, n_embd=1024, n_head=16, n_layer=24),
    "tiny": HParams(n_vocab=50257, n_ctx=1024, n_embd=64, n_head=2, n_layer=2),
}


def write_checkpoint(folder: Path, size: str) -> Path:
    """A checkpoint of that size in OpenAI's format, in `folder`; left alone if it is there."""
    if not (folder / "checkpoint").is_file():
        hparams = SHAPES[size]
        random = np.random.default_rng(0)
        tensors = {name: _weights(random, name, shape) for name, _, shape in layout(hparams)}
        encoder, merges = vocabulary(hparams.n_vocab)
        write_openai_checkpoint(folder, OpenAICheckpoint(hparams, tensors, encoder, merges))
    return folder


def _weights(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name.endswith("/g"):
        return np.ones(shape, dtype=np.float32)
    if name.endswith("/b"):
        return np.zeros(shape, dtype=np.float32)
    return random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)


def vocabulary(size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Byte pairs learned from the essays, then the end of text: `size` entries.

    So a passage has about as many tokens as in GPT-2's own vocabulary, and a prompt costs what it costs there.
    """
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = ByteLevel(add_prefix_space=False)
    symbols = byte_symbols()
    trainer = trainers.BpeTrainer(vocab_size=size - 1, initial_alphabet=symbols, min_frequency=1, show_progress=False)
    learner.train_from_iterator((essay.read_text(encoding="utf-8") for essay in sorted(ESSAYS.glob("*.md"))), trainer)
    merges = [(first, second) for first, second in json.loads(learner.to_str())["model"]["merges"]]
    entries = [*symbols, *dict.fromkeys("".join(pair) for pair in merges)]
    entries += [f"unused{number}" for number in range(size - 1 - len(entries))]
    return {symbol: token for token, symbol in enumerate([*entries, "<|endoftext|>"])}, merges


def safetensors_folder(work: Path, size: str) -> Path:
    """That checkpoint as safetensors, made in `work` if it is not there."""
    from verbosify.models.formats.openai import convert_to_safetensors

    folder = work / f"{size}-safetensors"
    if not folder.exists():
        convert_to_safetensors(write_checkpoint(work / "models" / size, size), folder)
    return folder
