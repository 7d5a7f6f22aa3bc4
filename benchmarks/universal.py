"""The universal engine beside plain transformers, in one process: one overfitting step, and a batch of samples.

`python -m benchmarks.universal`: random weights in the shapes of OPT and GPT-Neo, moderate in size; the medians of
alternating runs, in seconds, in fp32.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.plain import filled
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings, TuningRecipe

SHAPES: dict[str, dict[str, Any]] = {
    "opt": {"hidden_size": 384, "word_embed_proj_dim": 384, "ffn_dim": 1536, "num_hidden_layers": 4}
    | {"num_attention_heads": 8, "vocab_size": 50_272},
    "gpt_neo": {"hidden_size": 384, "num_layers": 4, "num_heads": 8, "attention_types": [[["global", "local"], 2]]}
    | {"vocab_size": 50_257},
}
TEXT = "The ferry leaves the stone pier as soon as the rain stops. An old fisherman counts a crowd of gulls. " * 2
WINDOW, ROWS, LENGTH, REPEATS = 128, 10, 30, 3


def write_model(folder: Path, kind: str) -> Path:
    """A model of that kind with random weights, and a small vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([TEXT], trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False))
    config = AutoConfig.for_model(kind, **SHAPES[kind], eos_token_id=None, pad_token_id=None, bos_token_id=None)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def measure(kind: str, work: Path) -> dict[str, float]:
    """Seconds of a step and of a batch, for both."""
    from transformers import AutoModelForCausalLM

    folder = write_model(work / kind, kind)
    ours = load_model(folder, engine="universal", device="cpu", precision="fp32")
    plain: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    recipe = TuningRecipe(window_tokens=WINDOW)
    prompt = torch.tensor([ours.encode(TEXT)])
    window = filled(prompt, WINDOW)
    optimiser = torch.optim.Adam(plain.parameters(), lr=recipe.learning_rate)

    def our_step() -> float:
        with ours.overfit(TEXT, recipe) as overfit:
            return overfit.seconds

    def plain_step() -> None:
        """With the two looks at the loss that an overfit reports, before and after."""
        with torch.inference_mode():
            plain(input_ids=prompt, labels=prompt)
        plain(input_ids=window, labels=window).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        with torch.inference_mode():
            plain(input_ids=prompt, labels=prompt)

    def our_batch() -> None:
        ours.sample(TEXT, SamplingSettings(n=ROWS, length=LENGTH, seed=1))

    def plain_batch() -> None:
        plain.generate(
            prompt, do_sample=True, temperature=0.8, top_k=30, num_return_sequences=ROWS, max_new_tokens=LENGTH
        )

    runs = {"step, ours": our_step, "step, plain": plain_step, "batch, ours": our_batch, "batch, plain": plain_batch}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(REPEATS + 1):
        for name, run in runs.items():
            times[name].append(_seconds(run))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def _seconds(run: Callable[[], float | None]) -> float:
    """How long it says that it took, or takes."""
    started = time.perf_counter()
    said = run()
    return said if said is not None else time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        for kind in SHAPES:
            found = measure(kind, Path(work))
            ratios = {what: found[f"{what}, ours"] / found[f"{what}, plain"] for what in ("step", "batch")}
            rounded = {name: round(value, 3) for name, value in (found | ratios).items()}
            print(json.dumps({"shape": kind} | rounded), flush=True)


if __name__ == "__main__":
    main()
