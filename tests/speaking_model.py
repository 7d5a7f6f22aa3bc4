"""A tiny GPT-2 that has learnt to speak: seconds of training, and it says whole, new sentences about one harbour.

So the whole workflow can be tried in a moment with something to choose from, and nothing about it is pretended.
"""

from __future__ import annotations

import random
from pathlib import Path

_WHO = [
    "The ferry", "A grey heron", "The keeper of the light", "Every sailor in the town", "The baker",
    "An old fisherman", "The harbour master", "A boy with a lantern", "The night watch", "My aunt's boat",
    "The widow next door", "A stranger from the north",
]  # fmt: skip
_DOES = [
    "crosses", "watches", "waits for", "remembers", "leaves", "follows",
    "returns to", "counts", "greets", "forgets", "guards", "sketches",
]  # fmt: skip
_WHAT = [
    "the quiet harbour", "the northern bay", "a row of painted boats", "the stone pier", "the lamps along the quay",
    "the empty market", "a line of wet ropes", "the far island", "the broken clock", "a crowd of gulls",
    "the low bridge", "the customs house",
]  # fmt: skip
_WHEN = [
    "before the wind rises", "when the tide turns", "after the evening bell", "while the town sleeps",
    "in the first light of morning", "as soon as the rain stops", "until the fog is gone", "without saying a word",
    "for the last time this year", "with a cup of tea in hand", "because nobody else will", "long after midnight",
]  # fmt: skip

ESSAY = """\
# The quay at *night*

The ferry leaves the stone pier as soon as the rain stops. An old fisherman counts a crowd of gulls. \
The baker greets the **night watch** with a cup of tea in hand.[1] Nobody guards the broken clock.

- wet ropes
- a lantern

My aunt's boat returns to the northern bay before the wind rises. A boy with a lantern follows a row of painted boats.

> The harbour master forgets nothing.

The widow next door remembers the far island. A stranger from the north sketches the customs house. \
The keeper of the light waits for the ferry long after midnight.

## References

[1] The baker, in conversation.
"""
"""Four passages in three paragraphs, among blocks that are to stay as they are, in the words that the model knows."""

PASSAGES = 4


def harbour_sentences(count: int) -> str:
    """Sentences of the model's language, the same ones every time."""
    rng = random.Random(0)  # noqa: S311  # no secret
    parts = (_WHO, _DOES, _WHAT, _WHEN)
    return " ".join(" ".join(rng.choice(part) for part in parts) + "." for _ in range(count))


def write_speaking_model(folder: Path, *, steps: int = 150, corpus: str | None = None) -> Path:
    """Train a GPT-2 of two layers, 64 wide, on harbour sentences; context 1024, as the real one's. About 4 seconds.

    `corpus` is what it learns instead, if it is to speak otherwise.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from torch.nn import functional
    from transformers import GPT2Config, GPT2LMHeadModel

    corpus = corpus or harbour_sentences(3000)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([corpus], trainer)
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    token_ids = torch.tensor(tokenizer.encode(corpus).ids)
    size = tokenizer.get_vocab_size()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=size, n_positions=1024, n_embd=64, n_layer=2, n_head=4, eos_token_id=0, bos_token_id=0
        )
        model = GPT2LMHeadModel(config).eval()  # without dropout, as it is overfitted
        optimiser = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=0.0)
        decay = torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=1.0, end_factor=0.01, total_iters=steps)
        for _ in range(steps):
            starts = torch.randint(0, len(token_ids) - 65, (16, 1))
            rows = token_ids[starts + torch.arange(65)]
            places = torch.randint(0, 300, (1, 1)) + torch.arange(64)  # the first few hundred positions are learnt
            logits = model(rows[:, :-1], position_ids=places).logits
            loss = functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()
        model.save_pretrained(folder)
    return folder
