"""An overfit, and batches that continue it, beside plain transformers in the same precision, on a graphics card.

`python -m benchmarks.cards [DEVICE] [SIZE…]`: random weights of GPT-2's shapes; medians of runs in turn, in seconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks.per_passage import PASSAGE
from benchmarks.plain import LENGTH, continuations, filled, plain_model, step_on_a_copy
from benchmarks.weights import safetensors_folder
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings

WINDOW, BATCHES, REPEATS = 1024, (10, 40), 5


def measure(folder: Path, device: str, precision: str) -> dict[str, float]:
    """Median seconds of an overfit and of each batch, for both, and how many times faster ours is."""
    ours = load_model(folder, device=device, precision=precision)
    plain = plain_model(str(folder), precision).to(device)
    prompt = torch.tensor([ours.encode(PASSAGE)], device=device)
    window = filled(prompt, WINDOW)

    def our_overfit() -> None:
        with ours.overfit(PASSAGE):
            pass

    def our_batch(rows: int) -> None:
        said = ours.sample(PASSAGE, SamplingSettings(n=rows, length=LENGTH, least_length=LENGTH, seed=1))
        assert {len(each.token_ids) for each in said} == {LENGTH}

    runs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}
    if precision != "fp16":  # which is for sampling alone
        runs["overfit"] = our_overfit, partial(step_on_a_copy, plain, window)
    for rows in BATCHES:
        runs[f"{rows} rows"] = partial(our_batch, rows), partial(continuations, plain, prompt, rows)
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


def _seconds(run: Callable[[], object], device: str) -> float:
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
