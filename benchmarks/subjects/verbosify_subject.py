"""The same job with this package. Arguments: model folder, precision, recipe, passage, samples, tokens, passages."""

from __future__ import annotations

import json
import sys
from statistics import median
from time import perf_counter


def main(folder: str, precision: str, recipe: str, passage: str, samples: int, length: int, passages: int) -> None:
    started = perf_counter()
    from verbosify.models.loading import load_model
    from verbosify.models.process import tune_process
    from verbosify.models.settings import RECIPES, SamplingSettings

    stages = {"import": perf_counter() - started}
    tune_process()
    started = perf_counter()
    model = load_model(folder, precision=precision)
    stages["load"] = perf_counter() - started
    overfits, samplings, steps, wholes = [], [], [], []
    for number in range(passages + 1):
        started = perf_counter()
        with model.overfit(passage, RECIPES[recipe]):
            overfits.append(perf_counter() - started)
            begun = perf_counter()
            model.sample(passage, SamplingSettings(n=samples, length=length, seed=number))
            samplings.append(perf_counter() - begun)
            told = perf_counter() - started
            times = []
            for tokens in (1, length):  # the weights are packed by now, and the prompt is read both times
                begun = perf_counter()
                model.sample(passage, SamplingSettings(n=samples, length=tokens, seed=number))
                times.append(perf_counter() - begun)
            steps.append((times[1] - times[0]) / max(1, length - 1))
            begun = perf_counter()
        wholes.append(told + perf_counter() - begun)
    stages["overfit"] = median(overfits[1:])  # the first passage warms up
    stages["sample"] = median(samplings[1:])
    stages["step"] = median(steps[1:])
    stages["passage"] = median(wholes[1:])  # with the undoing
    print(json.dumps(stages), flush=True)


if __name__ == "__main__":
    samples, length, passages = (int(number) for number in sys.argv[5:8])
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], samples, length, passages)
