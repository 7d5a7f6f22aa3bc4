"""An overfit of ours and the same step by transformers and Adam, in turn in one process, so that load falls on both.

Arguments: folder of safetensors, precision (fp32 or bf16), passage, tokens of the window, rounds.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from time import perf_counter


def main(folder: str, precision: str, passage: str, window: int, rounds: int) -> None:
    from verbosify.models.loading import load_model
    from verbosify.models.process import tune_process

    tune_process()
    import torch

    from benchmarks.plain import filled, plain_model, step_on_a_copy

    plain = plain_model(folder, precision)
    model = load_model(folder, precision=precision)
    ids = filled(torch.tensor([model.encode(passage)]), window)

    def theirs() -> None:
        step_on_a_copy(plain, ids)

    def ours() -> None:
        with model.overfit(passage):
            pass

    times: dict[str, list[float]] = {"transformers": [], "verbosify": []}
    for number in range(rounds + 1):
        for name, work in (("transformers", theirs), ("verbosify", ours)):
            started = perf_counter()
            work()
            if number:  # the first round warms up
                times[name].append(perf_counter() - started)
    print(json.dumps({name: median(seconds) for name, seconds in times.items()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
