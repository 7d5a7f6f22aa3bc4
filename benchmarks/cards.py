"""An overfit, and batches that continue it, beside plain transformers in the same precision, on a graphics card.

`python -m benchmarks.cards [DEVICE] [SIZE…]`: random weights of GPT-2's shapes; medians of runs in turn, in seconds.
"""

from __future__ import annotations

import copy
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.per_passage import PASSAGE
from benchmarks.weights import safetensors_folder
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings

WINDOW, LENGTH, BATCHES, REPEATS = 1024, 100, (10, 40), 5


def measure(folder: Path, device: str, precision: str) -> dict[str, float]:
    """Median seconds of an overfit and of each batch, for both, and how many times faster ours is."""
    from transformers import AutoModelForCausalLM

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    ours = load_model(folder, device=device, precision=precision)
    plain: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval().to(device)
    prompt = torch.tensor([ours.encode(PASSAGE)], device=device)
    window = prompt.repeat(1, -(-WINDOW // prompt.shape[1]))[:, :WINDOW]

    def plain_overfit() -> None:
        tuned = copy.deepcopy(plain)
        optimiser = torch.optim.Adam(tuned.parameters(), lr=1e-4)
        tuned(input_ids=window, labels=window).loss.backward()
        optimiser.step()

    def our_overfit() -> None:
        with ours.overfit(PASSAGE):
            pass

    def plain_batch(rows: int) -> None:
        # at least as many as at most: random weights may end a text at once, and ours are told not to
        plain.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            pad_token_id=0,
            do_sample=True,
            temperature=0.8,
            top_k=30,
            num_return_sequences=rows,
            min_new_tokens=LENGTH,
            max_new_tokens=LENGTH,
        )

    def our_batch(rows: int) -> None:
        said = ours.sample(PASSAGE, SamplingSettings(n=rows, length=LENGTH, least_length=LENGTH, seed=1))
        assert {len(each.token_ids) for each in said} == {LENGTH}

    runs: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {}
    if precision != "fp16":  # which is for sampling alone
        runs["overfit"] = our_overfit, plain_overfit
    for rows in BATCHES:
        runs[f"{rows} rows"] = partial(our_batch, rows), partial(plain_batch, rows)
    found: dict[str, float] = {}
    for name, pair in runs.items():
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(REPEATS + 1):
            for run, seconds in zip(pair, times, strict=True):
                taken = _seconds(run, device)
                if number:  # the first round warms up
                    seconds.append(taken)
        mine, theirs = map(statistics.median, times)
        found |= {f"{name}, verbosify": mine, f"{name}, transformers": theirs, f"{name}, ratio": theirs / mine}
    return found


def _seconds(run: Callable[[], None], device: str) -> float:
    """How long it takes until the card has done all of it."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    wait()
    started = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - started


def main(device: str = "cuda", *sizes: str) -> None:
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    with tempfile.TemporaryDirectory() as work:
        for size in sizes or ("124M", "355M"):
            folder = safetensors_folder(Path(work), size)
            for precision in ("bf16", "fp32", "fp16"):
                found = {each: round(value, 4) for each, value in measure(folder, device, precision).items()}
                print(json.dumps({"device": name, "size": size, "precision": precision} | found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
