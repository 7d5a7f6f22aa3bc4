"""Tiny models with random weights, for unit tests: the real layouts and code paths, nothing to read."""

from __future__ import annotations

import json
import shutil
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


_WIDTHS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_GROUPED = _WIDTHS | {"num_key_value_heads": 2}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "opt": {
        "hidden_size": 32,
        "word_embed_proj_dim": 32,
        "ffn_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    },
    "gpt_neo": {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]}
    | {"window_size": 16},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4},
    "gpt_neox": _WIDTHS,
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "seq_length": 128},
    "falcon": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4},
    "qwen2": _GROUPED,
    "gemma2": _GROUPED | {"head_dim": 8, "sliding_window": 16},
    "mistral": _GROUPED | {"sliding_window": 16},
    "mixtral": _GROUPED | {"num_local_experts": 4},
    "phi": _WIDTHS,
    "llama": _GROUPED | {"tie_word_embeddings": False},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
}
"""Kinds of model of transformers that the fast engine does not know, and what makes them tiny."""


def write_architecture(folder: Path, kind: str, *, context: int = 128, seed: int = 0, **changes: Any) -> Path:
    """A model of that kind, 32 wide, with the vocabulary of the speaking model; `changes` as above."""
    from transformers import AutoConfig, AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parent / "data" / "speaking_english" / "tokenizer.json", folder)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())
    tokens = len(vocabulary["model"]["vocab"])
    ends: dict[str, Any] = {"vocab_size": tokens, "eos_token_id": 0, "bos_token_id": 0, "pad_token_id": None}
    limit = {} if kind in ("bloom", "mamba") else {"max_position_embeddings": context}
    config = AutoConfig.for_model(kind, **(ARCHITECTURES[kind] | ends | limit | changes))
    return _save(AutoModelForCausalLM.from_config(config), folder, seed)


def train_briefly(folder: Path, text: str, steps: int = 80) -> Path:
    """Teach the model in `folder` a little of `text`, so that it is better than one that guesses; returns the folder."""
    import torch
    from tokenizers import Tokenizer
    from torch.nn import functional
    from transformers import AutoModelForCausalLM

    token_ids = torch.tensor(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids)
    model = AutoModelForCausalLM.from_pretrained(folder)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    chance = torch.Generator().manual_seed(seeded())
    for _ in range(steps):
        starts = torch.randint(0, len(token_ids) - 49, (8, 1), generator=chance)
        rows = token_ids[starts + torch.arange(49)]
        loss = functional.cross_entropy(model(rows[:, :-1]).logits.flatten(0, 1), rows[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    return folder


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
