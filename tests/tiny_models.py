"""Tiny models with random weights, for unit tests: the real layouts and code paths, nothing to read."""

from __future__ import annotations

from pathlib import Path

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


def write_gpt2(folder: Path, *, context: int = 64, seed: int = 0) -> Path:
    """A GPT-2 of two layers, 32 wide, as transformers writes it."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    size = write_tokenizer(folder)
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=size, n_positions=context, n_embd=32, n_layer=2, n_head=4, eos_token_id=0, bos_token_id=0
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def write_llama(folder: Path, *, context: int = 64, seed: int = 0) -> Path:
    """A Llama of two layers, 32 wide, with grouped queries, as transformers writes it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    size = write_tokenizer(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        eos_token_id=0,
        bos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
