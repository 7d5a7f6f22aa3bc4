"""A tiny GPT-2 that has learnt to speak: it says whole, new sentences about one harbour.

So the whole workflow can be tried in a moment with something to choose from, and nothing about it is pretended.

It lies trained in `tests/data/speaking_english`, and one like it in `speaking_chinese`, so that both are the same on every
processor. `python -m tests.speaking_model` trains them anew and puts them there; with `VERBOSIFY_TEST_SEED` (see
`tests.seeds`) the tests train others for themselves, which takes half a minute each.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.seeds import SHIFT, seeded
from tests.speaking_chinese import chinese_sentences
from verbosify.models.formats.gpt2_layout import HParams, hugging_face_config

SHAPE = {"n_ctx": 1024, "n_embd": 48, "n_head": 4, "n_layer": 2}
"""The context is the real one's."""
SENTENCES = 3000
STEPS, ROWS, TOKENS, POSITIONS, RATE = 600, 16, 64, 364, 6e-3
"""Rows of so many tokens a step, at places within the first positions; Adam's rate falls from there to a hundredth."""

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

PHRASES = tuple(map(tuple, (_WHO, _DOES, _WHAT, _WHEN)))
"""A sentence is one of each, in this order."""

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
    return " ".join(" ".join(rng.choice(part) for part in PHRASES) + "." for _ in range(count))


CORPORA: dict[str, Callable[[int], str]] = {"english": harbour_sentences, "chinese": chinese_sentences}
"""What the models learn, as so many sentences."""


def kept_folder(language: str = "english") -> Path:
    """Where the trained model of a language lies."""
    return Path(__file__).parent / "data" / f"speaking_{language}"


def write_speaking_model(folder: Path, language: str = "english") -> Path:
    """The model, in Hugging Face's layout and float16, in a new folder; another one if another seed is asked for."""
    if not SHIFT:
        shutil.copytree(kept_folder(language), folder)
        return folder
    for number in range(9):
        train_speaking_model(folder, language, seeded(number))
        if speaks(folder):
            return folder
        shutil.rmtree(folder)
    raise AssertionError(f"None of the seeds from {seeded()} on makes a model that speaks.")


def speaks(folder: Path) -> bool:
    """Whether the model comes to the end of a sentence after words it never read, as it mostly should.

    One in ten or so is led astray by them for good.
    """
    from verbosify.models.loading import load_model
    from verbosify.models.settings import SamplingSettings

    foreign = (Path(__file__).parent.parent / "essays" / "rovers.md").read_text(encoding="utf-8")[:600]
    settings = SamplingSettings(n=40, length=45, temperature=0.85, repetition_penalty=1.2, repetition_range=40)
    continued = load_model(folder, precision="fp32").sample(foreign, settings)
    return sum(any(end in each.text for end in ".。") for each in continued) > 25


def train_speaking_model(folder: Path, language: str, seed: int) -> None:
    """Train a GPT-2 of two layers, 48 wide, on sentences of a language."""
    import torch
    from safetensors.torch import save_file
    from torch.nn import functional

    corpus = CORPORA[language](SENTENCES)
    tokenizer = train_tokenizer(corpus)
    config = model_config(tokenizer)
    token_ids = torch.tensor(tokenizer.encode(corpus).ids)
    with torch.random.fork_rng():
        model = untrained(config, seed)
        optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
        decay = torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=1.0, end_factor=0.01, total_iters=STEPS)
        for _ in range(STEPS):
            starts = torch.randint(0, len(token_ids) - TOKENS - 1, (ROWS, 1))
            rows = token_ids[starts + torch.arange(TOKENS + 1)]
            places = torch.randint(0, POSITIONS - TOKENS, (1, 1)) + torch.arange(TOKENS)
            logits = model(rows[:, :-1], position_ids=places).logits
            loss = functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    weights = {name: weight.detach().half() for name, weight in model.named_parameters()}
    save_file(weights, folder / "model.safetensors", {"format": "pt", "training": training_record(corpus, seed)})


def training_record(corpus: str, seed: int) -> str:
    """What a model was trained from, as its file says it."""
    training = {"sentences": SENTENCES, "steps": STEPS, "rows": ROWS, "tokens": TOKENS, "positions": POSITIONS}
    digest = hashlib.sha256(corpus.encode()).hexdigest()
    return json.dumps(SHAPE | training | {"rate": RATE, "corpus_sha256": digest, "seed": seed}, sort_keys=True)


def model_config(tokenizer: Any) -> dict[str, Any]:
    """What `config.json` says."""
    return hugging_face_config(HParams(n_vocab=tokenizer.get_vocab_size(), **SHAPE), 0) | {"dtype": "float16"}


def untrained(config: dict[str, Any], seed: int) -> Any:
    """The model before its training; it leaves PyTorch's numbers where the training goes on with them."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    return GPT2LMHeadModel(GPT2Config(**config | {"dtype": "float32"}))


def train_tokenizer(corpus: str) -> Any:
    """A byte-level BPE of at most 600 tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

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
    return tokenizer


if __name__ == "__main__":
    for name in CORPORA:
        train_speaking_model(kept_folder(name), name, seed=0)
