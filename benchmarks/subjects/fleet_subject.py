"""Passages by a fleet. Arguments: `local` or `ray`, workers, model folder, passages, samples, tokens."""

from __future__ import annotations

import json
import sys
from functools import partial
from time import perf_counter

from benchmarks.per_passage import PASSAGE
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings


def one_passage(model: LanguageModel, task: tuple[int, int, int]) -> int:
    """Overfit and sample; returns the threads that did it."""
    samples, length, seed = task
    with model.overfit(PASSAGE):
        model.sample(PASSAGE, SamplingSettings(n=samples, length=length, seed=seed))
    return model.card.threads


def main(on: str, workers: int, folder: str, passages: int, samples: int, length: int) -> None:
    from verbosify.models.fleet import open_fleet
    from verbosify.models.loading import ModelSpec
    from verbosify.models.process import tune_process

    tune_process()
    many = None if on == "local" else workers
    with open_fleet(on, ModelSpec(name=folder), workers=many) as fleet:
        run = partial(fleet.map, one_passage)
        list(run([(samples, length, seed) for seed in range(2 * workers)]))  # the first of each worker warms it up
        started = perf_counter()
        threads = {threads for _, threads in run([(samples, length, seed) for seed in range(passages)])}
        seconds = perf_counter() - started
    print(json.dumps({"passage": seconds / passages, "threads": sum(threads) / len(threads)}), flush=True)


if __name__ == "__main__":
    workers, passages, samples, length = (int(sys.argv[place]) for place in (2, 4, 5, 6))
    main(sys.argv[1], workers, sys.argv[3], passages, samples, length)
