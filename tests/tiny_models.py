"""Tiny models with random weights, for unit tests: the real layouts and code paths, nothing to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.seeds import seeded

TRAINING_TEXT = (
    "A kettle sings before it boils. The note rises, holds, and breaks; 12.5 seconds later steam comes.\n"
    "“Listen,” she said, “it never lies.” Nobody else heard it — nobody was in the kitchen.\n"
)


def write_tokenizer(folder: Path, vocabulary: int = 320) -> int:
    """A byte-level BPE of our own; returns the number of its tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return int(tokenizer.get_vocab_size())


def write_gpt2(folder: Path, *, context: int = 64, seed: int = 0, **changes: Any) -> Path:
    """A GPT-2 of two layers, 32 wide, as transformers writes it; `changes` go into its configuration."""
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = {"vocab_size": write_tokenizer(folder), "n_positions": context, "n_embd": 32, "n_layer": 2, "n_head": 4}
    config = GPT2Config(**(shape | {"eos_token_id": 0, "bos_token_id": 0} | changes))
    return _save(GPT2LMHeadModel(config), folder, seed)


def write_llama(folder: Path, *, context: int = 64, seed: int = 0, **changes: Any) -> Path:
    """A Llama of two layers, 32 wide, with grouped queries, as transformers writes it; `changes` as above."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {
        "vocab_size": write_tokenizer(folder),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
        "tie_word_embeddings": True,
    }
    config = LlamaConfig(**(shape | {"eos_token_id": 0, "bos_token_id": 0} | changes))
    return _save(LlamaForCausalLM(config), folder, seed)


def usual_token(said: Iterable[Sequence[int]], share: float = 0.02) -> int:
    """Of tokens drawn, text by text, the one that makes up about this share: to be an end that comes now and then."""
    counts = Counter(token for token_ids in said for token in token_ids)
    return min(counts, key=lambda token: abs(counts[token] / counts.total() - share))


def _save(model: Any, folder: Path, seed: int) -> Path:
    """Every weight is random, scales and shifts as well, so that none can be forgotten unnoticed."""
    import torch

    chance = torch.Generator().manual_seed(seeded(seed))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            is_scale = weight.ndim == 1 and name.endswith("weight")
            weight.normal_(float(is_scale), 0.2, generator=chance)
    model.save_pretrained(folder)
    return folder
